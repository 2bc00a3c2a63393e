/** Plans on several cards for tests, and readings of them. */
import fc from 'fast-check';
import type { Plan, Use } from '../../../src/plan/types';
import { estimate } from '../../../src/planner/estimate';
import { trafficOf } from '../../../src/planner/host';
import { type Bytes, CATEGORIES, type Estimate } from '../../../src/planner/types';
import type { TensorDecl } from '../../../src/tape/types';
import { unroll } from '../../../src/tape/unroll';
import { conflictsOf, refusalsOf } from '../../../src/techniques/compatibility';
import { tapeOf } from '../../../src/techniques/recipe-of';
import { model, plan, use } from '../../tape/plans';

export { model, plan, use } from '../../tape/plans';

/** A plan with lists; a name stands for a use without arguments. */
export function spread(of: Plan, parallel: readonly (Use | string)[], offload: readonly (Use | string)[] = []): Plan {
  const uses = (list: readonly (Use | string)[]): Use[] => list.map((one) => (typeof one === 'string' ? use(one, {}) : one));
  const lists = {
    ...(parallel.length ? { parallel: uses(parallel) } : {}),
    ...(offload.length ? { offload: uses(offload) } : {}),
  };
  return { ...of, lists };
}

export const peakOf = (of: Plan): number => estimate(of).peak.allocated;

/** Everything that an estimate says of bytes and time. */
export const figures = ({ peak, peakAt, categories, instants, time }: Estimate): unknown => ({
  allocated: peak.allocated,
  peakAt,
  categories,
  instants,
  time,
});

/** One that divides by two and by four along every axis. */
export const even = model({ layers: 8, hidden: 256, heads: 8, kvHeads: 4, headDim: 32, ffn: 768, vocab: 2000 });
export const experts = { ...even, family: 'mixtral' as const, experts: 8, activeExperts: 2 };

const n = fc.constantFrom(1, 2, 4);
const maybe = <T>(of: fc.Arbitrary<T>): fc.Arbitrary<T[]> =>
  fc.option(
    of.map((one) => [one]),
    { nil: [] as T[] },
  );

/** Plans over every axis, as far as they go together. */
export const anySpread: fc.Arbitrary<Plan> = fc
  .record({
    tensor: maybe(
      fc
        .record({ n, sequence: fc.boolean(), 'keep-gathered': fc.boolean(), 'fused-loss': fc.boolean() })
        .map((args) => use('tensor', args)),
    ),
    context: maybe(n.map((args) => use('context', { n: args }))),
    pipeline: maybe(
      fc.record({ n, schedule: fc.constantFrom('1f1b', 'interleaved', 'gpipe') }).map((args) => use('pipeline', args)),
    ),
    shards: maybe(
      fc.oneof(
        fc.record({ n, 'bucket-view': fc.boolean() }).map((args) => use('data', args)),
        fc
          .record({
            n,
            stage: fc.constantFrom(1, 2, 3),
            'reduce-bucket': fc.constantFrom(1, 5000),
            'live-parameters': fc.constantFrom(1, 1e9),
          })
          .map((args) => use('zero', args)),
        fc
          .record({
            n,
            version: fc.constantFrom(1, 2),
            reshard: fc.boolean(),
            sync: fc.boolean(),
            root: fc.boolean(),
            prefetch: fc.constantFrom(0, 1, 2),
          })
          .map((args) => use('fsdp', args)),
      ),
    ),
    expert: maybe(n.map((args) => use('expert', { n: args }))),
    offload: fc.constantFrom<string[]>([], ['optimizer'], ['optimizer', 'gradients'], ['optimizer', 'gradients', 'weights']),
    precision: fc.constantFrom('bf16', 'amp-bf16', 'fp32'),
    backward: fc.constantFrom(
      use('standard', {}),
      use('checkpoint', { every: 1 }),
      use('checkpoint', { every: 3, reentrant: true }),
      use('reversible', {}),
      use('streambp', { chunk: 20, logits: 16 }),
      use('seco', { chunk: 20 }),
      use('sequence-chunked-mlp', { chunk: 50 }),
    ),
    train: fc.constantFrom('full', 'lora', 'full', 'lora', 'lisa', 's2ft', 'ladder', 'compacter', 'peqa', 'lr-qat'),
    loss: fc.constantFrom('cross-entropy', 'chunked', 'cut-cross-entropy'),
    accumulate: fc.constantFrom(1, 2, 8),
    tied: fc.boolean(),
    moe: fc.boolean(),
  })
  .map(({ tensor, context, pipeline, shards, expert, offload, precision, backward, train, loss, accumulate, tied, moe }) =>
    spread(
      plan(
        { precision, backward, train, loss },
        { model: { ...(moe ? experts : even), tiedEmbeddings: tied }, batch: 2, sequence: 64, accumulate },
      ),
      [...tensor, ...context, ...pipeline, ...shards, ...expert],
      offload,
    ),
  )
  .filter((candidate) => conflictsOf(candidate).length === 0 && refusalsOf(candidate).length === 0);

/** Bytes by category that are alive where forward turns into backward, on the first card. */
export function atTurn(of: Plan): Bytes {
  const tape = tapeOf(of);
  const live = Object.fromEntries(CATEGORIES.map((category) => [category, 0])) as Bytes;
  let turned = false;
  let forward = false;
  unroll(tape, ({ node, phase }) => {
    if (phase === 'forward') forward = true;
    if (forward && phase === 'backward') turned = true;
    if (turned) return;
    for (const [ids, sign] of [
      [node.allocs, 1],
      [node.frees, -1],
    ] as const) {
      for (const id of ids) {
        const tensor = tape.tensors[id];
        if (tensor) live[tensor.category] += sign * tensor.bytes;
      }
    }
  });
  return live;
}

/** What one more layer adds. */
export function perLayer(of: Plan, read: (plan: Plan) => number, layers = of.model.layers): number {
  const more = { ...of, model: { ...of.model, layers: 2 * layers } };
  return (read(more) - read(of)) / layers;
}

export const keptPerLayer = (of: Plan): number => perLayer(of, (one) => atTurn(one).activations);
export const sent = (of: Plan): number => trafficOf(tapeOf(of)).cards;

/** Highest bytes at one time of live tensors that match, in a step's tape. */
export function most(of: Plan, match: (tensor: TensorDecl) => boolean): number {
  const tape = tapeOf(of);
  let [live, high] = [0, 0];
  const bytes = (ids: readonly number[]): number =>
    ids.reduce((sum, id) => {
      const tensor = tape.tensors[id];
      return tensor && match(tensor) ? sum + tensor.bytes : sum;
    }, 0);
  unroll(tape, ({ node }) => {
    live += bytes(node.allocs);
    high = Math.max(high, live);
    live -= bytes(node.frees);
  });
  return high;
}
export const named = (name: RegExp) => (tensor: TensorDecl) => name.test(tensor.name);

/** What nanotron's benchmarks train: 1.1 B parameters. */
export const nano1b = model({
  layers: 24,
  hidden: 2048,
  heads: 32,
  kvHeads: 32,
  headDim: 64,
  ffn: 4096,
  vocab: 50257,
  tiedEmbeddings: true,
});
