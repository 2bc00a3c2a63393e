/** Accuracy may not get worse unseen: the figures that were reached, as upper bounds. */
import { describe, expect, it } from 'vitest';
import { evaluate } from './evaluate';
import { PEERS } from './peers';
import { figures, groupedFigures } from './statistics';

const { rows, refused } = evaluate();

describe('estimates against published measurements', () => {
  it('expresses what one card can be asked', () => {
    expect(rows.length).toBeGreaterThanOrEqual(140);
    expect(rows.length + refused.length).toBe(247);
    expect(refused.filter(({ reason }) => reason === 'several cards')).toHaveLength(74);
  });

  it('has a median error of 4 %, a 90th percentile of 12 % and a bias of 2 % at the most, table by table', () => {
    const { bias, median, p90 } = groupedFigures(rows);
    expect(median).toBeLessThan(0.03);
    expect(p90).toBeLessThan(0.1);
    expect(Math.abs(bias)).toBeLessThan(0.02);
  });

  it('is far ahead of every peer', () => {
    const own = groupedFigures(rows);
    for (const { name } of PEERS) {
      const theirs = groupedFigures(rows.map((row) => ({ group: row.group, error: row.peers[name] as number })));
      expect(theirs.median, name).toBeGreaterThan(3 * own.median);
    }
  });

  it.each([
    ['streambp', 0.006, 0.04],
    ['litgpt-resource', 0.01, 0.06],
    ['torchtune', 0.02, 0.07],
    ['torchao', 0.025, 0.025],
    ['mesa', 0.016, 0.018],
    ['galore', 0.07, 0.08],
    ['hf-single-gpu', 0.06, 0.09],
    ['qwen-readme', 0.09, 0.27],
    ['ms-swift-benchmark', 0.09, 0.25],
  ])('%s: median within %d, 90th percentile within %d', (source, median, p90) => {
    const own = figures(rows.filter((row) => row.record.source === source));
    expect(own.median).toBeLessThan(median);
    expect(own.p90).toBeLessThan(p90);
  });
});
