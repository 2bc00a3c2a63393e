/** A tape that takes another card's layers over is the tape that it would have written. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Plan } from '../../src/plan/types';
import { loadsOf } from '../../src/planner/time';
import { type Simulation, simulate } from '../../src/tape/simulate';
import type { Tape } from '../../src/tape/types';
import { unroll } from '../../src/tape/unroll';
import { conflictsOf, refusalsOf } from '../../src/techniques/compatibility';
import { recipeOnCard, writeRecipe } from '../../src/techniques/recipe-of';
import { spreadOf } from '../../src/techniques/spread';
import { anyPlan, anyUse } from '../techniques/any';
import { anySpread } from '../techniques/parallel/cards';
import { plan, use } from './plans';

/** Ops that are called after a tensor. */
const AFTER_TENSORS = ['release', 'quantize', 'dequantize', 'to_host', 'from_host'];

/** Every op as it runs, with what begins and ends with it. */
function written(tape: Tape): string[] {
  const ops: string[] = [];
  const first = new Map<number, number>();
  const named = (storage: number, id: number) => {
    if (!first.has(storage)) first.set(storage, first.size);
    const { name, bytes, category, stream, host } = tape.tensors[id] ?? {};
    return [first.get(storage), name, bytes, category, stream, host];
  };
  unroll(tape, ({ node, phase, layer, path, micro, storage }) => {
    const { op, flops, moved, traffic, seconds } = node;
    // These are called after the tensor, which another tape may have by another name.
    const label = AFTER_TENSORS.includes(op) ? '' : node.label;
    const allocs = node.allocs.map((id) => named(storage(id), id));
    const frees = node.frees.map((id) => named(storage(id), id));
    ops.push(JSON.stringify([op, label, phase, layer, path, micro, flops, moved, traffic, seconds, allocs, frees]));
  });
  return ops;
}

/** Losses that change nothing but the loss. */
const LOSSES = ['cross-entropy', 'chunked', 'cut-cross-entropy'];

const bytesOf = ({ peak, categories, persistent, instants }: Simulation) => ({
  ...{ peak, categories, persistent },
  instants: instants.map(({ phase, allocated, at }) => [phase, allocated, at.layer]),
});
const read = (of: Plan, tape: Tape) => ({ simulation: bytesOf(simulate(tape)), loads: loadsOf(tape, of), ops: written(tape) });

/** Any techniques on the cards of any spread. */
const anyTechniques: fc.Arbitrary<Plan> = fc
  .tuple(anyPlan, anySpread, fc.boolean())
  .map(([one, { model, lists, accumulate }, many]) => (many ? { ...one, model, lists, accumulate } : one))
  .filter((candidate) => conflictsOf(candidate).length + refusalsOf(candidate).length === 0);

describe('layers that another tape has written', () => {
  const onStage = (of: Plan, stage: number) => recipeOnCard(of, stage);

  it.each([
    ['any spread', anySpread],
    ['any techniques', anyTechniques],
  ])(
    'are those of every other stage of a pipeline: %s',
    (_, plans) => {
      fc.assert(
        fc.property(plans, fc.nat(3), fc.nat(3), (of, a, b) => {
          const { pipeline } = spreadOf(of);
          const one = writeRecipe(of, onStage(of, a % pipeline));
          const before = read(of, one.tape);
          const other = writeRecipe(of, onStage(of, b % pipeline), one.layers);
          expect(read(of, other.tape)).toEqual(read(of, writeRecipe(of, onStage(of, b % pipeline)).tape));
          expect(read(of, one.tape)).toEqual(before);
        }),
        { numRuns: 30 },
      );
    },
    120_000,
  );

  it('are those of a plan with another loss', () => {
    fc.assert(
      fc.property(fc.oneof(anyTechniques, anySpread), anyUse('loss', LOSSES), anyUse('loss', LOSSES), (of, a, b) => {
        const [one, other] = [a, b].map((loss) => ({ ...of, slots: { ...of.slots, loss } })) as [Plan, Plan];
        fc.pre([one, other].every((each) => conflictsOf(each).length + refusalsOf(each).length === 0));
        const last = spreadOf(of).pipeline - 1;
        const { layers } = writeRecipe(one, onStage(one, last));
        const taken = writeRecipe(other, onStage(other, last), layers).tape;
        expect(read(other, taken)).toEqual(read(other, writeRecipe(other, onStage(other, last)).tape));
      }),
      { numRuns: 30 },
    );
  }, 120_000);

  it('are taken over: the tapes share their nodes', () => {
    const piped = { ...plan({ backward: 'checkpoint' }), lists: { parallel: [use('pipeline', { n: 2 })] }, accumulate: 2 };
    const one = writeRecipe(piped, recipeOnCard(piped, 0));
    const other = writeRecipe(piped, recipeOnCard(piped, 1), one.layers);
    const bodies = ({ body }: Tape) =>
      body.flatMap((node) => (node.kind === 'repeat' && node.axis === 'layer' ? [node.body] : []));
    expect(bodies(one.tape).length).toBeGreaterThan(2);
    expect(bodies(other.tape)).toHaveLength(bodies(one.tape).length);
    for (const [index, body] of bodies(other.tape).entries()) expect(body).toBe(bodies(one.tape)[index]);
  });

  it('are written anew where a stage has more of them, or where the first stage learns nothing before them', () => {
    const lists = { parallel: [use('pipeline', { n: 3 })] };
    const uneven = { ...plan({}), lists };
    const frozen = { ...plan({ train: 'lora' }, { model: { ...plan().model, layers: 6 } }), lists };
    for (const of of [uneven, frozen]) {
      const one = writeRecipe(of, recipeOnCard(of, 0));
      const other = writeRecipe(of, recipeOnCard(of, 1), one.layers);
      expect(other.layers?.spans).not.toBe(one.layers?.spans);
      expect(read(of, other.tape)).toEqual(read(of, writeRecipe(of, recipeOnCard(of, 1)).tape));
    }
  });
});
