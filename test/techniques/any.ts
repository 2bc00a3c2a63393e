/** Any use of any technique, drawn from the specs: what is added to the registry is tested without a line here. */
import fc from 'fast-check';
import type { Plan, TechniqueSlot, Use, Value } from '../../src/plan/types';
import { conflictsOf, refusalsOf } from '../../src/techniques/compatibility';
import { specsOf } from '../../src/techniques/registry';
import type { ArgumentType } from '../../src/techniques/spec';
import { model, plan } from '../tape/plans';

/** Counts stay small, so that tapes may be written out. */
const MOST = 80;

function anyValue(type: ArgumentType): fc.Arbitrary<Value> {
  switch (type.kind) {
    case 'count':
      return fc.integer({ min: type.min ?? 1, max: Math.min(type.max ?? MOST, Math.max(MOST, type.min ?? 1)) });
    case 'number': {
      const [min, max] = [type.min ?? 0, type.max ?? 1];
      return fc.integer({ min: 0, max: type.exclusiveMax ? 9 : 10 }).map((tenth) => min + ((max - min) * tenth) / 10);
    }
    case 'boolean':
      return fc.boolean();
    case 'choice':
      return fc.constantFrom(...type.of);
    case 'string':
      return fc.constantFrom(...(type.examples ?? ['']));
    case 'list':
      return fc.subarray([...type.of], { minLength: 1 }).map((names): Value => names);
    case 'technique':
      return fc.constantFrom(...type.of).map((name): Value => ({ name, args: {} }));
  }
}

/** A technique of a slot, with some of its arguments stated. */
export function anyUse(slot: TechniqueSlot, names?: readonly string[]): fc.Arbitrary<Use> {
  const specs = specsOf(slot).filter(({ name }) => names?.includes(name) ?? true);
  return fc.oneof(
    ...specs.map((spec) =>
      fc
        .record(Object.fromEntries(spec.args.map(({ name, type }) => [name, anyValue(type)])), {
          requiredKeys: spec.args.filter((argument) => argument.default === undefined).map(({ name }) => name),
        })
        .map((args): Use => ({ name: spec.name, args: args as Use['args'] })),
    ),
  );
}

const SLOTS = [
  'precision',
  'weights',
  'train',
  'gradients',
  'optimizer',
  'backward',
  'activations',
  'attention',
  'loss',
] as const;
const FAMILIES = ['llama', 'qwen2', 'qwen3', 'gemma2', 'gpt2', 'gpt_neox', 'phi3', 'falcon', 'opt', 'bloom'] as const;

/** Plans over every technique of one card that may stand together, small enough to be written out. */
export const anyPlan: fc.Arbitrary<Plan> = fc
  .record({
    slots: fc.record(
      { ...Object.fromEntries(SLOTS.map((slot) => [slot, anyUse(slot)])), engine: anyUse('engine', ['pytorch']) },
      { requiredKeys: [] },
    ),
    layers: fc.integer({ min: 1, max: 5 }),
    batch: fc.integer({ min: 1, max: 3 }),
    sequence: fc.integer({ min: 2, max: 64 }),
    accumulate: fc.integer({ min: 1, max: 3 }),
    tiedEmbeddings: fc.boolean(),
    family: fc.constantFrom(...FAMILIES),
  })
  .map(({ slots, layers, batch, sequence, accumulate, tiedEmbeddings, family }) =>
    plan(slots as { [slot in TechniqueSlot]?: Use }, {
      batch,
      sequence,
      accumulate,
      model: model({
        family,
        layers,
        hidden: 64,
        heads: 4,
        kvHeads: family === 'llama' ? 2 : 4,
        headDim: 16,
        ffn: 160,
        vocab: 97,
        tiedEmbeddings,
      }),
    }),
  )
  .filter((one) => conflictsOf(one).length === 0 && refusalsOf(one).length === 0);
