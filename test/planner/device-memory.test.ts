/** What a card must have: reserved, device, the range, and the three verdicts. */
import { describe, expect, it } from 'vitest';
import type { Plan } from '../../src/plan/types';
import { estimate } from '../../src/planner/estimate';
import { card, model, plan, use } from '../tape/plans';

const MiB = 2 ** 20;
const GiB = 2 ** 30;

/** The test plan on a card with `usable` bytes. */
const on = (usable: number, stated: Parameters<typeof plan>[0] = {}): Plan =>
  plan(stated, {
    batch: 4,
    sequence: 1024,
    model: model({ layers: 12, hidden: 1024, heads: 16, kvHeads: 4, ffn: 2816, vocab: 32000 }),
    device: { ...card, memory: usable, reserve: 0 },
  });

describe('what a card must have', () => {
  it('is ordered: live, held, on the card, the most', () => {
    const { peak } = estimate(on(80 * GiB));
    expect(peak.reserved).toBeGreaterThan(peak.allocated);
    expect(peak.device).toBeGreaterThan(peak.reserved);
    expect(peak.range[0]).toBeGreaterThan(peak.allocated);
    expect(peak.range[0]).toBeLessThan(peak.device);
    expect(peak.range[1]).toBeGreaterThan(peak.device);
  });

  it('adds nothing to live bytes but the library’s workspace where the allocator is exact', () => {
    const { peak } = estimate(on(80 * GiB, { allocator: 'exact' }));
    expect(peak.reserved).toBe(peak.allocated + 8.125 * MiB);
  });

  it('has Hopper’s larger workspace, and an older PyTorch’s larger context', () => {
    const hopper = { ...on(80 * GiB, { allocator: 'exact' }) };
    hopper.device = { ...hopper.device, architecture: 'hopper' };
    const { peak } = estimate(hopper);
    expect(peak.reserved - peak.allocated).toBe(32 * MiB);
    const older = estimate(on(80 * GiB, { engine: use('pytorch', { torch: '2.0' }) })).peak;
    const newer = estimate(on(80 * GiB, { engine: use('pytorch', { torch: '2.1' }) })).peak;
    expect(older.device - newer.device).toBe((942 - 480) * MiB);
  });

  it('fits, fits only if the slack stays small, or exceeds, and changes at the byte', () => {
    const { peak } = estimate(on(80 * GiB));
    const [least, most] = peak.range;
    const verdict = (usable: number) => estimate(on(usable)).fit;
    expect(verdict(most)).toBe('fits');
    expect(verdict(most - 1)).toBe('tight');
    expect(verdict(least)).toBe('tight');
    expect(verdict(least - 1)).toBe('exceeds');
    expect(estimate(on(most)).fits).toBe(true);
    expect(estimate(on(least - 1)).fits).toBe(false);
  });

  it('gives cached memory back before a plan is said not to fit', () => {
    const { peak } = estimate(on(80 * GiB));
    // A little less than the unlimited run holds: the allocator frees its cache, and holds no more than there is.
    const usable = peak.device - 8 * MiB;
    const pressed = estimate(on(usable));
    expect(pressed.fits).toBe(true);
    expect(pressed.fit).toBe('tight');
    expect(pressed.peak.device).toBeLessThanOrEqual(usable);
    expect(pressed.peak.allocated).toBe(peak.allocated);
  });

  it('holds more, and says so in the range, where lengths vary', () => {
    const fixed = estimate(on(80 * GiB)).peak;
    const varied = estimate(on(80 * GiB, { allocator: use('cuda-caching', { lengths: 'varied' }) })).peak;
    expect(varied.allocated).toBe(fixed.allocated);
    expect(varied.reserved).toBeGreaterThan(fixed.reserved);
    expect(varied.range[1]).toBeGreaterThan(fixed.range[1]);
  });

  it('holds a set of the longest tensors for each new longest batch: about ln n of n', () => {
    const after = (batches: number) =>
      estimate(on(80 * GiB, { allocator: use('cuda-caching', { lengths: 'varied', batches }) })).peak.reserved;
    expect(after(1)).toBe(estimate(on(80 * GiB)).peak.reserved);
    const held = [3, 20, 150, 1100].map(after);
    expect([...held].sort((a, b) => a - b)).toEqual(held);
    expect(new Set(held).size).toBe(4);
  });

  it('is nothing beyond live bytes on the product’s own engine', () => {
    const { peak } = estimate(on(80 * GiB, { engine: 'webgpu' }));
    expect(peak.device).toBe(peak.allocated);
    expect(peak.reserved).toBe(peak.allocated);
  });
});
