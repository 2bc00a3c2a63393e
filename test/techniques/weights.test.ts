/** Quantized weights against bits/8 + 4/group bytes (pytorch/ao: a 16-bit scale and zero a group), and NF4's 4.127 bits with double quantization (Dettmers et al., arXiv:2305.14314). */
import { describe, expect, it } from 'vitest';
import { highest, matrices, mostOf, ops, others, peak, persistent, short, small, use } from './bytes';

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

describe('a loop that holds its loss until the next one is there', () => {
  const adapted = (keep: boolean, hold: boolean, backward = 'standard') =>
    short(small, {
      weights: use('nf4', { 'keep-inputs': keep }),
      engine: use('pytorch', { 'hold-graph': hold }),
      train: 'lora',
      precision: 'bf16',
      backward,
    });
  const more = (keep: boolean, backward?: string): number =>
    highest(adapted(keep, true, backward), 'forward') - highest(adapted(keep, false, backward), 'forward');

  it('has the inputs that bitsandbytes keeps by itself twice over: those of this forward and of the graph before', () => {
    // Of q, k and v together; of o; of gate and up together; of down. The first layer's q, k and v read what needs no gradient.
    const all = small.layers * (2 * small.hidden + small.heads * small.headDim + small.ffn);
    expect(more(true)).toBe(2 * 8 * (all - small.hidden));
    expect(mostOf(adapted(true, true), /^graph$/, ['optimizer'])).toBe(more(true));
  });

  it('has nothing of what autograd saves, and nothing of layers that run again', () => {
    expect(more(false)).toBe(0);
    expect(more(true, 'checkpoint')).toBe(0);
  });
});

describe('matrices that Fabric’s plugin quantizes', () => {
  const run = (fabric: boolean) => short(small, { weights: use('nf4', { fabric }), train: 'lora', precision: 'bf16' });

  it('include the head', () => {
    const head = small.vocab * small.hidden;
    expect(persistent(run(false)).weights - persistent(run(true)).weights).toBe(2 * head - head / 2 - (4 * head) / 64);
  });

  it('come as a float16 copy, and a bfloat16 one of that, at each use', () => {
    const made = ops(run(true)).filter(({ node }) => node.op === 'dequantize_4bit');
    const used = ops(run(true)).filter(({ node }) => node.op === 'matmul_4bit');
    expect(made.length).toBe(used.length);
    expect(made.every(({ node }) => node.allocs.length === 2 && node.frees.length === 1)).toBe(true);
    expect(ops(run(false)).some(({ node }) => node.op === 'dequantize_4bit')).toBe(false);
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
