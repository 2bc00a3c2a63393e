/** Gradient descent: no state, or one momentum in the parameter's type. */
import { describe, expect, it } from 'vitest';
import { parameters, short, small, states, use } from './bytes';

describe('sgd', () => {
  it('keeps nothing, or the momentum', () => {
    expect(states(short(small, { optimizer: 'sgd' }))).toBe(0);
    expect(states(short(small, { optimizer: use('sgd', { momentum: 0.9 }) }))).toBe(2 * parameters(small));
  });
});
