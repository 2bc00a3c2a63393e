/** Tensor parallelism against Megatron-LM (Shoeybi et al., arXiv:1909.08053; Korthikanti et al., arXiv:2205.05198). */
import { describe, expect, it } from 'vitest';
import type { Plan, Use } from '../../../src/plan/types';
import { parameterCount } from '../../../src/plan/weights';
import { simulate } from '../../../src/tape/simulate';
import { tapeOf } from '../../../src/techniques/recipe-of';
import { llama8B } from '../bytes';
import { even, keptPerLayer, nano1b, peakOf, perLayer, plan, sent, spread, use } from './cards';

const on = (n: number, args = {}): Plan =>
  spread(plan({}, { model: { ...llama8B, layers: 4 }, batch: 1, sequence: 1024 }), [use('tensor', { n, ...args })]);

describe('tensor parallelism', () => {
  const { hidden: h, heads: H, headDim, kvHeads, ffn: f, vocab } = llama8B;
  const q = H * headDim;
  const k = kvHeads * headDim;

  it.each([1, 2, 8])('cuts matrices and vocabulary over %i cards, and leaves norms whole', (t) => {
    const matrices = 4 * (2 * h * q + 2 * h * k + 3 * h * f) + 2 * vocab * h;
    const norms = (2 * 4 + 1) * h;
    expect(parameterCount({ ...llama8B, layers: 4 })).toBe(matrices + norms);
    const { weights } = simulate(tapeOf(on(t))).persistent;
    expect(weights - 2 * headDim).toBe(2 * (matrices / t + norms));
  });

  // The saved set of a Llama layer, 16h + 8 + 4q + 4k + 8f + 4H bytes a token in bf16 (8: two norms' statistics); Korthikanti et al., arXiv:2205.05198, divide it
  // as 10 + 24/t (what follows a norm is whole) and, with sequence parallelism, as 34/t.
  it.each([1, 2, 4, 8])('keeps what follows a norm whole, and 1/%i of the rest', (t) => {
    expect(keptPerLayer(on(t))).toBe(1024 * (16 * h + 8 + (4 * q + 4 * k + 8 * f + 4 * H) / t));
  });
  it.each([2, 4, 8])('with sequence parallelism keeps 1/%i of everything', (t) => {
    expect(keptPerLayer(on(t, { sequence: true }))).toBe((1024 * (16 * h + 8 + 4 * q + 4 * k + 8 * f + 4 * H)) / t);
  });
  it.each([2, 8])('keeps two gathered inputs whole where it does not gather them again (%i cards)', (t) => {
    const kept = keptPerLayer(on(t, { sequence: true, 'keep-gathered': true }));
    expect(kept).toBe(1024 * (4 * h + (12 * h + 8 + 4 * q + 4 * k + 8 * f + 4 * H) / t));
  });

  it('sums hidden states twice a layer in forward and twice in backward', () => {
    const t = 4;
    const allReduce = (2 * (t - 1) * (2 * 1024 * h)) / t;
    expect(perLayer(on(t), sent)).toBe(4 * allReduce);
    // A reduce-scatter and an all-gather make an all-reduce; backward gathers the two inputs once more.
    expect(perLayer(on(t, { sequence: true }), sent)).toBe(4 * allReduce + allReduce);
    expect(perLayer(on(t, { sequence: true, 'keep-gathered': true }), sent)).toBe(4 * allReduce);
  });

  it('peaks where nanotron measured it: 1.1 B parameters, dp 16 · tp 4, 23.844 GiB at micro-batch 8 and 4.500 at 1', () => {
    const bench = (batch: number): Plan =>
      spread(
        plan(
          {
            gradients: 'fp32',
            optimizer: use('adamw', { master: true, fused: true }),
            engine: use('pytorch', { 'hold-output': false }),
          },
          { model: nano1b, batch, sequence: 4096, accumulate: 8 },
        ),
        // nanotron's own ZeRO-1 has no buckets.
        [
          use('zero', { stage: 1, n: 16, 'reduce-bucket': 1, 'allgather-bucket': 1 }),
          use('tensor', { n: 4, sequence: true, 'keep-gathered': true }),
        ],
      );
    expect(Math.abs(peakOf(bench(8)) / 2 ** 30 / 23.8441 - 1)).toBeLessThan(0.01);
    expect(Math.abs(peakOf(bench(1)) / 2 ** 30 / 4.4995 - 1)).toBeLessThan(0.01);
  });
});

describe('chunks of the sequence', () => {
  const chunked = (backward: Use | string): number =>
    perLayer(spread(plan({ backward }, { model: even, batch: 1, sequence: 64 }), [use('tensor', { n: 2 })]), sent);

  it('sum the hidden states as often as whole layers do that run again', () => {
    const whole = chunked('checkpoint');
    expect(whole).toBe(6 * 2 * 64 * even.hidden);
    for (const name of ['streambp', 'seco']) expect(chunked(use(name, { chunk: 16 }))).toBe(whole);
  });
});

describe('what a technique adds beside a matrix is cut with it', () => {
  const bytes = (stated: Parameters<typeof plan>[0], n: number) =>
    simulate(tapeOf(spread(plan(stated, { model: even, batch: 1, sequence: 32 }), [use('tensor', { n })]))).persistent;
  const { layers, hidden: d, heads, kvHeads, headDim, ffn } = even;
  const [q, k] = [heads * headDim, kvHeads * headDim];

  it('slices of S²FT, by the channels that a card has (arXiv:2412.06289)', () => {
    const states = (n: number): number => bytes({ train: use('s2ft', { share: 0.25 }) }, n).optimizer;
    expect(states(1)).toBe((8 * layers * d * (q + ffn)) / 4);
    expect(states(2)).toBe(states(1) / 2);
  });

  it('scales of PEQA, one a row: all rows of what is cut by columns (arXiv:2305.14152)', () => {
    const rows = (n: number): number => (q + 2 * k + 2 * ffn) / n + 2 * d;
    for (const n of [1, 2, 4]) expect(bytes({ train: 'peqa' }, n).optimizer).toBe(8 * layers * rows(n));
  });

  it('step sizes of EfficientQAT, a group each (arXiv:2407.11062)', () => {
    const states = (n: number): number => bytes({ train: use('efficient-qat', { group: 64 }) }, n).optimizer;
    expect(states(2)).toBe(states(1) / 2);
  });

  it('a reference model of DPO, as the policy itself (arXiv:2305.18290)', () => {
    const weights = (reference: string, n: number): number => bytes({ loss: use('dpo', { reference }) }, n).weights;
    const rotary = 2 * headDim;
    for (const n of [1, 2]) expect(weights('model', n) - rotary).toBe(2 * (weights('precomputed', n) - rotary));
  });
});
