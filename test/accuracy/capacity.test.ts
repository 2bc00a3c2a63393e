/** What `find` answers against the longest sequences, and the largest model, that others found to fit. */
import { describe, expect, it } from 'vitest';
import { evaluateCapacity } from './capacity';

const { rows, refused } = evaluateCapacity();

describe('the longest sequence that fits', () => {
  it('is asked of every record that says what ran', () => {
    expect(rows).toHaveLength(16);
    expect(refused.map(({ record }) => record.objective)).toEqual(['GRPO', 'GRPO', 'GRPO']);
  });

  it.each(rows.map((row) => [row.record.id, row] as const))('%s: within a tenth', (_, { error }) => {
    expect(Math.abs(error)).toBeLessThan(0.1);
  });

  it('is a point where what ran is published in full', () => {
    const points = rows.filter(({ record }) => record.group.startsWith('streambp') && record.group.includes('figure'));
    expect(points).toHaveLength(6);
    for (const { found } of points) expect(found[0]).toBe(found[1]);
  });
});
