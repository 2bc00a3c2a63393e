/** Data parallelism against PyTorch's DDP (Li et al., arXiv:2006.15704): gradients in buckets of 25 MiB, averaged in a ring. */
import { describe, expect, it } from 'vitest';
import type { Plan } from '../../../src/plan/types';
import { parameterCount } from '../../../src/plan/weights';
import { simulate } from '../../../src/tape/simulate';
import { tapeOf } from '../../../src/techniques/recipe-of';
import { llama7B } from '../bytes';
import { even, model, plan, sent, spread, use } from './cards';

const on = (of: typeof even, args = {}, stated = {}): Plan =>
  spread(plan({ optimizer: use('adamw', { fused: true }), ...stated }, { model: of, batch: 1, sequence: 64 }), [
    use('data', { n: 8, ...args }),
  ]);

describe('data parallelism', () => {
  it('has buckets of all gradients that stay from step to step: 25 MiB each, the first of 1 MiB', () => {
    const tape = tapeOf(on(llama7B));
    const buckets = tape.tensors.find(({ name }) => name === 'ddp.buckets');
    expect(simulate(tape).persistent.gradients).toBe(2 * parameterCount(llama7B));
    expect(buckets?.pieces).toBe(1 + Math.ceil((2 * parameterCount(llama7B) - 2 ** 20) / (25 * 2 ** 20)));
  });

  // pytorch/pytorch#41954: a 1 GB model, 8250 MB before and 7183 MB with gradient_as_bucket_view.
  it('saves one copy of the gradients with views, of 1 GB for a 1 GB model', () => {
    const gigabyte = model({ layers: 5, hidden: 2048, heads: 16, kvHeads: 16, headDim: 128, ffn: 5376, vocab: 1000 });
    const atStep = (args: object): number =>
      simulate(tapeOf(on(gigabyte, args, { precision: 'fp32' }))).instants.find(({ phase }) => phase === 'optimizer')
        ?.allocated ?? 0;
    expect(atStep({}) - atStep({ 'bucket-view': true })).toBe(4 * parameterCount(gigabyte));
  });

  it('averages gradients once a step: 2P(n − 1)/n elements', () => {
    const once = (2 * 2 * parameterCount(even) * 7) / 8;
    expect(sent(on(even))).toBe(once);
    expect(sent({ ...on(even), accumulate: 4 })).toBe(once);
  });

  it('has buckets for what learns alone', () => {
    const { gradients } = simulate(tapeOf(on(even, {}, { train: use('lora', { rank: 4, targets: ['q'] }) }))).persistent;
    expect(gradients).toBe(4 * 8 * 4 * (256 + 256));
  });
});
