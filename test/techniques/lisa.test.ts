/** LISA against Table 1 of its paper (Pan et al., arXiv:2403.17919): LLaMA-2-7B, 4 GB from two more layers that learn (23G to 27G). */
import { describe, expect, it } from 'vitest';
import { highest, llama7B, over, peak, persistent, plan, short, small, states, use } from './bytes';

const lisa = (layers: number, kept = 'dropped') => ({
  train: use('lisa', { layers, states: kept }),
  optimizer: use('adamw', { fused: true }),
});

describe('lisa', () => {
  it('takes 4.05 GB for two more layers of LLaMA-2-7B: 2 bytes of gradient and 8 of moments a parameter', () => {
    const layer = 4 * 4096 * 4096 + 3 * 4096 * 11008 + 2 * 4096;
    const [two, four] = [2, 4].map((layers) => highest(short(llama7B, lisa(layers)), 'optimizer')) as [number, number];
    expect(four - two).toBe(2 * 10 * layer);
    expect(((four - two) / 1e9).toFixed(2)).toBe('4.05');
  });

  it('keeps states of drawn layers, embedding, head and final norm', () => {
    const outside = 2 * small.vocab * small.hidden + small.hidden;
    const layer = over({ ...small, layers: 1 }, ({ shape }) => shape.reduce((product, size) => product * size, 1)) - outside;
    expect(states(short(small, lisa(2)))).toBe(8 * (outside + 2 * layer));
  });

  it('grows to all states where those of frozen layers are kept', () => {
    expect(states(short(small, lisa(2, 'kept')))).toBe(states(short(small, { optimizer: use('adamw', { fused: true }) })));
    expect(peak(plan(lisa(1, 'kept')))).toBeLessThan(peak(plan({ optimizer: use('adamw', { fused: true }) })));
  });

  it('is full training where all layers learn', () => {
    for (const backward of ['standard', 'checkpoint', use('streambp', { chunk: 64, logits: 64 })]) {
      const [all, full] = [plan({ ...lisa(4), backward }), plan({ optimizer: use('adamw', { fused: true }), backward })];
      expect(peak(all)).toBe(peak(full));
      expect(persistent(all)).toEqual(persistent(full));
    }
  });

  it('keeps no inputs of matrices in frozen layers', () => {
    // Both norms' outputs, their normalised copies (for the norms' own gradients), and what feeds down, in bfloat16 a token.
    const kept = (layers: number) => highest(plan(lisa(layers, 'kept')), 'forward');
    expect(kept(4) - kept(1)).toBe(3 * 2 * 256 * 2 * (4 * 512 + 1408));
  });

  it('grows with its layers', () => {
    const bytes = [1, 2, 3, 4, 9].map((layers) => peak(plan(lisa(layers))));
    expect([...bytes].sort((a, b) => a - b)).toEqual(bytes);
  });
});
