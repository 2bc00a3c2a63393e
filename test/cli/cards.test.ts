import { describe, expect, it } from 'vitest';
import { paintCards } from '../../src/cli/paint/cards';
import { render, type Style } from '../../src/cli/paint/style';
import { estimate } from '../../src/planner/estimate';
import { plan, spread, use } from '../techniques/parallel/cards';

const plain: Style = { width: 100, color: false, unicode: true };
const painted = (parallel: Parameters<typeof spread>[1], offload: string[] = []): string => {
  const made = estimate(spread(plan({}, { accumulate: 4 }), parallel, offload));
  return render(plain, paintCards(plain, { ...made, answers: [], sweeps: [], comparisons: [] }));
};

describe('cards in a terminal', () => {
  it('are not spoken of where there is one', () => {
    expect(painted([])).toBe(render(plain, []));
  });

  it('have a row for each distinct one, and the one that peaks is named', () => {
    const text = painted([use('data', { n: 2 }), use('pipeline', { n: 2 })]);
    expect(text).toMatch(/4 cards, each sends .* a step; stage [12] of 2 peaks/);
    expect(text).toMatch(/stage 1 of 2 +× 2 +\S+ MiB {2}\w+/);
    expect(text).toMatch(/stage 2 of 2 +× 2 +\S+ MiB {2}\w+/);
  });

  it('say what lies on the host, and what goes there', () => {
    expect(painted([], ['optimizer'])).toMatch(/ of host memory, .* over its link a step/);
    expect(painted([use('zero', { stage: 2, n: 2 })], ['optimizer'])).toContain('for each card');
  });
});
