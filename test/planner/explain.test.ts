import { describe, expect, it } from 'vitest';
import { estimate } from '../../src/planner/estimate';
import { explain } from '../../src/planner/explain';
import { CATEGORIES } from '../../src/planner/types';
import { plan, use } from '../tape/plans';

describe('the ledger of a peak', () => {
  const plans = [
    plan(),
    plan({ backward: 'checkpoint', precision: 'amp-bf16' }),
    plan({
      optimizer: use('galore', { rank: 8, layerwise: true }),
      backward: use('streambp', { chunk: 64, logits: 32 }),
      activations: 'int8',
    }),
    plan(
      { train: use('lora', { rank: 8, targets: ['q', 'v'] }), weights: 'nf4', loss: use('chunked', { chunk: 100 }) },
      { accumulate: 2 },
    ),
  ];
  for (const candidate of plans) {
    it(`adds up, by category and in all, to the estimate: ${candidate.order.join(', ') || 'plain'}`, () => {
      const ledger = explain(candidate);
      const { peak, peakAt, categories } = estimate(candidate);
      expect(ledger.allocated).toBe(peak.allocated);
      expect(ledger.lines.reduce((sum, line) => sum + line.bytes, 0)).toBe(peak.allocated);
      for (const category of CATEGORIES) {
        const lines = ledger.lines.filter((line) => line.category === category);
        expect(lines.reduce((sum, line) => sum + line.count * line.each, 0)).toBe(categories[category]);
      }
      expect(ledger.at).toEqual(peakAt);
    });
  }

  it('names the tensors that a reader would look for, with their shapes', () => {
    const { lines } = explain(plan({}, { sequence: 512 }));
    expect(lines).toContainEqual(
      expect.objectContaining({ name: 'mlp.gate.mm', count: 4, shape: [1024, 1408], dtype: 'bf16', bytes: 4 * 1024 * 1408 * 2 }),
    );
    expect(lines).toContainEqual(
      expect.objectContaining({ name: 'loss.log_softmax', count: 1, shape: [1024, 4000], dtype: 'fp32', category: 'logits' }),
    );
  });
});
