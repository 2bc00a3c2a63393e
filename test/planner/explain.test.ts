import { describe, expect, it } from 'vitest';
import { estimate } from '../../src/planner/estimate';
import { explain, explainSteps } from '../../src/planner/explain';
import { CATEGORIES } from '../../src/planner/types';
import { plan, samples, use } from '../tape/plans';

describe('the ledger of a peak', () => {
  for (const candidate of samples) {
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

  it.each([
    ['int8', '2111.11124'],
    ['int4', '2104.14129'],
    ['fp8', '2410.19313'],
  ])('says of the codes that %s keeps whose they are', (activations, paper) => {
    const { lines } = explain(plan({ activations }, { sequence: 4096 }));
    const sources = new Set(lines.filter(({ op }) => op === 'quantize').map(({ source }) => source));
    expect([...sources]).toEqual([expect.stringContaining(paper)]);
  });
});

describe('the explanation of a waterfall', () => {
  const candidate = plan({
    optimizer: use('galore', { rank: 8 }),
    backward: 'checkpoint',
    loss: use('chunked', { chunk: 100 }),
  });

  it('has one entry for each step, with the formula and the source of its technique', () => {
    const steps = explainSteps(candidate);
    expect(steps).toHaveLength(estimate(candidate).waterfall.length);
    expect(steps.map((step) => step.source)).toEqual([
      expect.stringContaining('PyTorch'),
      expect.stringContaining('arXiv:2403.03507'),
      expect.stringContaining('arXiv:1604.06174'),
      expect.any(String),
    ]);
    for (const step of steps) expect(step.formula).not.toBe('');
  });

  it('puts the numbers in: checkpointing ends the MLP’s saved tensors of all layers but one', () => {
    const [, , checkpoint] = explainSteps({ ...candidate, sequence: 4096 });
    const gate = checkpoint?.changes.find((change) => change.category === 'activations' && change.name === 'mlp.gate.mm');
    expect(gate?.before).toBe('4 × bf16 [8192 × 1408]');
    expect(gate?.bytes).toBeLessThan(0);
  });
});
