import { type CheckContext, type TechniqueCheck, within } from '../../runner/checks/context';
import {
  EXACT,
  equalsReference,
  gradientsOfRecipe,
  STANDARD,
  smallCase,
  withAdapters,
  worst,
} from '../../runner/checks/gradients';
import { withSlots } from '../../runner/proxy';
import { createTrainer } from '../../runner/trainer';
import type { Recipe } from '../../tape/recipe';
import { recipeOf } from '../recipe-of';

/** Roundings of float32 that a branch and a sum put into a stream, at most, in its largest values. */
const ROUNDINGS = 8 * 2 ** -24;

/** What undoing every layer loses, and what it may lose. */
interface Lost {
  /** Largest difference of a stream to the embeddings that it began with. */
  apart: number;
  /** The same, from the roundings of every undoing and what they have grown to. */
  allowed: number;
  /** The difference relative to the embeddings: by so much may gradients be off. */
  relative: number;
}

/** The same network with its inputs kept, what computing them loses, double precision, finite differences. */
export const check: TechniqueCheck = async (context) => {
  const { plan, use, batch, seed } = context;
  const factor = Number(use.args.factor);
  const recipe = recipeOf(withSlots(plan, { ...STANDARD, backward: use }));
  const weights = withAdapters(context.weights, seed);
  const lost = await lostByUndoing({ ...context, weights }, recipe, factor);
  const why = `undoing a layer divides by ${factor} what is off, a branch adds what it makes of it, in proportion to its stream, and each puts in 8 roundings of 6e-8`;
  context.report(
    within('largest difference of the embeddings to what undoing every layer gives back', lost.apart, lost.allowed, why),
  );
  const keeping: Recipe = { ...recipe, webgpu: { ...recipe.webgpu, reversible: { factor, keep: true } } };
  const kept = await gradientsOfRecipe(context, keeping, batch, weights);
  const computed = await gradientsOfRecipe(context, recipe, batch, weights);
  const { error, where, parameters } = worst(kept.values, computed.values);
  context.report(
    within(
      `gradients of ${parameters} parameters against the same network with every layer's input kept`,
      error,
      Math.max(EXACT, lost.relative),
      `what undoing lost, relative to the embeddings, and no more (largest in ${where || 'none'})`,
    ),
  );
  const small = smallCase(context, { backward: use });
  const there = await lostByUndoing({ ...context, batch: small.batch, weights: small.source }, recipeOf(small.plan), factor);
  await equalsReference(context, { backward: use }, Math.max(EXACT, there.relative));
};

const largestOf = (values: Float32Array): number => values.reduce((high, value) => Math.max(high, Math.abs(value)), 0);

const rootMeanSquare = (values: Float32Array): number =>
  Math.sqrt(values.reduce((sum, value) => sum + value * value, 0) / values.length);

/** How far both streams are from the embeddings that they began with, once every layer is undone. */
async function lostByUndoing(context: CheckContext, recipe: Recipe, factor: number): Promise<Lost> {
  const { opened, batch, seed } = context;
  const { hidden } = recipe.model;
  const trainer = await createTrainer(opened, recipe, context.weights, seed);
  const { program } = trainer;
  let embeddings = new Float32Array();
  let [apart, allowed, read] = [0, 0, 1];
  const count = batch.tokens.length * hidden;
  const values = async (storage: number | undefined) =>
    new Float32Array(await program.read(storage as number)).subarray(0, count);
  try {
    await trainer.watch(0, batch, 0, async ({ node, layer, phase, reads, writes }) => {
      if (node.op === 'embed') embeddings = await values(writes[0]);
      if (node.op === 'rmsnorm' && phase === 'backward') read = rootMeanSquare(await values(reads[0]));
      if (node.op !== 'uncouple') return;
      const [stream, branch] = [await values(writes[0]), await values(reads[1])];
      const size = Math.max(factor * largestOf(stream), largestOf(branch));
      // A branch reads its stream normed: what is off by a part of the stream makes the branch off by that part.
      allowed = (allowed * (1 + rootMeanSquare(branch) / read) + ROUNDINGS * size) / factor;
      // The first layer is undone last.
      if (layer !== 0) return;
      stream.forEach((value, i) => {
        const off = Math.abs(value - (embeddings[i] as number));
        apart = off <= apart ? apart : Number.isFinite(off) ? off : Number.MAX_VALUE;
      });
    });
    return { apart, allowed, relative: apart / rootMeanSquare(embeddings) };
  } finally {
    trainer.destroy();
  }
}
