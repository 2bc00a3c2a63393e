/** 8-bit float moments against the bytes of COAT (Xi et al., arXiv:2410.19313): two codes, and in groups of 128 three float32 numbers each. */
import { describe, expect, it } from 'vitest';
import { highest, llama7B, parameters, short, small, states, temporaries, use } from './bytes';

const moments = (args = {}) => ({ optimizer: use('adamw-fp8', args) });

describe('adamw-fp8', () => {
  it('keeps 2.1875 bytes a parameter of LLaMA-7B, 2 + 2 · 3 · 4/128', () => {
    expect((states(short(llama7B, moments())) / parameters(llama7B)).toFixed(4)).toBe('2.1875');
  });

  it('keeps 2 + 2 · 4/128 without expansion, and a quarter of Adam in float32 but for its groups', () => {
    const plain = states(short(llama7B, moments({ expand: false })));
    expect((plain / parameters(llama7B)).toFixed(4)).toBe('2.0625');
    const coarse = states(short(llama7B, moments({ expand: false, group: 4096 })));
    expect(coarse / states(short(llama7B, { optimizer: 'adamw' }))).toBeCloseTo((2 + 8 / 4096) / 8, 6);
  });

  it('makes nothing at the step, so that the peak lies before it', () => {
    expect(temporaries(short(small, moments()), /^adamw-fp8$/)).toBe(0);
    const of = short(llama7B, moments());
    expect(highest(of, 'optimizer')).toBeLessThan(highest(of, 'backward'));
  });
});
