import { describe, expect, it } from 'vitest';
import type { Plan, Use } from '../../../src/plan/types';
import { parameterCount } from '../../../src/plan/weights';
import { estimate } from '../../../src/planner/estimate';
import { simulate } from '../../../src/tape/simulate';
import { tapeOf } from '../../../src/techniques/recipe-of';
import { llama7B } from '../bytes';
import { even, model, most, named, plan, sent, spread, use } from './cards';

const GiB = 2 ** 30;
/** The size of DeepSpeed's documented example, t5-3b with 2851e6 parameters; only the number matters to the formulas. */
const example = model({ layers: 1, hidden: 1000, heads: 10, kvHeads: 10, headDim: 100, ffn: 1000, vocab: 1_421_998 });
const bare = { 'reduce-bucket': 1, 'allgather-bucket': 1 };
const on = (of: typeof example, stage: number, n: number, args = {}, offload: string[] = []): Plan =>
  spread(
    plan({ optimizer: use('adamw', { fused: true }) }, { model: of, batch: 1, sequence: 8 }),
    [use('zero', { stage, n, ...bare, ...args })],
    offload,
  );

/** Weights, gradients and states at the optimizer's step. */
const atStep = (of: Plan, gradients = /gradient\.part$|fp32_gradient$/): number => {
  const { weights, optimizer } = simulate(tapeOf(of)).persistent;
  return weights + optimizer + most(of, named(gradients));
};

/** Bytes of the largest tensor of a name. */
const largest = (of: Plan, name: RegExp): number =>
  Math.max(
    ...tapeOf(of)
      .tensors.filter(named(name))
      .map(({ bytes }) => bytes),
  );

describe('ZeRO', () => {
  const P = parameterCount(example);

  it('gives the figures of DeepSpeed’s documentation and code for 2851e6 parameters on 8 cards', () => {
    expect(Math.abs(P - 2851e6)).toBeLessThan(2000);
    // estimate_zero2_model_states_mem_needs: 2P + 18P/N, 11.28 GiB.
    expect((atStep(on(example, 2, 8)) / GiB).toFixed(2)).toBe('11.28');
    // With the optimizer (and with it the gradients) on the host: 2P, 5.31 GiB.
    const off = on(example, 2, 8, {}, ['optimizer', 'gradients']);
    const { weights, gradients, optimizer } = simulate(tapeOf(off)).persistent;
    expect(((weights + gradients + optimizer) / GiB).toFixed(2)).toBe('5.31');
  });

  it('has the bytes of DeepSpeed’s documented example, 15.93 GiB and 6.09 GiB, where its formulas count them', () => {
    // 4P + 16P/N is said of stage 2: gradients that are whole at the step are those of stage 1.
    expect((atStep(on(example, 1, 8), /\.gradient$|fp32_gradient$/) / GiB).toFixed(2)).toBe('15.93');
    // 18P/N + 4 · the largest layer, of 32e6: the step's states and float32 gradients, and of another moment the largest unit with
    // its gradient. What stays of 16-bit gradients, 2P/N, is not in it.
    const layers = model({ layers: 200, hidden: 1000, heads: 10, kvHeads: 10, headDim: 100, ffn: 3311, vocab: 32_000 });
    expect(Math.abs(parameterCount(layers) - 2851e6)).toBeLessThan(2000);
    const of = on(layers, 3, 8, { 'live-parameters': 1, 'prefetch-bucket': 1, 'persistence-threshold': 0 });
    const { weights, optimizer } = simulate(tapeOf(of)).persistent;
    const unit = most(of, named(/live_parameters/)) + largest(of, /(?<!fp32_)gradient$/);
    expect(((weights + optimizer + most(of, named(/fp32_gradient/)) + unit) / GiB).toFixed(2)).toBe('6.09');
  });

  // Rajbhandari et al., arXiv:1910.02054, table 1 and figure 1: 2P + 2P + 12P/N, 2P + 14P/N, 16P/N.
  it.each([
    [1, 8, (Q: number, n: number) => 2 * Q + 2 * Q + (12 * Q) / n],
    [2, 8, (Q: number, n: number) => 2 * Q + (14 * Q) / n],
    [3, 8, (Q: number, n: number) => (16 * Q) / n],
    [2, 64, (Q: number, n: number) => 2 * Q + (14 * Q) / n],
    [3, 64, (Q: number, n: number) => (16 * Q) / n],
  ] as const)('stage %i keeps the paper’s bytes through backward on %i cards', (stage, n, formula) => {
    const of = on(llama7B, stage, n, { 'live-parameters': 1, 'persistence-threshold': 0, 'prefetch-bucket': 1 });
    const { persistent } = simulate(tapeOf(of));
    const gradients = most(
      of,
      stage === 1 ? ({ name, category }) => category === 'gradients' && !/fp32_gradient/.test(name) : named(/gradient\.part$/),
    );
    const all = persistent.weights - 2 * llama7B.headDim + persistent.optimizer + gradients;
    const Q = parameterCount(llama7B);
    // Stage 1's last gradients meet two products of the layer that is being differentiated.
    expect(Math.abs(all / formula(Q, n) - 1)).toBeLessThan(stage === 1 ? 0.02 : 1e-4);
  });

  it('on one card adds a float32 master copy and the step’s float32 gradients, nothing else that lasts', () => {
    const plain = plan({ optimizer: use('adamw', { fused: true }) }, { model: llama7B, batch: 1, sequence: 8 });
    const [before, after] = [simulate(tapeOf(plain)).persistent, simulate(tapeOf(on(llama7B, 2, 1))).persistent];
    expect(after.weights).toBe(before.weights);
    expect(after.optimizer - before.optimizer).toBe(4 * parameterCount(llama7B));
  });

  it('has 16-bit weights under mixed precision as in pure 16 bits, and float32 states in either', () => {
    const bytes = (precision: string, states: string) =>
      simulate(
        tapeOf(
          spread(
            plan({ precision, optimizer: use('adamw', { states, fused: true }) }, { model: llama7B, batch: 1, sequence: 8 }),
            [use('zero', { stage: 2, n: 8 })],
          ),
        ),
      ).persistent;
    expect(bytes('amp-bf16', 'parameter')).toEqual(bytes('bf16', 'fp32'));
  });

  it('has buckets as large as they are configured: reduce 5e8 elements, two of them with overlap', () => {
    const bucket = (stage: number, args = {}): number =>
      most(on(example, stage, 8, { 'reduce-bucket': 5e8, ...args }), named(/reduce_bucket/));
    expect(bucket(2)).toBe(1e9);
    expect(bucket(2, { 'overlap-comm': true })).toBe(2e9);
    expect(bucket(3, { 'overlap-comm': true })).toBe(1e9);
    expect(most(on(example, 1, 8, { 'allgather-bucket': 5e8 }), named(/allgather_bucket/))).toBe(1e9);
    expect(most(on(llama7B, 3, 8, { 'live-parameters': 1e9 }), named(/live_parameters/))).toBe(2e9);
  });

  it('keeps weights below the persistence threshold on every card', () => {
    const weights = (threshold: number): number =>
      simulate(tapeOf(on(llama7B, 3, 64, { 'persistence-threshold': threshold }))).persistent.weights;
    const norms = (2 * llama7B.layers + 1) * llama7B.hidden;
    expect(weights(1e5) - weights(0)).toBe(2 * (norms - norms / 64));
  });

  it('sends 2P a step in stages 1 and 2, and 3P in stage 3', () => {
    const Q = parameterCount(llama7B);
    const share = (2 * Q * 7) / 8;
    expect(sent(on(llama7B, 2, 8)) / share).toBeCloseTo(2, 3);
    expect(sent(on(llama7B, 1, 8)) / share).toBeCloseTo(2, 3);
    // The head stays from forward to its backward.
    const head = llama7B.vocab * llama7B.hidden;
    expect(sent(on(llama7B, 3, 8, { 'persistence-threshold': 0 })) / share).toBeCloseTo(3 - head / Q, 3);
  });

  it('puts what is offloaded on the host, and says what goes there in a step', () => {
    const { host } = estimate(on(llama7B, 2, 8, {}, ['optimizer', 'gradients']));
    const Q = parameterCount(llama7B);
    // DeepSpeed's estimators, without their factor for buffers: 16P beside stage 2, 18P beside stage 3 or a sum of micro-batches.
    expect((host?.cpu ?? 0) / (16 * (Q / 8))).toBeCloseTo(1, 4);
    const onHost = (stage: number, accumulate: number) =>
      (estimate({ ...on(llama7B, stage, 8, {}, ['optimizer', 'gradients']), accumulate }).host?.cpu ?? 0) / (Q / 8);
    expect(onHost(3, 1)).toBeCloseTo(18, 1);
    // And for a moment a layer's next ones.
    expect(onHost(2, 4)).toBeCloseTo(18, 0);
    // Gradients of the card's part down, its weights up.
    expect((host?.moved ?? 0) / ((2 + 2) * (Q / 8))).toBeCloseTo(1, 4);
  });
});

describe('gradients that come chunk by chunk', () => {
  const small = (backward: string | Use, stage: number): Plan =>
    spread(plan({ backward, loss: 'cut-cross-entropy' }, { model: even, sequence: 64, batch: 1 }), [
      use('zero', { stage, n: 4, 'reduce-bucket': 5000 }),
    ]);
  const chunked = [use('streambp', { chunk: 16 }), use('seco', { chunk: 16 }), use('sequence-chunked-mlp', { chunk: 16 })];

  it.each(chunked)('are reduced with the last one, not with each: as many bytes as without chunks (%o)', (backward) => {
    for (const stage of [1, 2]) expect(sent(small(backward, stage))).toBe(sent(small('standard', stage)));
  });

  it.each(chunked)('have the bucket beside them (%o)', (backward) => {
    expect(most(small(backward, 2), named(/zero\..*bucket/))).toBe(most(small('standard', 2), named(/zero\..*bucket/)));
  });
});
