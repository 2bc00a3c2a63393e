/** DPO (Rafailov et al., arXiv:2305.18290) as TRL runs it: pairs of sequences, and a reference beside the policy. */
import { describe, expect, it } from 'vitest';
import { mostOf, parameters, peak, persistent, plan, small, use } from './bytes';

const dpo = (reference: string, chunk = 0) => ({ loss: use('dpo', { reference, chunk }) });

describe('dpo', () => {
  it("holds a second model's weights, which neither learn nor have states", () => {
    const [twice, once] = [persistent(plan(dpo('model'))), persistent(plan(dpo('precomputed')))];
    expect(twice.weights - once.weights).toBe(2 * parameters(small));
    expect(twice.optimizer).toBe(once.optimizer);
    expect(persistent(plan({ ...dpo('adapters-off'), train: 'lora' }))).toEqual(persistent(plan({ train: 'lora' })));
  });

  it('makes logits of two sequences a row', () => {
    expect(mostOf(plan(dpo('precomputed')), /^head\.mm$/)).toBe(2 * 2 * 2 * 256 * 4000);
    expect(mostOf(plan({}), /^head\.mm$/)).toBe(2 * 2 * 256 * 4000);
  });

  it("runs the reference while the policy's activations are there", () => {
    const kept = { train: 'lora', optimizer: 'none' };
    expect(peak(plan({ ...kept, ...dpo('adapters-off') }))).toBeGreaterThan(peak(plan({ ...kept, ...dpo('precomputed') })));
  });

  it('holds the logits of one chunk', () => {
    expect(mostOf(plan(dpo('model', 64)), /head\.mm$/)).toBe(2 * 64 * 4000);
    const bytes = [16, 64, 256, 1024].map((chunk) => peak(plan({ ...dpo('precomputed', chunk), train: 'lora' })));
    expect([...bytes].sort((a, b) => a - b)).toEqual(bytes);
  });
});
