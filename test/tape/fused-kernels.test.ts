/**
 * Kernels in the place of written-out operators, by what their sources keep: Liger's LigerRMSNormFunction (input, a number a
 * row), liger_rotary_pos_emb (in place), LigerSiLUMulFunction (gate and up, overwritten by their gradients); nanotron's rows
 * (models/llama.py: attention's output is transposed) and its loss (parallel/tensor_parallel/functional.py).
 */
import { describe, expect, it } from 'vitest';
import type { Plan, Use } from '../../src/plan/types';
import { keptPerLayer, peakOf, spread } from '../techniques/parallel/cards';
import { plan, small, use } from './plans';

const on = (args: Use['args'], rest: Partial<Plan> = {}): Plan =>
  plan({ optimizer: 'none', engine: use('pytorch', { 'hold-output': false, ...args }) }, { batch: 4, sequence: 128, ...rest });
const tokens = 4 * 128;
/** Bytes a token that a layer keeps less than written out. */
const saves = (fused: string[]): number => (keptPerLayer(on({})) - keptPerLayer(on({ fused }))) / tokens;

describe('fused parts of a layer', () => {
  const { hidden, ffn, heads, kvHeads, headDim } = small;

  it('a norm keeps its 16-bit input in the place of a float32 copy and the normalised one', () => {
    // Two numbers a row are counted for the kernel, one for the written-out norm.
    expect(saves(['norm'])).toBe(2 * ((4 + 2 - 2) * hidden - 4));
  });

  it('a gated MLP keeps gate, up and their product, not what the activation gives', () => {
    expect(saves(['mlp'])).toBe(2 * ffn);
  });

  it('rotary keeps what the projections wrote, and makes nothing for a moment', () => {
    expect(saves(['rotary'])).toBe(0);
    const fused = { ...on({ fused: ['rotary'] }), model: { ...small, fusedQkv: true } };
    const written = { ...on({}), model: { ...small, fusedQkv: true } };
    expect((keptPerLayer(written) - keptPerLayer(fused)) / tokens).toBe(2 * (heads + kvHeads) * headDim);
  });

  it('makes the gradients of gate and up in them: two inner widths less where the MLP is the most', () => {
    const wide = { ...small, ffn: 16 * ffn, vocab: 8 };
    const growth = (fused: string[]): number => {
      const at = (sequence: number): Plan =>
        plan(
          {
            optimizer: 'none',
            train: use('lora', { rank: 1, targets: ['q'] }),
            backward: 'checkpoint',
            engine: use('pytorch', { fused }),
          },
          { model: wide, sequence },
        );
      return (peakOf(at(512)) - peakOf(at(256))) / (2 * 256);
    };
    // Written out: gate, its activation, up, and three gradients; in place: gate, up and the gradient of their product.
    expect(growth([]) - growth(['mlp'])).toBeGreaterThanOrEqual(2 * 2 * wide.ffn);
  });

  it('goes with compiled layers, which keep no more', () => {
    const compiled = keptPerLayer(on({ compile: true }));
    expect(keptPerLayer(on({ compile: true, fused: ['norm', 'rotary', 'mlp'] }))).toBeLessThanOrEqual(compiled);
  });
});

describe('tokens before rows', () => {
  it("keep attention's output twice, where there is more than one row", () => {
    const more = (rest: Partial<Plan>): number => keptPerLayer(on({ 'sequence-first': true }, rest)) - keptPerLayer(on({}, rest));
    expect(more({})).toBe(2 * small.heads * small.headDim * tokens);
    expect(more({ batch: 1 })).toBe(0);
  });
});

describe('a loss over parts of the vocabulary', () => {
  it('takes 8 bytes a logit where its softmax is a copy, 6 in place', () => {
    const wide = { ...small, vocab: 400_000, layers: 1 };
    const at = (inPlace: boolean, sequence: number): number => {
      const cards = [use('tensor', { n: 2, 'loss-in-place': inPlace })];
      return peakOf(spread(on({}, { model: wide, sequence }), cards));
    };
    const perLogit = (inPlace: boolean): number => (at(inPlace, 2048) - at(inPlace, 1024)) / (4 * 1024 * (wide.vocab / 2));
    expect(perLogit(true)).toBeGreaterThan(6);
    expect(perLogit(true)).toBeLessThan(6.1);
    expect(perLogit(false) - perLogit(true)).toBeCloseTo(2, 1);
  });
});
