/** GRPO (Shao et al., arXiv:2402.03300) as TRL runs it: scaled logits, and a reference that has run before the policy. */
import { describe, expect, it } from 'vitest';
import { mostOf, parameters, peak, persistent, plan, small, use } from './bytes';

const grpo = (reference: string, chunk = 0) => ({ loss: use('grpo', { reference, chunk }) });
const logits = 2 * 2 * 256 * 4000;

describe('grpo', () => {
  it('makes a scaled copy of the logits, their log-probabilities, and two gradients of them', () => {
    expect(mostOf(plan(grpo('none')), /^loss\.log_softmax$/)).toBe(logits);
    // With the four bytes of the loss's own gradient.
    expect(mostOf(plan(grpo('none')), /^loss\.(log_softmax|rows\.gradient|gradient|mul)$|^head\.mm$/)).toBe(4 * logits + 4);
  });

  it('costs no activations for a reference that ran before', () => {
    const at = (reference: string) => peak(plan({ ...grpo(reference), train: 'lora', optimizer: 'none' }));
    expect(at('adapters-off') - at('none')).toBe(4 * 2 * 256);
    expect(at('precomputed')).toBe(at('none'));
  });

  it("holds a second model's weights where there is one", () => {
    expect(persistent(plan(grpo('model'))).weights - persistent(plan(grpo('none'))).weights).toBe(2 * parameters(small));
  });

  it('grows with its chunk', () => {
    const bytes = [16, 64, 256, 512].map((chunk) => peak(plan({ ...grpo('none', chunk), train: 'lora' })));
    expect([...bytes].sort((a, b) => a - b)).toEqual(bytes);
  });
});
