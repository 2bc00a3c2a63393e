/** Plans to ask questions of, and every answer to them found by trying all. */
import fc from 'fast-check';
import { analyze } from '../../language/server/analyze';
import { useText } from '../../language/server/rewrite';
import { type Device, LIST_SLOTS, type ListSlot, type Plan, type Slot, type TechniqueSlot, type Use } from '../../src/plan/types';
import { estimate } from '../../src/planner/estimate';
import { conflictsOf, refusalsOf } from '../../src/techniques/compatibility';
import { DEFAULT_USE, findSpec, specsOf } from '../../src/techniques/registry';
import { card, model, plan, use } from '../tape/plans';

const MiB = 2 ** 20;
/** 200 plans, or as many times more as `MEMPLAN_MORE` says. */
export const RUNS = 200 * Number(process.env.MEMPLAN_MORE ?? 1);
export const SEED = 20_260_101;

const one = (...uses: (string | Use)[]): fc.Arbitrary<Use> =>
  fc.constantFrom(...uses.map((u) => (typeof u === 'string' ? use(u, {}) : u)));

/** Small plans on cards that hold some of what could be made of them. */
export const anyPlan: fc.Arbitrary<Plan> = fc
  .record({
    slots: fc.record(
      {
        precision: one('bf16', 'amp-bf16', 'fp32'),
        train: one('full', 'lora', use('lisa', { layers: 1 })),
        gradients: one('fp32', 'bf16'),
        optimizer: one(
          'adamw',
          'adamw8bit',
          'sgd',
          'lomo',
          'q-galore',
          use('adamw', { 'in-backward': true }),
          use('galore', { rank: 8, layerwise: true }),
          use('galore', { rank: 64 }),
        ),
        backward: one('standard', 'checkpoint', use('checkpoint', { every: 3 }), use('streambp', { chunk: 32, logits: 32 })),
        activations: one('exact', 'int8', 'offload'),
        loss: one('cross-entropy', 'cut-cross-entropy', use('chunked', { chunk: 40 })),
      },
      { requiredKeys: [] },
    ),
    memory: fc.integer({ min: 20, max: 300 }),
    layers: fc.integer({ min: 1, max: 4 }),
    sequence: fc.constantFrom(64, 128),
    accumulate: fc.integer({ min: 1, max: 2 }),
    tiedEmbeddings: fc.boolean(),
  })
  .map(({ slots, memory, layers, sequence, accumulate, tiedEmbeddings }) => {
    const device: Device = { ...card, memory: (480 + memory) * MiB, reserve: 0 };
    return plan(slots as { [slot in TechniqueSlot]?: Use }, {
      device,
      accumulate,
      batch: 1,
      sequence,
      model: model({ layers, hidden: 256, heads: 4, kvHeads: 2, headDim: 64, ffn: 700, vocab: 2000, tiedEmbeddings }),
    });
  })
  .filter((candidate) => conflictsOf(candidate).length + refusalsOf(candidate).length === 0);

/** Ways to spread a plan over cards and to keep parts of it outside of them. */
const anyLists: fc.Arbitrary<Plan['lists']> = fc.record({
  parallel: fc.constantFrom(
    [],
    [use('data', { n: 4 })],
    [use('zero', { stage: 1, n: 4 })],
    [use('zero', { stage: 2, n: 2, 'overlap-comm': true })],
    [use('zero', { stage: 3, n: 8 })],
    [use('fsdp', { n: 4 })],
    [use('fsdp', { n: 2, reshard: false }), use('tensor', { n: 2, sequence: true })],
    [use('zero', { stage: 1, n: 2 }), use('pipeline', { n: 2 })],
    [use('tensor', { n: 2 }), use('pipeline', { n: 2 }), use('fsdp', { n: 2 })],
    [use('context', { n: 2 }), use('fsdp', { n: 2 })],
  ),
  offload: fc.constantFrom(
    [],
    [use('optimizer', {})],
    [use('optimizer', { to: 'nvme' }), use('gradients', {})],
    [use('optimizer', {}), use('gradients', {}), use('weights', {})],
  ),
});

/** Such plans over one card or several. */
export const anySpread: fc.Arbitrary<Plan> = fc
  .tuple(anyPlan, anyLists)
  .map(([plan, lists]) => ({ ...plan, lists }))
  .filter((candidate) => conflictsOf(candidate).length + refusalsOf(candidate).length === 0);

/** Slots of one or two kinds whose switches are at most twelve together. */
export const anySlots = fc.constantFrom<Slot[]>(
  ['optimizer'],
  ['backward'],
  ['loss', 'activations'],
  ['backward', 'loss'],
  ['backward', 'activations'],
  ['offload'],
  ['loss', 'offload'],
  ['parallel'],
);

/** What a slot could hold beside what it holds: each as the statements to make. */
export function switchesOf(given: Plan, slot: Slot): Statement[][] {
  if (slot === 'offload')
    return otherOffloads(given).map((uses) => [{ key: slot, text: listText(slot, uses), put: withList(slot, uses) }]);
  if (slot === 'parallel') return otherSpreads(given);
  return usesOf(given, slot).map((to) => [
    { key: slot, text: useText(slot, to), put: (plan) => ({ ...plan, slots: { ...plan.slots, [slot]: to } }), use: to },
  ]);
}

/** A statement that is set, as text and in a plan. */
export interface Statement {
  key: string;
  text: string;
  put(plan: Plan): Plan;
  use?: Use;
}

const withList =
  (slot: ListSlot, uses: Use[]) =>
  (plan: Plan): Plan => ({ ...plan, lists: { ...plan.lists, [slot]: uses } });
const listText = (slot: ListSlot, uses: readonly Use[]): string => `[${uses.map((one) => useText(slot, one)).join(', ')}]`;
const texts = (slot: ListSlot, plan: Plan): string => listText(slot, plan.lists[slot] ?? []);

/** Nothing, what DeepSpeed's two settings mean, each with the places that are stated. */
function otherOffloads(given: Plan): Use[][] {
  const of = (...names: string[]) => names.map((name) => given.lists.offload?.find((one) => one.name === name) ?? use(name, {}));
  return [of(), of('optimizer', 'gradients'), of('optimizer', 'gradients', 'weights')].filter(
    (uses) => listText('offload', uses) !== texts('offload', given),
  );
}

/** Other ways to copy or to shard a model; and twice or half as many cards to a copy, with as many tokens in a step. */
function otherSpreads(given: Plan): Statement[][] {
  const list = given.lists.parallel ?? [];
  const copies = list.find(({ name }) => ['data', 'zero', 'fsdp'].includes(name));
  if (!copies) return [];
  const n = copies.args.n as number;
  const put = (uses: Use[]): Statement => ({
    key: 'parallel',
    text: listText('parallel', uses),
    put: withList('parallel', uses),
  });
  const swapped = (other: Use): Use[] => list.map((one) => (one === copies ? other : one));
  const kinds = [
    use('data', { n }),
    ...[1, 2, 3].map((stage) => use('zero', { ...(copies.name === 'zero' ? copies.args : {}), stage, n })),
    copies.name === 'fsdp' ? copies : use('fsdp', { n }),
  ].map(swapped);
  const ways =
    n > 1 ? kinds.filter((uses) => listText('parallel', uses) !== texts('parallel', given)).map((uses) => [put(uses)]) : [];
  for (const axis of ['tensor', 'pipeline']) {
    const own = list.find(({ name }) => name === axis);
    const degree = (own?.args.n as number | undefined) ?? 1;
    for (const [cards, fewer] of [
      [2 * degree, n / 2],
      [degree / 2, 2 * n],
    ] as [number, number][]) {
      const accumulate = (given.accumulate * n) / fewer;
      if (![cards, fewer, accumulate].every((count) => Number.isInteger(count) && count > 0)) continue;
      if (axis === 'tensor' && cards > degree && cards > 8) continue;
      const other = use(axis, { ...(own?.args ?? (axis === 'tensor' ? { n: 1, sequence: true } : {})), n: cards });
      const uses = swapped({ ...copies, args: { ...copies.args, n: fewer } });
      ways.push([
        put(own ? uses.map((one) => (one === own ? other : one)) : [...uses, other]),
        { key: 'accumulate', text: String(accumulate), put: (plan) => ({ ...plan, accumulate }) },
      ]);
    }
  }
  return ways;
}

/** The techniques that a slot could hold beside the one that it holds. */
function usesOf(given: Plan, slot: TechniqueSlot): Use[] {
  const now = given.slots[slot] ?? DEFAULT_USE[slot];
  const uses = specsOf(slot)
    .filter(({ name }) => name !== 'none')
    .flatMap((spec) => {
      const settings = spec.usual ?? (spec.args.every((argument) => argument.default !== undefined) ? [{}] : []);
      return settings.map((args): Use => ({ name: spec.name, args: { ...(spec.name === now?.name ? now.args : {}), ...args } }));
    });
  return uses.filter((other) => JSON.stringify(other) !== JSON.stringify(now));
}

export interface Tried {
  plan: Plan;
  peak: number;
  time: number;
  fits: boolean;
  /** The host holds what it offloads. */
  onHost: boolean;
  /** Changes, and those of them that change what is computed. */
  changed: number;
  approximate: number;
}

/** Arguments that say how an optimizer's step is run, not what it computes. */
const HOW = ['foreach', 'fused', 'paged', 'layerwise', 'in-backward'];
const computed = (of: Use): string => JSON.stringify([of.name, Object.entries(of.args).filter(([name]) => !HOW.includes(name))]);

function approximates(given: Plan, slot: TechniqueSlot, to: Use): boolean {
  if (slot === 'optimizer') return computed(to) !== computed(given.slots[slot] ?? (DEFAULT_USE[slot] as Use));
  return !findSpec(slot, to.name)?.exact;
}

/** Every compatible plan with none, one or more of the switches, estimated afresh. */
export function everyWay(given: Plan, slots: readonly Slot[]): Tried[] {
  let ways: { plan: Plan; changed: number; approximate: number }[] = [{ plan: given, changed: 0, approximate: 0 }];
  for (const slot of slots)
    ways = ways.flatMap((way) => [
      way,
      ...switchesOf(given, slot).map((statements) => ({
        plan: statements.reduce((plan, { put }) => put(plan), way.plan),
        changed: way.changed + statements.length,
        approximate:
          way.approximate + statements.filter(({ key, use: to }) => to && approximates(given, key as TechniqueSlot, to)).length,
      })),
    ]);
  return ways
    .filter((way) => conflictsOf(way.plan).length + refusalsOf(way.plan).length === 0)
    .map((way) => {
      const { peak, time, fits, host } = estimate({ ...way.plan, order: [] });
      const onHost = (host?.cpu ?? 0) <= way.plan.device.hostMemory;
      return { ...way, peak: peak.allocated, time: time.step, fits: fits && onHost, onHost };
    });
}

/** Seconds differ by the order in which they were added up. */
export const ROUNDING = 1e-9;

/** Those that none of them beats, by the definition: no other is smaller and as fast, or faster and as small. */
export const undominated = (ways: readonly Tried[]): Tried[] =>
  ways.filter(
    (way) =>
      !ways.some(
        (other) =>
          (other.peak < way.peak && other.time <= way.time * (1 + ROUNDING)) ||
          (other.peak <= way.peak && other.time < way.time * (1 - ROUNDING)),
      ),
  );

/** The plan as a file: a statement a line. */
export function textOf({ model: of, device, batch, sequence, accumulate, slots, lists }: Plan): string {
  const { layers, hidden, heads, kvHeads, headDim, ffn, vocab, tiedEmbeddings } = of;
  return [
    'model m {',
    `  family ${of.family} layers ${layers} hidden ${hidden} heads ${heads} kv-heads ${kvHeads} head-dim ${headDim} ffn ${ffn} vocab ${vocab}`,
    `  tied-embeddings ${tiedEmbeddings}`,
    '}',
    `device d from "${device.name}" { memory ${device.memory / MiB} MiB reserve ${device.reserve / MiB} MiB host-memory ${device.hostMemory / MiB} MiB }`,
    'plan p {',
    '  model m',
    '  device d',
    `  batch ${batch}`,
    `  sequence ${sequence}`,
    `  accumulate ${accumulate}`,
    ...Object.entries(slots).map(([slot, use]) => `  ${slot} ${useText(slot as TechniqueSlot, use)}`),
    ...LIST_SLOTS.flatMap((slot) => (lists[slot]?.length ? [`  ${slot} ${listText(slot, lists[slot])}`] : [])),
    '}',
    '',
  ].join('\n');
}

/** The file with the statement of a slot as it is told to be: in place of the old one, or before the closing brace. */
export function edited(text: string, slot: string, to: string): string {
  const stated = new RegExp(`^  ${slot} .*$`, 'm');
  return stated.test(text) ? text.replace(stated, `  ${slot} ${to}`) : text.replace(/\}\n$/, `  ${slot} ${to}\n}\n`);
}

/** The plan that a file says. Throws where it has errors. */
export function planIn(text: string): Plan {
  const analysis = analyze(text, {
    uri: 'file:///p.memplan',
    reader: { read: () => ({ failure: 'there are no other files' }) } as never,
  });
  const errors = analysis.problems.filter(({ severity }) => severity === 'error');
  const [found] = analysis.plans;
  if (errors.length > 0 || !found?.plan) throw new Error(`${errors.map(({ message }) => message).join('; ')}\n${text}`);
  return found.plan;
}
