/** Any use of any technique, drawn from the specs: what is added to the registry is tested without a line here. */
import fc from 'fast-check';
import { type Plan, TECHNIQUE_SLOTS, type TechniqueSlot, type Use, type Value } from '../../src/plan/types';
import { conflictsOf, refusalsOf } from '../../src/techniques/compatibility';
import { findSpec, specsOf } from '../../src/techniques/registry';
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

const SLOTS = TECHNIQUE_SLOTS.filter((slot) => slot !== 'allocator' && slot !== 'engine');
const SLOTS_AND_ENGINE: readonly TechniqueSlot[] = [...SLOTS, 'engine'];
const FAMILIES = [
  'llama',
  'qwen2',
  'qwen3',
  'gemma2',
  'gpt2',
  'gpt_neox',
  'phi3',
  'falcon',
  'opt',
  'bloom',
  'bert',
  'roberta',
  'vit',
  't5',
] as const;

const anySlots = fc
  .tuple(
    fc.constantFrom(...SLOTS).chain((slot) => anyUse(slot).map((use) => ({ slot, use }))),
    fc.record(
      { ...Object.fromEntries(SLOTS.map((slot) => [slot, anyUse(slot)])), engine: anyUse('engine', ['pytorch']) },
      { requiredKeys: [] },
    ),
  )
  .map(([first, others]) => ({ first, others: others as { [slot in TechniqueSlot]?: Use } }));

/** The first use with what it needs, and of the others, one after another, those that may stand beside what is there. */
export function compatible(
  given: Plan,
  first: { slot: TechniqueSlot; use: Use },
  others: { [slot in TechniqueSlot]?: Use },
): Plan {
  const stands = (one: Plan): boolean => conflictsOf(one).length === 0 && refusalsOf(one).length === 0;
  const state = (one: Plan, slot: TechniqueSlot, use: Use): Plan => ({
    ...one,
    slots: { ...one.slots, [slot]: use },
    order: [...one.order.filter((other) => other !== slot), slot],
  });
  const needed = (findSpec(first.slot, first.use.name)?.needs ?? []).reduce(
    (one, { slot, names: [name] }) => (name === undefined ? one : state(one, slot as TechniqueSlot, { name, args: {} })),
    state(given, first.slot, first.use),
  );
  return SLOTS_AND_ENGINE.reduce((one, slot) => {
    const use = others[slot];
    const more = use && !(slot in one.slots) ? state(one, slot, use) : one;
    return stands(more) ? more : one;
  }, needed);
}

/** Plans over every technique of one card that may stand together, small enough to be written out. */
export const anyPlan: fc.Arbitrary<Plan> = fc
  .record({
    slots: anySlots,
    layers: fc.integer({ min: 1, max: 5 }),
    batch: fc.integer({ min: 1, max: 3 }),
    sequence: fc.integer({ min: 2, max: 64 }),
    // Much is refused of more than one.
    accumulate: fc.constantFrom(1, 1, 1, 2, 3),
    tiedEmbeddings: fc.boolean(),
    family: fc.constantFrom(...FAMILIES),
  })
  .map(({ slots, layers, batch, sequence, accumulate, tiedEmbeddings, family }) =>
    compatible(
      plan(
        {},
        {
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
            encoderLayers: family === 't5' ? layers + 1 : 0,
          }),
        },
      ),
      slots.first,
      slots.others,
    ),
  )
  // What the first one needs may not go with the model.
  .filter((one) => conflictsOf(one).length === 0 && refusalsOf(one).length === 0);
