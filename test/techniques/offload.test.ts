/** Saved tensors in host memory (torch.autograd.graph.save_on_cpu): on the card, activations do not grow with depth. */
import { describe, expect, it } from 'vitest';
import { mostOf, ops, peak, plan, small } from './bytes';

describe('activation offload', () => {
  it('keeps nothing of a layer on the card', () => {
    const kept = (layers: number) =>
      mostOf(plan({ activations: 'offload', optimizer: 'none', train: 'lora' }, { model: { ...small, layers } }), /./, [
        'forward',
      ]) -
      mostOf(
        plan({ activations: 'offload', optimizer: 'none', train: 'lora' }, { model: { ...small, layers } }),
        /^(?!.*\.(mm|mul|add|rotary|sdpa|silu|_to_copy|norm)).*$/,
        ['forward'],
      );
    expect(kept(6)).toBe(kept(3));
  });

  it('sends each saved tensor to the host once, and reads it back for each of its readers', () => {
    const offloaded = ops(plan({ activations: 'offload' })).map(({ node }) => node);
    const sum = (op: string) =>
      offloaded.filter((node) => node.op === op).reduce((total, { traffic }) => total + (traffic?.bytes ?? 0), 0);
    expect(sum('to_host')).toBeGreaterThan(0);
    expect(sum('from_host')).toBeGreaterThanOrEqual(sum('to_host'));
    const sent = offloaded.filter(({ op }) => op === 'to_host').length;
    expect(sent).toBeLessThanOrEqual(offloaded.filter(({ op }) => op === 'from_host').length);
  });

  it('lowers the peak', () => {
    const at = { batch: 4, sequence: 512 };
    expect(peak(plan({ activations: 'offload' }, at))).toBeLessThan(peak(plan({}, at)));
  });
});
