/** StreamBP (Luo et al., arXiv:2506.03077): boundaries whole, one chunk of a layer, one chunk of logits. */
import { describe, expect, it } from 'vitest';
import { mostOf, peak, persistent, plan, use } from './bytes';

const stream = (chunk: number, logits = 64) => ({ backward: use('streambp', { chunk, logits }) });

describe('streambp', () => {
  it('makes inner tensors of one chunk in backward, and logits of one chunk', () => {
    expect(mostOf(plan(stream(64)), /mlp\.gate\.mm$/, ['backward'])).toBe(2 * 2 * 64 * 1408);
    expect(mostOf(plan(stream(64, 32)), /head\.mm$/)).toBe(2 * 32 * 4000);
  });

  it('keeps the boundaries and the states of checkpointing', () => {
    expect(persistent(plan(stream(64)))).toEqual(persistent(plan({ backward: 'checkpoint' })));
    const boundaries = (stated: Parameters<typeof plan>[0]) => mostOf(plan(stated), /^(embed|add)$/, ['backward']);
    expect(boundaries(stream(65536))).toBe(boundaries({ backward: 'checkpoint' }));
  });

  it('grows with its chunk', () => {
    const bytes = [16, 64, 128, 256].map((chunk) => peak(plan({ ...stream(chunk), train: 'lora', optimizer: 'none' })));
    expect([...bytes].sort((a, b) => a - b)).toEqual(bytes);
  });
});
