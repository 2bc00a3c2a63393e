/** Replies and run events as the server and the runner send them, with plausible numbers. */
import { packTimeline } from '../../src/extension/timeline';
import type {
  Bytes,
  Estimate,
  EstimateReply,
  FitReply,
  LiveChanges,
  Phase,
  Place,
  PlanView,
  RunEvent,
  SweepsReply,
  WaterfallStep,
  WhatIfReply,
} from '../../src/protocol';

const GiB = 2 ** 30;
const sum = (bytes: Bytes) => Object.values(bytes).reduce((total, value) => total + value, 0);
const bytes = (...gib: [number, number, number, number, number, number]): Bytes => {
  const [weights, gradients, optimizer, activations, logits, temporary] = gib.map((value) =>
    Math.round(value * GiB),
  ) as typeof gib;
  return { weights, gradients, optimizer, activations, logits, temporary };
};

type Step = [label: string, slot: WaterfallStep['slot'], categories: Bytes, time: number];

/** An estimate whose every number follows from the categories after each step. */
export function estimate(name: string, steps: readonly Step[], held = 0.03): Estimate {
  const totals = steps.map(([, , categories]) => sum(categories));
  const last = steps[steps.length - 1] as Step;
  const allocated = totals[totals.length - 1] as number;
  const reserved = Math.ceil((allocated * (1 + held)) / 2 ** 21) * 2 ** 21;
  const usable = 24 * GiB - 1100 * 2 ** 20;
  return {
    name,
    model: 'llama',
    device: 'RTX 4090',
    capacity: 24 * GiB,
    usable,
    peak: {
      allocated,
      reserved,
      device: reserved + 500 * 2 ** 20,
      range: [allocated + 320 * 2 ** 20, reserved + 900 * 2 ** 20],
    },
    fits: reserved + 500 * 2 ** 20 <= usable,
    fit: reserved + 500 * 2 ** 20 <= usable ? 'fits' : 'exceeds',
    peakAt: { phase: 'backward', layer: 31, op: 'mlp.down' },
    instants: [
      { phase: 'forward', allocated: Math.round(allocated * 0.84) },
      { phase: 'backward', allocated },
      { phase: 'optimizer', allocated: Math.round(allocated * 0.91) },
    ],
    categories: last[2],
    waterfall: steps.map(([label, slot, categories, time], index) => ({
      label,
      slot,
      before: index === 0 ? 0 : (totals[index - 1] as number),
      after: totals[index] as number,
      categories,
      time,
      line: index === 0 ? 7 : 15 + index,
      peakAt: index < 2 ? { phase: 'backward', op: 'loss' } : { phase: 'backward', layer: 31, op: 'mlp.down' },
    })),
    time: { step: last[3], tokensPerSecond: 32768 / last[3] },
    parameters: { total: 8_030_261_248, trainable: name === 'adapter' ? 41_943_040 : 8_030_261_248 },
  };
}

const plain: Step = ['plain', 'plain', bytes(14.96, 14.96, 59.83, 46.4, 31.31, 15.66), 12.4];

export const longform = estimate('longform', [
  plain,
  [
    'galore(rank: 128, every: 200, inner: adamw8bit, layerwise: true)',
    'optimizer',
    bytes(14.96, 0.41, 0.72, 46.4, 31.31, 15.66),
    13.1,
  ],
  ['streambp(chunk: 2k, logits: 128)', 'backward', bytes(14.96, 0.41, 0.72, 9.1, 0.12, 0.5), 14.2],
  ['int8(group: 256)', 'activations', bytes(14.96, 0.41, 0.72, 4.62, 0.12, 0.62), 14.5],
  ['cut-cross-entropy', 'loss', bytes(14.96, 0.41, 0.72, 4.62, 0, 0.62), 14.5],
]);

export const full = estimate('full', [plain]);

export const adapter = estimate('adapter', [
  plain,
  ['nf4(double-quant: true)', 'weights', bytes(5.36, 14.96, 59.83, 46.4, 31.31, 15.66), 12.6],
  ['lora(rank: 16, targets: [q, k, v, o], dropout: 0.05)', 'train', bytes(5.44, 0.08, 0.16, 49.9, 31.31, 15.66), 9.2],
  ['adamw8bit(paged: true)', 'optimizer', bytes(5.44, 0.08, 0.04, 49.9, 31.31, 15.66), 9.2],
  ['checkpoint', 'backward', bytes(5.44, 0.08, 0.04, 8.2, 31.31, 15.66), 11.9],
]);

const place = (line: number): Place => ({ line, column: 3, endLine: line, endColumn: 20 });
const view = (value: Estimate, line: number): PlanView => ({
  name: value.name,
  place: place(line),
  estimate: value,
  places: value.waterfall.map((_, index) => (index === 0 ? null : place(line + index))),
  reasons: value.waterfall.map(({ label }) => ({
    formula: `bytes of ${label.split('(')[0]}: 2·r·(m + n)`,
    cost: 'time',
    source: 'arXiv 2403.03507',
    changes: [
      { category: 'optimizer', name: 'states', before: '2 × fp32 [4096 × 4096]', after: '2 × int8 [128 × 4096]', bytes: -GiB },
    ],
  })),
  ledger: {
    lines: [
      {
        category: 'weights',
        name: 'mlp.down.weight',
        shape: [4096, 14336],
        dtype: 'bf16',
        count: 32,
        each: 117_440_512,
        bytes: 3_758_096_384,
        op: '',
        source: 'parameter',
      },
    ],
    holds: ['PyTorch 2.6 or later with `torch.compile` off'],
  },
});

export const uri = 'file:///workspace/long-context.memplan';
export const reply: EstimateReply = {
  uri,
  version: 3,
  errors: 0,
  plans: [view(full, 7), view(longform, 15), view(adapter, 24)],
};

export const broken: EstimateReply = {
  uri,
  version: 4,
  errors: 2,
  plans: [
    { name: 'full', place: place(7), places: [], problem: "No technique 'adamv' for the optimizer; did you mean 'adamw'?" },
    view(longform, 15),
  ],
};

export const empty: EstimateReply = { uri, version: 1, errors: 0, plans: [] };

const loss = (label: string, drift: number): RunEvent[] =>
  Array.from({ length: 21 }, (_, step) => ({
    type: 'loss' as const,
    label,
    step,
    loss: 2.45 + 3.1 * Math.exp(-step / 7) + 0.06 * Math.sin(step * 1.7) + drift * step,
  }));

/** A whole run on the software driver, in order. */
export const events: RunEvent[] = [
  {
    type: 'adapter',
    name: 'SwiftShader Device (Subzero)',
    vendor: 'google',
    architecture: 'swiftshader',
    software: true,
    features: ['subgroups'],
  },
  {
    type: 'plan',
    plan: 'longform',
    techniques: ['streambp', 'galore', 'int8'],
    scaled: [
      { technique: 'galore', argument: 'rank', from: 128, to: 8, why: 'kept in proportion to the hidden size, 4096 to 256.' },
      { technique: 'streambp', argument: 'chunk', from: 2048, to: 32, why: 'kept in proportion to the sequence.' },
    ],
    unproved: [{ technique: 'cut-cross-entropy', why: 'the runner computes chunked logits instead.' }],
    proxy: {
      plan: 'longform',
      layers: 2,
      hidden: 256,
      heads: 4,
      kvHeads: 2,
      ffn: 688,
      vocab: 256,
      sequence: 512,
      batch: 2,
      steps: 20,
      seed: 7,
    },
  },
  { type: 'progress', stage: 'Compiling kernels', done: 12, total: 31 },
  ...loss('plain', 0),
  { type: 'progress', stage: 'Training with the techniques', done: 8, total: 20 },
  ...loss('longform', 0.002),
  {
    type: 'check',
    technique: 'streambp',
    name: 'gradients equal the standard backward',
    measured: 2.31e-6,
    limit: 1e-5,
    passed: true,
    why: 'Relative error in max norm over all 21 parameters; float32 sums in another order.',
  },
  {
    type: 'check',
    technique: 'galore',
    name: 'state shapes are low-rank',
    measured: 540672,
    limit: 540672,
    passed: true,
    unit: 'bytes',
    why: 'Two moments of rank × width for each projected matrix.',
  },
  {
    type: 'check',
    technique: 'int8',
    name: 'error within one step of its group',
    measured: 1.02,
    limit: 1,
    passed: false,
    unit: 'steps',
    why: 'Stochastic rounding moves a value to one of its two neighbours.',
  },
  {
    type: 'check',
    technique: 'plan',
    name: 'loss falls',
    measured: 0.482,
    limit: 0.9,
    passed: true,
    why: 'Last loss over the first.',
  },
  { type: 'memory', label: 'plain', predicted: 31_481_856, measured: 31_481_856, process: 412 * 2 ** 20 },
  { type: 'memory', label: 'longform', predicted: 11_239_424, measured: 11_239_424, process: 398 * 2 ** 20 },
  {
    type: 'saving',
    technique: 'galore',
    before: { predicted: 31_481_856, counted: 31_481_856, buffers: 31_600_000 },
    after: { predicted: 21_239_424, counted: 21_239_424, buffers: 21_500_000 },
  },
  {
    type: 'saving',
    technique: 'streambp',
    before: { predicted: 21_239_424, counted: 21_239_424, buffers: 21_500_000 },
    after: { predicted: 11_239_424, counted: 11_239_680, buffers: 11_600_000 },
  },
  { type: 'timing', label: 'plain', step: 1.84, steps: 20 },
  { type: 'timing', label: 'longform', step: 2.61, steps: 20 },
  ...[
    { label: 'plain', slower: 1 },
    { label: 'longform', slower: 1.4 },
  ].map(
    ({ label, slower }): RunEvent => ({
      type: 'kernels',
      label,
      method: 'timestamps',
      peaks: { device: 'RTX 4090', flops: 82.6e12, bandwidth: 1008e9 },
      kernels: [
        { name: 'matmul', class: 'products', calls: 74, seconds: 1.1 * slower, atPeaks: 0.32 },
        { name: 'attention_backward_kv', class: 'attention', calls: 2, seconds: 0.31 * slower, atPeaks: 0.05 },
        { name: 'attention', class: 'attention', calls: 2, seconds: 0.18 * slower, atPeaks: 0.03 },
        ...(label === 'plain'
          ? []
          : [{ name: 'galore_jacobi', class: 'decompositions' as const, calls: 4.2, seconds: 0.09, atPeaks: 0.001 }]),
        { name: 'adamw', class: 'elementwise', calls: 21, seconds: 0.04, atPeaks: 0.03 },
        { name: 'rope', class: 'elementwise', calls: 8, seconds: 0.006, atPeaks: 0.002 },
        { name: 'swiglu', class: 'elementwise', calls: 4, seconds: 0.003, atPeaks: 0.002 },
      ],
    }),
  ),
  { type: 'summary', passed: 3, failed: 1 },
];

/** One moment of a step: what runs, and what is alive by kind of tensor. */
interface Canned {
  phase: Phase;
  layer: number;
  op: string;
  bytes: number[];
}
const KINDS: LiveChanges['kinds'] = [
  ...['mlp.gate.weight', 'mlp.up.weight', 'mlp.down.weight', 'attn.weight'].map((name) => ({
    category: 'weights' as const,
    name,
  })),
  { category: 'gradients', name: 'mlp.down.weight.grad' },
  { category: 'optimizer', name: 'moments' },
  ...['attn.q.out', 'attn.sdpa.out', 'mlp.act.silu'].map((name) => ({ category: 'activations' as const, name })),
  ...Array.from({ length: 8 }, (_, index) => ({ category: 'activations' as const, name: `small.${index}` })),
  { category: 'temporary', name: 'mlp.chunk' },
];

/** A step of `layers` layers with `chunks` chunks in the backward pass of each; the peak comes in the last layer. */
export function points(layers: number, chunks: number): Canned[] {
  const at = (phase: Phase, op: string, layer: number, kept: number, gradients: number, temporary: number): Canned => ({
    phase,
    op,
    layer,
    bytes: [4, 4, 4, 3, gradients, 0.7, kept * 0.3, kept * 0.3, kept * 0.32, ...Array(8).fill(kept * 0.01), temporary].map(
      (gib: number) => Math.round(gib * GiB),
    ),
  });
  const list: Canned[] = [];
  const each = 4;
  for (let layer = 0; layer < layers; layer++)
    for (const [index, op] of ['norm1', 'attn.q', 'attn.sdpa', 'attn.o', 'norm2', 'mlp.up', 'mlp.down'].entries())
      list.push(at('forward', op, layer, ((layer + index / 7) / layers) * each, 0, index === 5 ? 0.4 : 0));
  list.push(at('forward', 'loss', -1, each, 0, 0.2));
  for (let layer = layers - 1; layer >= 0; layer--)
    for (let chunk = 0; chunk < chunks; chunk++)
      for (const [index, op] of ['mlp.down', 'mlp.up', 'attn.sdpa', 'attn.q'].entries())
        list.push(at('backward', op, layer, ((layer + 1) / layers) * each, 0.4, index === 0 ? 1.5 : 0.8));
  for (let layer = 0; layer < layers; layer++) list.push(at('optimizer', 'update', layer, 0, 0.4, 0.9));
  return list;
}

/** The same as the server sends it. */
export function changesOf(list: readonly Canned[]): LiveChanges {
  const made: LiveChanges = { kinds: KINDS, ops: [], op: [], layer: [], phase: [], changes: [], kind: [], bytes: [] };
  list.forEach(({ op, layer, phase, bytes }, point) => {
    if (!made.ops.includes(op)) made.ops.push(op);
    made.op.push(made.ops.indexOf(op));
    made.layer.push(layer);
    made.phase.push(['forward', 'backward', 'optimizer'].indexOf(phase));
    const changed = bytes.flatMap((now, kind) => {
      const by = now - (list[point - 1]?.bytes[kind] ?? 0);
      return by === 0 ? [] : [[kind, by] as const];
    });
    made.changes.push(changed.length);
    for (const [kind, by] of changed) {
      made.kind.push(kind);
      made.bytes.push(by);
    }
  });
  return made;
}

export const timeline = packTimeline(changesOf(points(32, 16)));

/** The plan on eight cards in a pipeline of two stages, with the optimizer's states in the host's memory. */
export const sharded: Estimate = {
  ...longform,
  name: 'sharded',
  cards: { count: 8, peaks: 'stage 1 of 2', sent: 3.4 * GiB },
  ranks: [
    { name: 'stage 1 of 2', count: 4, peak: longform.peak.allocated, peakAt: longform.peakAt, categories: longform.categories },
    {
      name: 'stage 2 of 2',
      count: 4,
      peak: sum(bytes(7.1, 0.3, 0.4, 2.5, 1.2, 0.6)),
      peakAt: { phase: 'backward', op: 'loss' },
      categories: bytes(7.1, 0.3, 0.4, 2.5, 1.2, 0.6),
    },
  ],
  host: { cpu: 12 * GiB, nvme: 0, moved: 2 * GiB },
};
export const shardedReply: EstimateReply = { ...reply, plans: [...reply.plans, view(sharded, 40)] };

const use = (name: string, args = {}) => ({ name, args });
/** What is tried: half the rank, and activations as they are. */
export const whatIf = (tried: Estimate = longform): WhatIfReply => ({
  uri,
  version: 3,
  view: view(tried, 15),
  turns: [
    { path: 'batch', value: 1, written: 1, min: 1, max: 1_048_576, tokens: false, usual: true },
    { path: 'sequence', value: 32_768, written: 32_768, min: 1, max: 134_217_728, tokens: true, usual: true },
    { path: 'galore.rank', value: tried === longform ? 128 : 64, written: 128, min: 1, max: 8192, tokens: false, usual: true },
    { path: 'streambp.chunk', value: 2048, written: 2048, min: 1, max: 1_048_576, tokens: true, usual: true },
    { path: 'galore.every', value: 200, written: 200, min: 1, max: 100_000, tokens: false, usual: false },
  ],
  slots: [
    {
      slot: 'optimizer',
      value: 'galore',
      written: 'galore',
      options: [
        { name: 'adamw', use: use('adamw') },
        { name: 'galore', use: use('galore', { rank: 128 }) },
      ],
    },
    {
      slot: 'activations',
      value: tried === longform ? 'int8' : 'exact',
      written: 'int8',
      options: [
        { name: 'exact', use: use('exact') },
        { name: 'int8', use: use('int8', { group: 256 }) },
      ],
    },
    {
      slot: 'weights',
      value: '',
      written: '',
      options: [
        { name: 'nf4', use: use('nf4') },
        { name: 'bf16', use: use('bf16') },
      ],
    },
  ],
  problems: [],
});

export const sweeps: SweepsReply = {
  uri,
  version: 3,
  plan: 'longform',
  sweeps: [
    {
      path: 'sequence',
      unit: 'tokens',
      place: place(21),
      curves: [
        {
          plan: 'longform',
          usable: longform.usable,
          points: [4, 8, 16, 32, 64].map((k) => ({ value: k * 1024, device: (16.4 + k * 0.19) * GiB, fits: k <= 32 })),
          crossing: { value: 34_900, device: 22.9 * GiB },
        },
        {
          plan: 'adapter',
          usable: longform.usable,
          points: [4, 8, 16, 32, 64].map((k) => ({ value: k * 1024, device: (6 + k * 1.78) * GiB, fits: k <= 8 })),
          crossing: { value: 9720, device: 22.9 * GiB },
        },
      ],
    },
  ],
};

export const fit: FitReply = {
  uri,
  version: 3,
  plan: 'longform',
  usable: longform.usable,
  now: { device: longform.peak.device, time: 14.5 },
  considered: 12_480,
  floor: null,
  points: [
    [20.8, 13.2, true, 'checkpoint'],
    [18.1, 14.4, true, 'streambp(chunk: 1k, logits: 128)'],
    [16.2, 14.9, false, 'lomo'],
  ].map(([gib, time, exact, to]) => ({
    device: Math.round((gib as number) * GiB),
    time: time as number,
    exact: exact as boolean,
    near: false,
    changes: [{ kind: 'technique' as const, slot: 'backward' as const, use: use(String(to).replace(/\(.*/, '')) }],
    edits: [
      { slot: 'backward' as const, from: 'standard', to: to as string, exact: exact as boolean, bytes: -2 * GiB, seconds: 0.4 },
    ],
  })),
};

/** Nothing fits, whatever is changed. */
export const unfit: FitReply = {
  ...fit,
  points: [],
  floor: {
    peak: sum(bytes(25.1, 0.4, 0, 2.9, 0, 1.6)),
    categories: bytes(25.1, 0.4, 0, 2.9, 0, 1.6),
    edits: [{ slot: 'optimizer', from: 'adamw', to: 'adafactor', exact: false, bytes: -40 * GiB, seconds: -0.1 }],
    beyondHost: { peak: 8.7 * GiB, cpu: 78 * GiB },
  },
};
