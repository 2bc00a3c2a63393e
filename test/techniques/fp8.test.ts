/** COAT against its saved tensors (Xi et al., arXiv:2410.19313): 1.125 bytes an element in groups of 16; attention stays in 16 bits. */
import { describe, expect, it } from 'vitest';
import { Trace } from '../../src/tape/trace';
import { packFloat8 } from '../../src/techniques/fp8/memory';
import { mostOf, peak, plan, small, use } from './bytes';

describe('fp8 activations', () => {
  it('take 1 + 2/group bytes an element', () => {
    for (const [group, bytes] of [
      [16, 1.125],
      [128, 1.015625],
    ] as const) {
      const trace = new Trace();
      const saved = trace.tensor('x', [64, 4096], 'bf16', 'activations');
      trace.op({ op: 'x', writes: [saved] });
      const codes = packFloat8(trace, saved, group)?.codes ?? [];
      expect(codes.reduce((sum, tensor) => sum + tensor.bytes, 0) / (64 * 4096)).toBe(bytes);
    }
  });

  it("leave attention's own tensors in 16 bits, the output projection's input among them", () => {
    const kept = (activations: string) =>
      mostOf(plan({ activations }, { model: { ...small, layers: 3 } }), /(sdpa|rotary)$/, ['backward']) -
      mostOf(plan({ activations }, { model: { ...small, layers: 2 } }), /(sdpa|rotary)$/, ['backward']);
    // q and k after rotation and the mixed values, of a layer.
    expect(kept('fp8')).toBe(2 * 512 * (512 + 128 + 512));
    expect(kept('exact')).toBe(kept('fp8'));
  });

  it('shrink the peak, more with coarser groups', () => {
    const of = (group: number) => peak(plan({ activations: use('fp8', { group }) }, { batch: 4, sequence: 512 }));
    expect(of(16)).toBeLessThan(peak(plan({}, { batch: 4, sequence: 512 })));
    expect(of(128)).toBeLessThan(of(16));
  });
});

/** 8-bit floats of E4M3 and E5M2 (Micikevicius et al., arXiv:2209.05433): a byte each. */
describe('fp8 precision', () => {
  it('keeps one byte for each element of a matrix input and for each of its weights', () => {
    const kept = (precision: string, sequence: number) =>
      mostOf(plan({ precision, train: 'full' }, { sequence }), /fp8\.transposed$/, ['backward']);
    expect(kept('bf16', 256)).toBe(0);
    const weights = 4 * (2 * 512 * 512 + 2 * 128 * 512 + 3 * 512 * 1408);
    const rows = 2 * 256;
    // Each product keeps its own: q, k, v and o, gate and up, down.
    expect(kept('fp8', 256)).toBeGreaterThanOrEqual(weights + 4 * rows * (3 * 512 + 512 + 2 * 512 + 1408));
    expect(kept('fp8', 512) - kept('fp8', 256)).toBeGreaterThan(0);
  });

  it('keeps no weights for products of quantized matrices', () => {
    const quantized = plan({ precision: 'fp8', weights: 'nf4', train: 'lora' });
    expect(mostOf(quantized, /mlp\.\w+\.weight\.fp8\.transposed$/)).toBe(0);
  });
});
