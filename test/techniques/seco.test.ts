/** SeCO against its count (Li et al., arXiv:2505.16710): keys, values and their gradients of all layers, one chunk through them. */
import { describe, expect, it } from 'vitest';
import { mostOf, ops, peak, plan, small, use } from './bytes';

const seco = (chunk: number) => ({ backward: use('seco', { chunk }) });
const cache = 4 * 2 * 2 * 2 * 256 * 128;

describe('seco', () => {
  it('keeps keys and values of the whole sequence in every layer, and as much for their gradients', () => {
    expect(mostOf(plan(seco(64)), /^cache\.[kv]$/)).toBe(cache);
    expect(mostOf(plan(seco(64)), /^cache\.[kv]\.gradient$/)).toBe(cache);
    // And the concatenated copy that the last chunk's graph holds.
    expect(mostOf(plan(seco(64)), /prefix$/)).toBe(cache);
  });

  it('keeps no boundaries: activations beside the caches are those of one chunk', () => {
    const inner = (chunk: number) => mostOf(plan(seco(chunk)), /mlp\.(gate|up)\.mm$/);
    expect(inner(64)).toBe(4 * 2 * 2 * 2 * 64 * 1408);
    expect(inner(256)).toBe(4 * inner(64));
  });

  it('makes the logits of one chunk', () => {
    expect(mostOf(plan(seco(32)), /^head\.mm$/)).toBe(2 * 2 * 32 * 4000);
  });

  it('grows with its chunk', () => {
    const bytes = [16, 64, 128, 256].map((chunk) => peak(plan({ ...seco(chunk), train: 'lora', optimizer: 'none' })));
    expect([...bytes].sort((a, b) => a - b)).toEqual(bytes);
    expect(bytes[3]).toBe(peak(plan({ ...seco(4096), train: 'lora', optimizer: 'none' })));
  });

  it('is exact in what learns: the same parameters, gradients and states', () => {
    const gradients = (stated: Parameters<typeof plan>[0]) =>
      mostOf(
        plan({ ...stated, optimizer: use('adamw', { fused: true }) }),
        /(^embed|\.(q|k|v|o|gate|up|down)|head|norm\d?)\.gradient$/,
        ['optimizer'],
      );
    expect(gradients(seco(64))).toBe(gradients({}));
    expect(small.layers).toBe(4);
  });

  it('multiplies what the plain step does and one more forward, attention over the prefix of each chunk alone', () => {
    const flops = (stated: Parameters<typeof plan>[0], attention: boolean) =>
      ops(plan({ ...stated, optimizer: 'none' })).reduce(
        (sum, { node, phase }) => (/^sdpa/.test(node.op) === attention && phase !== 'optimizer' ? sum + node.flops : sum),
        0,
      );
    const layers = 4 * 2 * 2 * 256 * (2 * 512 * 512 + 2 * 128 * 512 + 3 * 1408 * 512);
    expect(flops(seco(64), false)).toBe(flops({}, false) + layers);
    // Causal pairs of query and key, products with keys and with values; backward makes five products for forward's two.
    const forward = 4 * 4 * 2 * 8 * 64 * ((256 * 257) / 2);
    expect(flops({}, true)).toBe(3.5 * forward);
    expect(flops(seco(64), true)).toBe(4.5 * forward);
    expect(flops(seco(1), true)).toBe(4.5 * forward);
  });
});
