/** EfficientQAT against its code's bytes (Chen et al., arXiv:2407.11062): 3-bit codes take 3.2 bits; 18 bytes a parameter of one block. */
import { describe, expect, it } from 'vitest';
import { findModel } from '../../src/plan/presets/models';
import type { Model } from '../../src/plan/types';
import { trainedParameters } from '../../src/planner/parameters';
import { recipeOf } from '../../src/techniques/recipe-of';
import { highest, llama7B, matrices, others, peak, persistent, plan, short, small, use } from './bytes';

const qat = (args: { [name: string]: number | string }) => ({ train: use('efficient-qat', args) });

describe('efficient-qat', () => {
  // OpenGVLab/EfficientQAT, int_linear_real.py: qweight, qzeros, g_idx in int32, and scales.
  it.each([2, 3, 4])('packs as many %i-bit codes into 32 bits as fit: along the inputs, zeros along the outputs', (bits) => {
    const word = (codes: number): number => Math.ceil(codes / Math.floor(32 / bits));
    const packed = matrices(llama7B, (m, n) => 4 * (m * word(n) + word(m) * (n / 128) + n) + 2 * m * (n / 128));
    expect(persistent(short(llama7B, qat({ bits, group: 128 }))).weights).toBe(packed + 2 * others(llama7B) + 256);
  });

  it('takes 3.2 bits for a code of 3', () => {
    const bytes = persistent(short(llama7B, qat({ bits: 3, group: 65536 }))).weights - 2 * others(llama7B);
    expect((8 * bytes) / matrices(llama7B, (m, n) => m * n)).toBeCloseTo(3.2, 1);
  });

  it('trains the step sizes of a 2-bit Llama-2-70B on one 80 GB card', () => {
    const model = findModel('meta-llama/Llama-2-70b') as Model;
    const plain = plan({ ...qat({ bits: 2, group: 64 }), backward: 'checkpoint' }, { model, batch: 1, sequence: 2048 });
    expect(peak(plain) / 1e9).toBeLessThan(80);
    expect(trainedParameters(recipeOf(plain))).toBe(matrices(model, (m, n) => (m * n) / 64));
  });

  it('holds 18 bytes a weight of one layer in its first stage: original 2, copy 4, gradient 4, moments 8', () => {
    const layer = matrices({ ...llama7B, layers: 1 }, (m, n) => m * n);
    const plain = short(llama7B, { ...qat({ stage: 'blocks', group: 128 }), optimizer: use('adamw', { fused: true }) });
    const step = 16 * (layer / 128);
    // Norms stay in float32, and the rotary frequencies are there.
    expect(highest(plain, 'optimizer')).toBe(18 * layer + step + 4 * 2 * 4096 + 256);
  });

  it('does not grow with depth in its first stage', () => {
    const of = (layers: number) => peak(plan(qat({ stage: 'blocks' }), { model: { ...small, layers } }));
    expect(of(12)).toBe(of(2));
  });

  it('is PEQA with packed zeros in its second stage', () => {
    const [peqa, second] = [use('peqa', { bits: 4, group: 64 }), use('efficient-qat', { bits: 4, group: 64 })].map((train) =>
      persistent(short(small, { train })),
    );
    expect(second?.optimizer).toBe(peqa?.optimizer);
    // Zeros in 4 bits for those in 16, and the group of each input.
    expect((peqa?.weights ?? 0) - (second?.weights ?? 0)).toBe(matrices(small, (m, n) => ((m * n) / 64) * 1.5 - 4 * n));
  });
});
