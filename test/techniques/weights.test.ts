/** Quantized weights against bits/8 + 4/group bytes (pytorch/ao: a 16-bit scale and zero a group), and NF4's 4.127 bits with double quantization (Dettmers et al., arXiv:2305.14314). */
import { describe, expect, it } from 'vitest';
import { matrices, others, peak, persistent, short, small, use } from './bytes';

const weights = (name: string, args = {}): number =>
  persistent(short(small, { weights: use(name, args), train: 'frozen' })).weights;
const count = matrices(small, (m, n) => m * n);
const rest = 2 * others(small) + 128;

describe('integer weights that PyTorch’s operators unpack', () => {
  const unpacked = (keep: boolean, backward: string) =>
    peak(
      short(small, {
        weights: use('int4', { 'keep-copies': keep }),
        train: 'lora',
        precision: 'bf16',
        optimizer: 'none',
        backward,
      }),
    );
  const kept = (backward: string) => unpacked(true, backward) - unpacked(false, backward);

  it('keep a 16-bit copy of every matrix from its product to its backward', () => {
    expect(kept('standard')).toBeGreaterThan(0.9 * 2 * count);
    expect(kept('standard')).toBeLessThan(1.1 * 2 * count);
  });

  it('keep those of one layer where layers run again', () => {
    expect(kept('checkpoint')).toBeGreaterThan((0.5 * 2 * count) / small.layers);
    expect(kept('checkpoint')).toBeLessThan((1.5 * 2 * count) / small.layers);
  });
});

describe('quantized weights', () => {
  it.each([
    ['int8', 1],
    ['int4', 0.5],
    ['int3', 0.375],
  ] as const)('%s takes %f bytes a weight and 4 a group', (name, bytes) => {
    expect(weights(name, { group: 64 })).toBe(bytes * count + (4 * count) / 64 + rest);
    expect(weights(name, { group: 32 })).toBeGreaterThan(weights(name, { group: 256 }));
  });

  it('nf4 takes 4.127 bits with double quantization', () => {
    const bits = (8 * (weights('nf4', { 'double-quant': true }) - rest - 4 * 28)) / count;
    expect(bits.toFixed(3)).toBe('4.127');
    expect((8 * (weights('nf4') - rest)) / count).toBe(4.5);
  });
});
