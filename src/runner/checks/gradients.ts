/** Gradients of every parameter, compared: with the standard backward's, and with the double-precision reference. */
import type { Plan, Use } from '../../plan/types';
import { elements, type Weight } from '../../plan/weights';
import { keyOf } from '../../tape/linear';
import type { Recipe } from '../../tape/recipe';
import { runnerWeights } from '../../tape/webgpu/step';
import { recipeOf } from '../../techniques/recipe-of';
import { type Batch, sorted } from '../data';
import { NORM_EPSILON } from '../ops/model';
import { withSlots } from '../proxy';
import { uniforms } from '../random';
import { lossOf, type Weights64 } from '../reference/model';
import { directPreference, groupRelative, type Objective } from '../reference/objectives';
import { createTrainer, IGNORED } from '../trainer';
import { initialWeights, type WeightSource } from '../weights';
import { type CheckContext, type Gradients, within } from './context';
import { againstDifferences } from './differences';

export const NONE: Use = { name: 'none', args: {} };
export const STANDARD = { precision: null, backward: null, loss: null, activations: null, optimizer: NONE } as const;

/** Adapters start at zero, where half of their gradients vanish: checks give them values. */
export const withAdapters =
  (source: WeightSource, seed: number): WeightSource =>
  (weight, layer) => {
    if (!weight.name.endsWith('.lora_b')) return source(weight, layer);
    const next = uniforms(seed + elements(weight) + (layer ?? 0));
    return Float32Array.from({ length: elements(weight) }, () => (next() - 0.5) * 0.1);
  };

/** One forward and backward of a plan whose optimizer is none. */
export const gradientsOf = (context: CheckContext, plan: Plan, batch: Batch, weights: WeightSource): Promise<Gradients> =>
  gradientsOfRecipe(context, recipeOf(plan), batch, weights);

/** The same of a recipe. */
export async function gradientsOfRecipe(
  context: CheckContext,
  recipe: Recipe,
  batch: Batch,
  weights: WeightSource,
): Promise<Gradients> {
  const trainer = await createTrainer(context.opened, recipe, weights, context.seed, {
    ...(context.reference ? { reference: context.reference } : {}),
  });
  try {
    const loss = await trainer.step(0, batch, 0);
    const values = new Map<string, Float32Array>();
    for (const { weight, layer } of trainer.trained)
      values.set(keyOf(weight.name, layer), await trainer.gradient(weight.name, layer));
    return { loss, values };
  } finally {
    trainer.destroy();
  }
}

export interface Difference {
  error: number;
  /** Parameter that it was found in. */
  where: string;
  parameters: number;
}

/** A gradient that vanishes by mathematics is rounding noise of the others: this part of the largest of all is the least measure. */
const NOISE = 1e-5;

/** Largest |a − b| of a parameter over its largest |a|, for the worst parameter. What is no number counts as the largest error. */
export function worst(expected: Map<string, ArrayLike<number>>, got: Map<string, ArrayLike<number>>): Difference {
  let result: Difference = { error: 0, where: '', parameters: 0 };
  let floor = 0;
  for (const name of got.keys())
    for (const value of Array.from(expected.get(name) ?? [])) floor = Math.max(floor, NOISE * Math.abs(value));
  for (const [name, values] of got) {
    const reference = expected.get(name);
    let [high, difference] = [floor, 0];
    for (let i = 0; i < values.length; i++) {
      const right = reference?.[i] ?? Number.NaN;
      const apart = Math.abs(right - (values[i] as number));
      high = Math.max(high, Math.abs(right));
      difference = Number.isFinite(apart) ? Math.max(difference, apart) : Number.MAX_VALUE;
      if (difference === Number.MAX_VALUE) break;
    }
    const relative = difference === 0 ? 0 : difference === Number.MAX_VALUE ? difference : difference / high;
    const error = Number.isFinite(relative) ? relative : Number.MAX_VALUE;
    result = { ...(error >= result.error ? { error, where: name } : result), parameters: result.parameters + 1 };
  }
  return result;
}

/** The gradients of an exact technique equal the standard backward's on the same weights and batch. */
export async function equalsStandard(context: CheckContext): Promise<void> {
  const { plan, slot, use, batch } = context;
  const weights = withAdapters(context.weights, context.seed);
  const made = context.shared.get('standard') ?? gradientsOf(context, withSlots(plan, STANDARD), batch, weights);
  context.shared.set('standard', made);
  const standard = await made;
  const tested = await gradientsOf(context, withSlots(plan, { ...STANDARD, [slot]: use }), batch, weights);
  const { error, where, parameters } = worst(standard.values, tested.values);
  context.report(
    within(
      `gradients of ${parameters} parameters against the standard backward`,
      error,
      EXACT,
      `same weights, same batch: only the order of float32 sums differs (largest in ${where || 'none'}), relative to each parameter's largest gradient`,
    ),
  );
  await equalsReference(context, { [slot]: use });
}

/** Gradients that differ by rounding alone, in float32 and of sums in another order, stay within this. */
export const EXACT = 1e-5;

/** Sizes of the model that the double-precision reference can afford, with a last stretch that is shorter than the others. */
const SMALL = { layers: 2, hidden: 32, heads: 4, kvHeads: 2, headDim: 8, ffn: 48, vocab: 80 };
const SMALL_BATCH = 2;
const SMALL_SEQUENCE = 23;

/** A plan small enough for the double-precision reference, with a batch, weights and what the reference makes of them. */
export interface SmallCase {
  plan: Plan;
  batch: Batch;
  source: WeightSource;
  /** The values that the device computes with, by name and layer. */
  stored: Weights64;
  reference(weights: Weights64): ReturnType<typeof lossOf>;
}

export function smallCase(context: CheckContext, slots: Plan['slots']): SmallCase {
  const { train, weights: storage } = context.plan.slots;
  const trainSmall: Use | undefined = train && {
    name: train.name,
    args: { ...train.args, rank: Math.min(4, Number(train.args.rank ?? 4)), dropout: 0 },
  };
  const plan: Plan = {
    ...context.plan,
    model: { ...context.plan.model, ...SMALL },
    batch: SMALL_BATCH,
    sequence: SMALL_SEQUENCE,
    accumulate: 1,
    slots: {
      engine: { name: 'webgpu', args: {} },
      optimizer: NONE,
      ...(trainSmall ? { train: trainSmall } : {}),
      ...(storage ? { weights: storage } : {}),
      ...shrunk(slots),
    },
  };
  const recipe = recipeOf(plan);
  const next = uniforms(context.seed);
  const rows = recipe.batch * SMALL_SEQUENCE;
  const token = () => Math.floor(next() * SMALL.vocab);
  const tokens = Uint32Array.from({ length: rows }, token);
  // Some rows have no target, as padded or masked ones have none.
  const targets = Uint32Array.from({ length: rows }, (_, row) => (row % 11 === 5 ? IGNORED : token()));
  // What a reference and a reward might say: the ratios of probabilities lie on both sides of where they are clipped.
  const reference = Float32Array.from({ length: rows }, () => -Math.log(SMALL.vocab) + next() - 0.5);
  const advantages = Float32Array.from({ length: rows }, () => 2 * next() - 1);
  const batch: Batch = { tokens, targets, ...sorted(tokens, SMALL.vocab), reference, advantages };
  const source = withAdapters(initialWeights(plan.model, context.seed), context.seed);

  const stored: Weights64 = new Map();
  const keep = (weight: Weight, layer?: number) => {
    const values = source(weight, layer);
    const storage = recipe.webgpu.unpack;
    stored.set(
      keyOf(weight.name, layer),
      storage?.applies(weight) ? storage.decode(storage.encode(values), values.length) : Float64Array.from(values),
    );
  };
  const { layer, outside } = runnerWeights(recipe);
  outside.forEach((weight) => {
    keep(weight);
  });
  for (let index = 0; index < SMALL.layers; index++) for (const weight of layer) keep(weight, index);
  const objective = objectiveOf(recipe, batch);
  const compute = (weights: Weights64) =>
    lossOf(
      {
        ...SMALL,
        tied: plan.model.tiedEmbeddings,
        batch: recipe.batch,
        sequence: SMALL_SEQUENCE,
        ...(objective ? { objective } : {}),
        normEpsilon: NORM_EPSILON,
        ...(recipe.webgpu.reversible ? { coupling: recipe.webgpu.reversible.factor } : {}),
        adapterRank: recipe.adapters?.rank ?? 0,
        adapterScale: recipe.adapters ? recipe.adapters.alpha / recipe.adapters.rank : 0,
      },
      weights,
      [...tokens],
      [...targets].map((target) => (target === IGNORED ? -1 : target)),
    );
  return { plan, batch, source, stored, reference: compute };
}

/** The plan's objective in double precision; undefined for cross-entropy. */
function objectiveOf({ webgpu: { objective }, batch: size }: Recipe, batch: Batch): Objective | undefined {
  const [reference, advantages] = [batch.reference ?? [], batch.advantages ?? []];
  if (objective?.kind === 'dpo') return directPreference(objective.beta, reference, size);
  return objective?.kind === 'grpo' ? groupRelative(objective, reference, advantages) : undefined;
}

/** Gradients at small size against plain loops in double precision. */
export async function equalsReference(context: CheckContext, slots: Plan['slots'], limit = EXACT): Promise<void> {
  const { plan, batch, source, stored, reference: compute } = smallCase(context, slots);
  const tested = await gradientsOf(context, plan, batch, source);
  const reference = compute(stored);
  const rows = SMALL_BATCH * SMALL_SEQUENCE;
  const { error, where, parameters } = worst(reference.gradients(), tested.values);
  // A loss may come near zero where its terms do not.
  const apart = Math.abs(tested.loss - reference.loss) / Math.max(1e-2, Math.abs(reference.loss));
  context.report(
    within(
      `loss and gradients of ${parameters} parameters against a float64 reference at small size`,
      Math.max(error, apart),
      limit,
      `plain loops in double precision, ${SMALL_SEQUENCE} positions × ${SMALL_BATCH}; float32 keeps 6e-8 and sums over ${rows} rows (largest in ${where || 'none'})`,
    ),
  );
  const differences = againstDifferences((weights) => compute(weights).loss, stored, tested.values, context.seed);
  context.report(
    within(
      `gradients of ${parameters} parameters against finite differences at small size`,
      differences.error,
      limit,
      `each moved along a direction of its own, the loss in double precision; relative to the gradient's length (largest in ${differences.where || 'none'})`,
    ),
  );
}

/** Stretches that do not divide the small sequence. */
function shrunk(slots: Plan['slots']): Plan['slots'] {
  return Object.fromEntries(
    Object.entries(slots).map(([slot, use]) => {
      const args = { ...use.args };
      if ('chunk' in args) args.chunk = Math.min(Number(args.chunk), 7);
      if ('logits' in args) args.logits = Math.min(Number(args.logits), 10);
      return [slot, { name: use.name, args }];
    }),
  );
}
