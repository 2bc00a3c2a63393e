/**
 * Backward passes of other architectures, in GiB: table 9 of the StreamBP paper (arXiv:2506.03077, appendix), weights and
 * gradients in bfloat16, gradients resident, batch 1, chunks of 500 inside layers and 100 at the head.
 */
import { describe, expect, it } from 'vitest';
import { completeModel } from '../../src/plan/families';
import { findDevice } from '../../src/plan/presets/devices';
import type { Device, Model, Plan } from '../../src/plan/types';
import { simulate } from '../../src/tape/simulate';
import { tapeOf } from '../../src/techniques/recipe-of';
import { use } from './frameworks';

const llama = completeModel('Llama-3.1-8B', {
  layers: 32,
  hidden: 4096,
  heads: 32,
  kvHeads: 8,
  ffn: 14336,
  vocab: 128256,
});
/** Five of six layers look at a window of 512, for which transformers passes a mask. */
const gemma = completeModel('Gemma-3-1B', {
  family: 'gemma3',
  layers: 26,
  hidden: 1152,
  heads: 4,
  kvHeads: 1,
  headDim: 256,
  ffn: 6912,
  vocab: 262144,
  slidingWindow: 512,
});

const planOf = (model: Model, backward: string, sequence: number): Plan => ({
  name: 'table 9',
  model,
  device: findDevice('A800') as Device,
  batch: 1,
  sequence,
  accumulate: 2,
  slots: {
    optimizer: use('none'),
    attention: use('sdpa'),
    backward: backward === 'streambp' ? use('streambp', { chunk: 500, logits: 100 }) : use(backward),
    engine: use('pytorch', { transformers: '4.51' }),
  },
  lists: {},
  order: [],
});

describe('table 9 of the StreamBP paper', () => {
  it.each([
    [llama, 'standard', 3000, 54.2, 0.025],
    [llama, 'checkpoint', 3000, 35.8, 0.012],
    [llama, 'checkpoint', 6000, 41.7, 0.012],
    [llama, 'checkpoint', 9000, 47.6, 0.012],
    [llama, 'checkpoint', 18000, 65.6, 0.012],
    [llama, 'streambp', 3000, 31.8, 0.006],
    [llama, 'streambp', 6000, 32.7, 0.006],
    [llama, 'streambp', 9000, 33.6, 0.006],
    [llama, 'streambp', 18000, 37.2, 0.006],
    [gemma, 'standard', 3000, 23.1, 0.03],
    [gemma, 'standard', 6000, 42.8, 0.03],
    [gemma, 'standard', 9000, 63.4, 0.03],
    [gemma, 'checkpoint', 3000, 14.3, 0.015],
    [gemma, 'checkpoint', 6000, 24.8, 0.015],
    [gemma, 'checkpoint', 9000, 35.3, 0.015],
    [gemma, 'checkpoint', 18000, 67.2, 0.015],
  ] as const)('%o, %s at %d tokens: %d GiB within %d', (model, backward, sequence, published, share) => {
    const estimated = simulate(tapeOf(planOf(model, backward, sequence))).peak / 2 ** 30;
    expect(Math.abs(estimated / published - 1)).toBeLessThan(share);
  });
});
