/** No backward: nothing is kept from layer to layer, so activations do not grow with depth. */
import { describe, expect, it } from 'vitest';
import { ops, peak, persistent, plan, small, use } from './bytes';

describe('forward-only', () => {
  it('is one forward of a frozen model', () => {
    expect(peak(plan({ optimizer: 'none', backward: 'forward-only' }))).toBe(peak(plan({ train: 'frozen', optimizer: 'none' })));
    expect(ops(plan({ optimizer: 'none', backward: 'forward-only' })).some(({ phase }) => phase === 'backward')).toBe(false);
  });

  it('keeps nothing from layer to layer', () => {
    const passing = (layers: number): number => {
      const one = plan({ optimizer: 'none', backward: 'forward-only' }, { model: { ...small, layers } });
      return peak(one) - persistent(one).weights;
    };
    expect(passing(12)).toBe(passing(2));
  });

  it('leaves a zeroth-order optimizer its two passes', () => {
    const stated = plan({ optimizer: use('mezo', {}), backward: 'forward-only' });
    expect(ops(stated)).toEqual(ops(plan({ optimizer: 'mezo' })));
    expect(ops(stated).filter(({ node }) => node.op === 'aten.embedding')).toHaveLength(2);
  });
});
