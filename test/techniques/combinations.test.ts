/**
 * What combines with what, row by row as the papers and their code have it: what works must raise nothing, what cannot must be
 * refused with a reason, and what works with a catch must say so.
 */
import { describe, expect, it } from 'vitest';
import type { Plan, Slot, Use } from '../../src/plan/types';
import { cautionsOf, conflictsOf, refusalsOf } from '../../src/techniques/compatibility';
import { allSpecs, specsOf } from '../../src/techniques/registry';
import type { Relation } from '../../src/techniques/spec';
import { plan, use } from './bytes';

type Part = readonly [slot: Slot, technique: string | Use];
const named = (technique: string | Use): Use => (typeof technique === 'string' ? use(technique, {}) : technique);

function together(parts: readonly Part[], accumulate = 1): Plan {
  const slots: { [slot: string]: Use } = {};
  const lists: Plan['lists'] = {};
  for (const [slot, technique] of parts) {
    if (slot === 'parallel' || slot === 'offload') lists[slot] = [...(lists[slot] ?? []), named(technique)];
    else slots[slot] = named(technique);
  }
  return plan(slots, { lists, accumulate });
}

const label = (parts: readonly Part[]): string =>
  parts
    .map(([slot, technique]) => {
      const { name, args } = named(technique);
      const text = Object.entries(args).map(([key, value]) => `${key}: ${value}`);
      return `${slot} ${name}${text.length > 0 ? `(${text.join(', ')})` : ''}`;
    })
    .join(', ');
const reasons = (of: Plan): string[] => [
  ...conflictsOf(of).map(({ relation }) => relation.why),
  ...refusalsOf(of).map(({ why }) => why),
];

const names = (slot: Slot, except: readonly string[]): string[] =>
  specsOf(slot)
    .map(({ name }) => name)
    .filter((name) => !except.includes(name));
const each = (slot: Slot, list: readonly string[], rest: readonly Part[]): Part[][] =>
  list.map((name) => [[slot, name], ...rest]);

const zero = (stage: number): Part => ['parallel', use('zero', { stage, n: 4 })];
const FSDP: Part = ['parallel', use('fsdp', { n: 4 })];
const DDP: Part = ['parallel', use('data', { n: 4 })];
const LAYERWISE: Part = ['optimizer', use('galore', { layerwise: true })];
const STREAMBP: Part = ['backward', 'streambp'];
const SECO: Part = ['backward', 'seco'];
const CCE: Part = ['loss', 'cut-cross-entropy'];
const CHECKPOINT: Part = ['backward', 'checkpoint'];
const BLOCKS: Part = ['train', use('efficient-qat', { stage: 'blocks' })];

const RECOMPUTING = ['checkpoint', 'streambp', 'seco', 'reversible', 'sequence-chunked-mlp'];
const KEPT = names('activations', ['exact']);
const MATRIX_OPTIMIZERS = [
  'galore',
  'q-galore',
  'natural-galore',
  'fira',
  'frugal',
  'apollo',
  'apollo-mini',
  'muon',
  'cosmos',
  'came',
];
const NO_GRADIENT = ['mezo', 'sparse-mezo'];

describe('what works together', () => {
  const rows: [why: string, of: Part[][]][] = [
    [
      'savings of full-parameter plans add up',
      each('optimizer', ['galore', 'apollo', 'frugal', 'lion', 'adamw8bit'], [CHECKPOINT, CCE]),
    ],
    [
      'StreamBP and SeCO with ZeRO-1 and ZeRO-2',
      [zero(1), zero(2)].flatMap((stage) => [
        [STREAMBP, stage],
        [SECO, stage],
      ]),
    ],
    [
      'Compacter over stages of a pipeline',
      [
        [
          ['train', 'compacter'],
          ['parallel', use('pipeline', { n: 2 })],
        ],
      ],
    ],
    [
      'StreamBP and SeCO with LoRA and QLoRA',
      ['streambp', 'seco'].flatMap((backward) => [
        [
          ['backward', backward],
          ['train', 'lora'],
        ],
        [
          ['backward', backward],
          ['train', 'lora'],
          ['weights', 'nf4'],
        ],
      ]) as Part[][],
    ],
    ['layerwise GaLore with StreamBP: a layer is updated after its last chunk', [[LAYERWISE, STREAMBP]]],
    ['cut cross-entropy in the vocabulary-parallel mode', [[CCE, ['parallel', use('tensor', { n: 2 })]]]],
    [
      'StreamBP under losses of preferences',
      ['dpo', 'grpo'].map((loss): Part[] => [STREAMBP, ['loss', loss], ['train', 'lora']]),
    ],
    [
      'column-row sampling with LoRA',
      [
        [
          ['activations', 'column-row-sampling'],
          ['train', 'lora'],
        ],
      ],
    ],
    [
      'GaLore in sampled layers: OwLore',
      [
        [
          ['train', 'owlore'],
          ['optimizer', 'galore'],
        ],
      ],
    ],
    [
      'MeZO on adapters, and on scales of quantized weights: QZO',
      [
        [
          ['optimizer', 'mezo'],
          ['train', 'lora'],
        ],
        [
          ['optimizer', 'qzo'],
          ['weights', 'nf4'],
          ['train', 'frozen'],
        ],
        [['optimizer', 'mezo'], CCE],
      ],
    ],
    [
      'a ring of sequences with tensor, pipeline and data parallelism',
      [
        [
          ['parallel', use('context', { n: 2 })],
          ['parallel', use('tensor', { n: 2 })],
          ['parallel', use('pipeline', { n: 2 })],
          DDP,
        ],
      ],
    ],
    [
      'LoRAM on 4-bit weights, and side-tuning beside them',
      [
        [
          ['train', 'loram'],
          ['weights', 'nf4'],
        ],
        [
          ['train', 'qst'],
          ['weights', 'nf4'],
        ],
      ],
    ],
    ['elementwise optimizers over shards', each('optimizer', ['adamw', 'adamw8bit', 'lion', 'sgd'], [zero(2)])],
  ];
  it.each(rows.flatMap(([why, list]) => list.map((parts) => [`${label(parts)}: ${why}`, parts] as const)))('%s', (_, parts) => {
    expect(reasons(together(parts))).toEqual([]);
  });
});

describe('what cannot stand together', () => {
  const rows: [why: RegExp, of: Part[][]][] = [
    [/no backward pass/, NO_GRADIENT.flatMap((name) => each('backward', RECOMPUTING, [['optimizer', name]]))],
    [/nothing is kept/, NO_GRADIENT.flatMap((name) => each('activations', KEPT, [['optimizer', name]]))],
    [
      /no gradients or states/,
      NO_GRADIENT.flatMap((name) => [zero(2), zero(3), FSDP].map((of): Part[] => [['optimizer', name], of])),
    ],
    [
      /whole matrix/,
      MATRIX_OPTIMIZERS.flatMap((name) => [zero(1), zero(2), zero(3), FSDP].map((of): Part[] => [['optimizer', name], of])),
    ],
    [
      /before gradients are averaged/,
      [
        LAYERWISE,
        ...['adamw', 'adamw8bit'].map((name): Part => ['optimizer', use(name, { 'in-backward': true })]),
        ...['lomo', 'adalomo', 'q-galore'].map((name): Part => ['optimizer', name]),
      ].map((part): Part[] => [part, DDP]),
    ],
    [/stages 1 and 2/, [[STREAMBP, zero(3)]]],
    [
      /gather weights/,
      [
        [STREAMBP, FSDP],
        [SECO, FSDP],
      ],
    ],
    [/gather all weights/, [[SECO, zero(3)]]],
    [/bring weights up/, [STREAMBP, SECO].map((chunks): Part[] => [chunks, ['offload', 'weights'], ['offload', 'optimizer']])],
    [
      /leave `sequence` out/,
      [STREAMBP, SECO].map((chunks): Part[] => [chunks, ['parallel', use('tensor', { n: 2, sequence: true })]]),
    ],
    [
      /cut the sequence/,
      ['streambp', 'seco'].map((name): Part[] => [
        ['backward', name],
        ['parallel', use('context', { n: 2 })],
      ]),
    ],
    [
      /low-rank already|thin/,
      each(
        'optimizer',
        MATRIX_OPTIMIZERS.filter((name) => name !== 'came'),
        [['train', 'lora']],
      ),
    ],
    [
      /shards/,
      [
        [['train', 'lisa'], zero(3)],
        [['train', 'lisa'], FSDP],
      ],
    ],
    [
      /one layer at a time/,
      [
        ...RECOMPUTING.map((name): Part[] => [BLOCKS, ['backward', name]]),
        ...KEPT.filter((name) => name !== 'column-row-sampling').map((name): Part[] => [BLOCKS, ['activations', name]]),
        ...['chunked', 'cut-cross-entropy'].map((name): Part[] => [BLOCKS, ['loss', name]]),
        ...[zero(2), FSDP, DDP, ['offload', 'optimizer'] as const].map((part): Part[] => [BLOCKS, part]),
      ],
    ],
    [
      /nothing left to save|keeps nothing/,
      ['ladder', 'qst'].flatMap((train) => [
        ...each('backward', RECOMPUTING, [['train', train]]),
        ...each('activations', KEPT, [['train', train]]),
      ]),
    ],
    [/must learn/, ['nf4', 'int8', 'int4', 'int3'].map((name): Part[] => [['weights', name]])],
    [
      /on the host/,
      MATRIX_OPTIMIZERS.filter((name) => name !== 'came').map((name): Part[] => [
        ['optimizer', name],
        ['offload', 'optimizer'],
      ]),
    ],
  ];
  it.each(rows.flatMap(([why, list]) => list.map((parts) => [label(parts), parts, why] as const)))('%s', (_, parts, why) => {
    expect(reasons(together(parts)).join('\n')).toMatch(why);
  });

  it('layerwise updates with micro-batches', () => {
    expect(reasons(together([LAYERWISE], 4)).join()).toMatch(/micro-batches/);
  });

  it('is said once of each pair', () => {
    const pairs = allSpecs.flatMap(({ slot, name, excludes = [] }) =>
      excludes.flatMap((relation) =>
        (relation.names.includes('*') ? names(relation.slot, []) : relation.names).map((other) =>
          [`${slot}/${name}`, `${relation.slot}/${other}`].sort().join(' '),
        ),
      ),
    );
    expect(pairs.filter((pair, index) => pairs.indexOf(pair) < index)).toEqual([]);
  });
});

describe('what works with a catch', () => {
  const cautions = allSpecs.flatMap((spec) =>
    (spec.cautions ?? []).flatMap((relation: Relation) =>
      relation.names.map((other): [string, Part[], string] => [
        `${spec.slot} ${spec.name} with ${relation.slot} ${other}`,
        [
          [spec.slot, spec.name],
          [relation.slot, other],
        ],
        relation.why,
      ]),
    ),
  );
  it.each(cautions)('%s', (_, parts, why) => {
    expect(cautionsOf(together(parts)).map(({ relation }) => relation.why)).toContain(why);
    expect(why.length).toBeGreaterThan(20);
  });

  it('is nothing that the same techniques also forbid', () => {
    for (const [, parts, why] of cautions) {
      const broken = conflictsOf(together(parts)).filter(({ kind }) => kind === 'excludes');
      expect(
        broken.map(({ relation }) => relation.why),
        why,
      ).toEqual([]);
    }
  });
});
