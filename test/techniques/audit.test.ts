/**
 * What every technique must show, read off the registry: a new one fails here until it is said how its bytes follow each of its
 * numbers, at which setting it is the plain plan, and which test holds it against a closed form or a published figure.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import type { Plan, Slot, Use } from '../../src/plan/types';
import { CATEGORIES } from '../../src/planner/types';
import { simulate } from '../../src/tape/simulate';
import { conflictsOf, refusalsOf } from '../../src/techniques/compatibility';
import { tapeOf } from '../../src/techniques/recipe-of';
import { allSpecs, DEFAULT_USE, findSpec } from '../../src/techniques/registry';
import type { Argument, Spec } from '../../src/techniques/spec';
import { model } from '../tape/plans';
import { highest, matrices, peak, persistent, plan, small, use } from './bytes';

const keyOf = (spec: Spec): string => `${spec.slot}/${spec.name}`;

/** A plan with a technique and what it needs. */
function withUse(spec: Spec, args: Use['args'], rest: Partial<Omit<Plan, 'slots'>>, slots: { [slot: string]: Use }): Plan {
  const lists: Plan['lists'] = {};
  const stated: { [slot: string]: Use } = { ...slots };
  const put = (slot: Slot, one: Use): void => {
    if (slot === 'parallel' || slot === 'offload') lists[slot] = [...(lists[slot] ?? []), one];
    else stated[slot] = one;
  };
  for (const { slot, names } of spec.needs ?? []) {
    const standard = DEFAULT_USE[slot as keyof typeof DEFAULT_USE]?.name ?? '';
    if (!names.includes(standard) && names[0]) put(slot, use(names[0], {}));
  }
  const required = spec.args.filter((one) => one.default === undefined).map(({ name }) => [name, 2] as const);
  put(spec.slot, use(spec.name, { ...Object.fromEntries(required), ...args }));
  return plan(stated, { ...rest, lists, accumulate: spec.name === 'pipeline' ? 8 : 1 });
}

/** Plans in which states, what layers keep, logits, or experts weigh most. */
const GROUND: [Partial<Omit<Plan, 'slots'>>, { [slot: string]: Use }][] = [
  [{ batch: 2, sequence: 256 }, {}],
  [
    { batch: 1, sequence: 2048, model: { ...small, layers: 2, vocab: 500 } },
    { optimizer: use('none', {}), loss: use('cut-cross-entropy', {}) },
  ],
  [{ batch: 1, sequence: 512, model: { ...small, layers: 1, vocab: 30_000 } }, { optimizer: use('none', {}) }],
  [
    {
      batch: 1,
      sequence: 64,
      model: model({
        family: 'qwen3-moe',
        layers: 2,
        hidden: 256,
        heads: 4,
        kvHeads: 4,
        headDim: 64,
        ffn: 256,
        vocab: 500,
        experts: 16,
        activeExperts: 2,
      }),
    },
    {},
  ],
];

type Direction = 'more' | 'less' | 'same';
interface Follows {
  direction: Direction;
  /** Bytes that follow it, where it is not the peak. */
  of?: (one: Plan) => number;
}

/** How bytes follow a number of this name. */
const BY_NAME: { [argument: string]: Direction } = {
  rank: 'more',
  layers: 'more',
  density: 'more',
  share: 'more',
  history: 'more',
  chunk: 'more',
  logits: 'more',
  bits: 'more',
  momentum: 'more',
  dropout: 'more',
  prefetch: 'more',
  bucket: 'more',
  group: 'less',
  block: 'less',
  reduction: 'less',
  pruned: 'less',
  n: 'less',
  every: 'same',
  scale: 'same',
  alpha: 'same',
  beta: 'same',
  eps: 'same',
  steps: 'same',
  temperature: 'same',
  factor: 'same',
};

/** Where that is not so. */
const EXCEPTIONS: { [argument: string]: Follows | string } = {
  'allocator/cuda-caching.batches': '../planner/device-memory.test.ts',
  'allocator/expandable-segments.batches': '../planner/device-memory.test.ts',
  // A segment's input is kept for more layers at a time; what one segment keeps grows with it.
  'backward/checkpoint.every': { direction: 'less', of: (one) => highest(one, 'forward') },
  // The layers between those that run again keep everything.
  'backward/checkpoint.one-in': { direction: 'more', of: (one) => highest(one, 'forward') },
  'train/compacter.division': { direction: 'more', of: (one) => persistent(one).optimizer },
  // Gradients are copied into buckets: the more cards, the same bytes.
  'parallel/data.n': { direction: 'more' },
  // What is gathered for a layer comes on top from two cards on.
  'parallel/fsdp.n': { direction: 'less', of: (one) => persistent(one).optimizer },
  'parallel/pipeline.n': { direction: 'less', of: (one) => persistent(one).optimizer },
  // 8-bit moments of fewer than 4096 elements stay in float32, so that a small rank can take more than the next one.
  'optimizer/q-galore.rank': 'q-galore.test.ts',
  // A mask is made where anything is left out.
  'optimizer/sparse-mezo.sparsity': { direction: 'more' },
  'parallel/data.bucket': 'parallel/data.test.ts',
  'parallel/zero.stage': 'parallel/zero.test.ts',
  'parallel/zero.reduce-bucket': 'parallel/zero.test.ts',
  'parallel/zero.allgather-bucket': 'parallel/zero.test.ts',
  'parallel/zero.prefetch-bucket': 'parallel/zero.test.ts',
  'parallel/zero.live-parameters': 'parallel/zero.test.ts',
  'parallel/zero.persistence-threshold': 'parallel/zero.test.ts',
  'parallel/fsdp.version': 'parallel/fsdp.test.ts',
  'parallel/pipeline.pieces': 'parallel/pipeline.test.ts',
  'parallel/pipeline.first-layers': 'parallel/pipeline.test.ts',
  // Of the first stage, which then has fewer.
  'parallel/pipeline.last-layers': { direction: 'less' },
};

const VALUES = [1, 2, 3, 4, 8, 16, 32, 64, 128, 256, 512, 2048];
const SHARES = [0, 0.1, 0.25, 0.5, 0.75, 0.9];

function valuesOf({ type }: Argument): number[] {
  if (type.kind === 'number') {
    const [min, max] = [type.min ?? 0, type.max ?? 1];
    return SHARES.map((share) => min + (max - min) * share);
  }
  return type.kind === 'count' ? VALUES.filter((value) => value >= (type.min ?? 1) && value <= (type.max ?? value)) : [];
}

const numbers = allSpecs.flatMap((spec) =>
  spec.args
    .filter(({ type }) => type.kind === 'count' || type.kind === 'number')
    .map((argument): [string, Spec, Argument] => [`${keyOf(spec)}.${argument.name}`, spec, argument]),
);

describe('bytes follow the numbers of every technique', () => {
  it.each(numbers)('%s', (key, spec, argument) => {
    const found = EXCEPTIONS[key] ?? BY_NAME[argument.name];
    expect(found, 'it is said how bytes follow it').toBeDefined();
    if (typeof found === 'string' && found.endsWith('.ts')) {
      expect(readFileSync(join(here, found), 'utf8')).toContain(argument.name);
      return;
    }
    const { direction, of = peak } = typeof found === 'object' ? found : { direction: found as Direction };
    let changed = false;
    let measured = 0;
    for (const [rest, slots] of GROUND) {
      const asked = valuesOf(argument).map((value) =>
        withUse(
          spec,
          { [argument.name]: value },
          rest,
          spec.slot in slots ? { ...slots, [spec.slot]: use(spec.name, {}) } : slots,
        ),
      );
      const bytes = asked.filter((one) => conflictsOf(one).length + refusalsOf(one).length === 0).map(of);
      measured += bytes.length;
      const sorted = [...bytes].sort((a, b) => (direction === 'less' ? b - a : a - b));
      expect(bytes).toEqual(direction === 'same' ? bytes.map(() => bytes[0]) : sorted);
      changed ||= new Set(bytes).size > 1;
    }
    expect(measured).toBeGreaterThan(1);
    expect(changed, 'it changes bytes somewhere').toBe(direction !== 'same');
  });

  it('speaks of arguments that there are', () => {
    const known = new Set(numbers.map(([key]) => key));
    expect(Object.keys(EXCEPTIONS).filter((key) => !known.has(key))).toEqual([]);
    const names = new Set(numbers.map(([, , { name }]) => name));
    expect(Object.keys(BY_NAME).filter((name) => !names.has(name))).toEqual([]);
  });
});

interface Neutral {
  args: Use['args'];
  /** The plan that it then is, and what stands beside the technique in its own. */
  like: { [slot: string]: string | Use };
  beside?: { [slot: string]: string | Use };
  /** Bytes of its own bookkeeping; 0 where it is not said. */
  more?: number;
  /** Equal at every moment of the step, not only in what it keeps from step to step. */
  always?: true;
}

const adam = use('adamw', { states: 'parameter' });
const squares = matrices(small, (m, n) => Math.min(m, n) ** 2);
const count = matrices(small, () => 1);
const MANY = 60_000;
const TOKENS = 512;

/** The setting at which a technique is another plan with its own bookkeeping. */
const NEUTRAL: { [technique: string]: Neutral } = {
  // Full rank: Adam's moments, and a projector of the smaller side's square in two bytes.
  'optimizer/galore': { args: { rank: MANY }, like: { optimizer: adam }, more: 2 * squares },
  // And the float32 norm of each matrix's last step.
  'optimizer/apollo': { args: { rank: MANY }, like: { optimizer: adam }, more: 2 * squares + 4 * count },
  'optimizer/fira': { args: { rank: MANY }, like: { optimizer: adam }, more: 2 * squares + 4 * count },
  'optimizer/frugal': { args: { density: 1 }, like: { optimizer: adam } },
  'optimizer/spam': { args: { density: 1 }, like: { optimizer: adam } },
  // Its second moment is in the eigenbasis, which it keeps with the small Gram matrix.
  'optimizer/cosmos': { args: { rank: MANY }, like: { optimizer: adam }, more: 4 * squares },
  'optimizer/sgd': { args: { momentum: 0 }, like: { optimizer: 'none' } },
  'train/lisa': { args: { layers: 100 }, like: {}, always: true },
  'train/owlore': { args: { layers: 100 }, beside: { optimizer: 'galore' }, like: { optimizer: 'galore' }, always: true },
  'train/loram': { args: { pruned: 0 }, like: { train: 'lora' }, always: true },
  // A fused kernel keeps nothing that would be worth running again.
  'backward/checkpoint': { args: { selective: true }, like: {}, always: true },
  // One chunk: a checkpointed layer, and the loss's one chunk run again.
  'backward/streambp': {
    args: { chunk: TOKENS, logits: TOKENS },
    like: { backward: 'checkpoint', loss: use('chunked', { chunk: TOKENS }) },
  },
  'backward/seco': { args: { chunk: TOKENS }, beside: { train: 'lora' }, like: { train: 'lora' } },
  'backward/sequence-chunked-mlp': { args: { chunk: TOKENS }, like: { backward: 'checkpoint' } },
  'activations/column-row-sampling': { args: { share: 1 }, like: {} },
  'loss/chunked': { args: { chunk: TOKENS }, like: {} },
};

/** Techniques with no setting that is another plan; closed forms of them are in tests of their own. */
const ALONE: readonly string[] = [
  'train/lora train/dora train/lora-fa train/lq-lora train/s2ft train/compacter train/peqa train/efficient-qat train/lr-qat train/ladder',
  'train/qst train/badam train/bitfit train/frozen weights/nf4 weights/int8 weights/int4 weights/int3',
  'optimizer/adamw8bit optimizer/adamw-fp8 optimizer/lion optimizer/adafactor optimizer/came optimizer/adam-mini optimizer/muon optimizer/sm3 optimizer/apollo-mini',
  'optimizer/q-galore optimizer/natural-galore optimizer/lomo optimizer/adalomo optimizer/mezo optimizer/sparse-mezo optimizer/qzo',
  'backward/forward-only backward/reversible activations/int8 activations/int4 activations/int2 activations/fp8 activations/offload',
  'loss/cut-cross-entropy loss/dpo loss/grpo offload/optimizer offload/gradients offload/weights',
].flatMap((line) => line.split(' '));

/** What a plan has without them. */
const PLAIN = ['train/full', 'optimizer/adamw', 'optimizer/none', 'backward/standard', 'activations/exact', 'loss/cross-entropy'];
/** Slots that say where and in which types a plan runs; and cards, of which one is the neutral number. */
const SETTINGS: readonly Slot[] = ['precision', 'gradients', 'attention', 'allocator', 'engine'];
const TYPES = ['weights/fp32', 'weights/bf16', 'weights/fp16'];

describe('at its neutral setting every technique is the plain plan and its own bookkeeping', () => {
  it('which is said of each', () => {
    const said = new Set([...Object.keys(NEUTRAL), ...ALONE, ...PLAIN, ...TYPES]);
    const all = allSpecs.filter(({ slot }) => !SETTINGS.includes(slot) && slot !== 'parallel').map(keyOf);
    expect(all.filter((key) => !said.has(key))).toEqual([]);
    expect([...said].filter((key) => !all.includes(key))).toEqual([]);
  });

  it.each(Object.entries(NEUTRAL))('%s', (key, { args, like, beside = {}, more = 0, always }) => {
    const [slot, name] = key.split('/') as [string, string];
    const rest = { batch: 1, sequence: TOKENS };
    const own = plan({ ...beside, [slot]: use(name, args) }, rest);
    const other = plan(like, rest);
    const total = (one: Plan): number => CATEGORIES.reduce((sum, category) => sum + persistent(one)[category], 0);
    expect(total(own) - total(other)).toBe(more);
    if (!always) return;
    const moments = (one: Plan) => simulate(tapeOf(one)).instants.map(({ allocated }) => allocated);
    expect(moments(own)).toEqual(moments(other));
  });

  it.each(allSpecs.filter(({ slot }) => slot === 'parallel').map((spec) => [spec.name, spec] as const))(
    '%s over one card shares nothing',
    (_, spec) => {
      expect(spec.shares, 'says what its cards share out').toBeDefined();
      const rest = spec.name === 'expert' ? (GROUND[3]?.[0] ?? {}) : { batch: 2, sequence: 256 };
      const one = withUse(spec, { n: 1 }, rest, {});
      const none = { ...one, lists: {} };
      expect(persistent(one).optimizer).toBeGreaterThanOrEqual(persistent(none).optimizer);
      if (spec.name === 'zero' || spec.name === 'fsdp') return;
      expect(peak(one)).toBe(peak(none));
    },
  );
});

/** What nobody has to be cited for. */
const WITHOUT_SOURCE: readonly string[] = ['train/frozen', 'optimizer/sgd', 'backward/forward-only', 'loss/chunked'];

const here = fileURLToPath(new URL('.', import.meta.url));

describe('every technique is held against its source by name', () => {
  const texts = [here, join(here, 'parallel')].flatMap((folder) =>
    readdirSync(folder)
      .filter((file) => file.endsWith('.test.ts') && file !== 'audit.test.ts')
      .map((file) => ({ file: file.slice(0, -'.test.ts'.length), text: readFileSync(join(folder, file), 'utf8') })),
  );
  const techniques = allSpecs.filter((spec) => !SETTINGS.includes(spec.slot) && ![...TYPES, ...PLAIN].includes(keyOf(spec)));
  it.each(techniques.map((spec) => [keyOf(spec), spec] as const))('%s', (key, { name, citation }) => {
    const own = texts.filter(({ file, text }) => file === name || text.includes(`'${name}'`));
    expect(own.length).toBeGreaterThan(0);
    if (!WITHOUT_SOURCE.includes(key)) expect(citation, 'has a source').toBeDefined();
    // A test that names the technique also names the paper or the code that its figures are of.
    const ids = citation ? [citation.id.replace('arXiv:', ''), citation.title] : [];
    if (citation) expect(own.filter(({ text }) => ids.some((id) => text.includes(id))).map(({ file }) => file)).not.toEqual([]);
  });
});

describe('every usual setting', () => {
  const usual = allSpecs.flatMap((spec) =>
    (spec.usual ?? []).map((args) => [`${keyOf(spec)} ${JSON.stringify(args)}`, spec, args] as const),
  );
  it.each(usual)('%s can be written', (_, spec, args) => {
    for (const [name, value] of Object.entries(args)) {
      const type = spec.args.find((one) => one.name === name)?.type;
      expect(type, name).toBeDefined();
      if (type?.kind === 'count' || type?.kind === 'number') {
        expect(value).toBeGreaterThanOrEqual(type.min ?? 0);
        expect(value).toBeLessThanOrEqual(type.max ?? Number.MAX_SAFE_INTEGER);
      } else if (type?.kind === 'technique') expect(findSpec(type.slot, (value as Use).name)).toBeDefined();
    }
    const given = Object.keys(spec.shares ? { n: 1, ...args } : args);
    expect(spec.args.filter((one) => one.default === undefined && !given.includes(one.name))).toEqual([]);
  });
});
