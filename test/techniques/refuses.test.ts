/** What a technique refuses of a model or of a plan's counts, in words. */
import { describe, expect, it } from 'vitest';
import { completeModel } from '../../src/plan/families';
import type { Family, Plan } from '../../src/plan/types';
import { conflictsOf, refusalsOf, warningsOf } from '../../src/techniques/compatibility';
import { plan, use } from './bytes';

const of = (family: Family, rest = {}) => completeModel(family, { family, layers: 2, hidden: 64, heads: 4, vocab: 97, ...rest });
const mixture = of('mixtral', { experts: 4, activeExperts: 2 });

const ring = (n: number, sequence: number): Plan => plan({}, { sequence, lists: { parallel: [use('context', { n })] } });
const staged = (n: number, accumulate: number): Plan =>
  plan({}, { model: of('llama'), accumulate, lists: { parallel: [use('pipeline', { n })] } });

describe('warnings', () => {
  it('a sequence that a ring pads', () => {
    expect(warningsOf(ring(3, 2048)).map(({ why }) => why)).toEqual([
      expect.stringMatching(/6 equal pieces: it is padded to 2052/),
    ]);
    expect(warningsOf(ring(4, 2048))).toEqual([]);
    expect(warningsOf(ring(1, 2047))).toEqual([]);
  });

  it('an argument that says nothing, beside what its technique warns of', () => {
    const idling = plan({}, { model: of('llama'), accumulate: 1, lists: { parallel: [use('pipeline', { n: 2, pieces: 4 })] } });
    expect(warningsOf(idling).map(({ why }) => why)).toEqual([
      expect.stringMatching(/fewer micro-batches than its 2 stages/),
      expect.stringMatching(/`pieces` says something only with `schedule: interleaved`/),
    ]);
  });

  it('StreamBP over a sliding window that is shorter than the sequence', () => {
    const windowed = (sequence: number): Plan =>
      plan({ backward: 'streambp' }, { sequence, model: of('mistral', { slidingWindow: 128 }) });
    expect(warningsOf(windowed(256)).map(({ why }) => why)).toEqual([expect.stringMatching(/sliding window/)]);
    expect(warningsOf(windowed(128))).toEqual([]);
  });

  it('fewer micro-batches than stages', () => {
    expect(warningsOf(staged(2, 1)).map(({ why }) => why)).toEqual([
      expect.stringMatching(/fewer micro-batches than its 2 stages/),
    ]);
    expect(warningsOf(staged(2, 2))).toEqual([]);
  });
});

describe('refusals', () => {
  const cases: [string, Plan, RegExp][] = [
    ...['lomo', 'adalomo', 'q-galore', 'mezo', 'sparse-mezo'].map((name): [string, Plan, RegExp] => [
      `${name} with micro-batches`,
      plan({ optimizer: name }, { accumulate: 4 }),
      /micro-batches/,
    ]),
    [
      'layerwise galore with micro-batches',
      plan({ optimizer: use('galore', { layerwise: true }) }, { accumulate: 2 }),
      /micro-batches/,
    ],
    ...['adamw', 'adamw8bit'].map((name): [string, Plan, RegExp] => [
      `${name} in backward with micro-batches`,
      plan({ optimizer: use(name, { 'in-backward': true }) }, { accumulate: 2 }),
      /micro-batches/,
    ]),
    ['qzo with micro-batches', plan({ optimizer: 'qzo', weights: 'int4', train: 'frozen' }, { accumulate: 2 }), /micro-batches/],
    ['q-galore on experts', plan({ optimizer: 'q-galore' }, { model: mixture }), /experts/],
    ...['peqa', 'lr-qat', 'efficient-qat'].map((name): [string, Plan, RegExp] => [
      `${name} on experts`,
      plan({ train: name }, { model: mixture }),
      /experts/,
    ]),
    ['bitfit without biases', plan({ train: 'bitfit' }, { model: of('llama') }), /no biases/],
    ['seco on a fused projection', plan({ backward: 'seco' }, { model: of('gpt2') }), /one matrix/],
    ['reversible beside an MLP', plan({ backward: 'reversible' }, { model: of('gpt_neox') }), /side by side/],
    ['reversible after norms', plan({ backward: 'reversible' }, { model: of('bert') }), /normalises after/],
    ...['streambp', 'seco'].map((name): [string, Plan, RegExp] => [
      `${name} where cards share the sequence`,
      plan({ backward: name }, { lists: { parallel: [use('tensor', { n: 2, sequence: true })] } }),
      /cuts the sequence itself/,
    ]),
    [
      'a shared sequence beside an encoder',
      plan({}, { model: of('t5', { encoderLayers: 2 }), lists: { parallel: [use('tensor', { n: 2, sequence: true })] } }),
      /not the decoder's/,
    ],
    ['ladder beside an encoder', plan({ train: 'ladder' }, { model: of('t5') }), /encoder/],
    ['qst beside an encoder', plan({ train: 'qst', weights: 'nf4' }, { model: of('t5') }), /encoder/],
    ['a ring of more pieces than tokens', ring(512, 1023), /1024 pieces of it/],
    ['more stages than layers', staged(8, 8), /2 layers cannot fill 8 stages/],
    ['dpo of a classifier', plan({ loss: 'dpo' }, { model: of('bert') }), /next token/],
    ['grpo of a classifier', plan({ loss: 'grpo' }, { model: of('vit') }), /next token/],
  ];

  it.each(cases)('%s', (_, candidate, why) => {
    expect(refusalsOf(candidate).map((refusal) => refusal.why)).toEqual([expect.stringMatching(why)]);
  });

  it.each(['lomo', 'mezo', 'q-galore', use('galore', { layerwise: true })])('not one micro-batch: %o', (optimizer) => {
    expect(refusalsOf(plan({ optimizer }))).toEqual([]);
    expect(conflictsOf(plan({ optimizer }))).toEqual([]);
  });
});
