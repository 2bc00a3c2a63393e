/** MEFT against its count (Liao et al., arXiv:2306.00477): 2·d·tokens of the last pair, whatever the depth; up to 84 % less than full fine-tuning. */
import { describe, expect, it } from 'vitest';
import { trainedParameters } from '../../src/planner/parameters';
import { timelineOf } from '../../src/planner/timeline';
import { CATEGORIES } from '../../src/planner/types';
import { recipeOf, tapeOf } from '../../src/techniques/recipe-of';
import { mostOf, peak, persistent, plan, small, use } from './bytes';

const at = (layers: number) => ({ model: { ...small, layers } });
const [ACTIVATIONS, TEMPORARY] = [CATEGORIES.indexOf('activations'), CATEGORIES.indexOf('temporary')] as [number, number];
const passing = (backward: ReturnType<typeof use> | string, layers: number): number => {
  const of = plan({ train: 'lora', optimizer: 'none', backward, loss: 'cut-cross-entropy' }, at(layers));
  return peak(of) - persistent(of).weights - 4 * trainedParameters(recipeOf(of));
};

describe('reversible', () => {
  it('does not grow with depth', () => {
    expect(Math.abs(passing('reversible', 24) - passing('reversible', 4))).toBeLessThan(64 * 1024);
  });

  it('has no part under zero: what an iteration passes on is of the kind that the next one ends', () => {
    const of = plan({ train: 'badam', optimizer: 'sm3', backward: 'reversible', loss: 'cut-cross-entropy' }, at(24));
    const points = timelineOf(tapeOf(of));
    expect(Math.min(...points.flatMap(({ bytes }) => bytes))).toBeGreaterThanOrEqual(0);
    // Nothing is left of what only passes.
    expect(points.at(-1)?.bytes[ACTIVATIONS]).toBe(0);
    expect(points.at(-1)?.bytes[TEMPORARY]).toBe(0);
  });

  it('holds the last pair from forward to backward', () => {
    const pair = mostOf(plan({ train: 'lora', backward: 'reversible' }, at(6)), /^add$/, ['forward']);
    // The pair and the head's sum of it, and for a moment a layer's next stream.
    expect(pair).toBeGreaterThanOrEqual(2 * 2 * 512 * 512);
    expect(pair).toBeLessThanOrEqual(4 * 2 * 512 * 512);
  });

  it('takes at least 84 % less for activations than full fine-tuning of 24 layers', () => {
    const full = plan({ optimizer: 'none', loss: 'cut-cross-entropy' }, at(24));
    const plain = peak(full) - persistent(full).weights;
    expect(1 - passing('reversible', 24) / plain).toBeGreaterThan(0.84);
  });

  it('costs no more bytes with another factor than a scaled copy', () => {
    const of = (factor: number) => peak(plan({ train: 'lora', backward: use('reversible', { factor }) }));
    expect(of(0.1)).toBeGreaterThanOrEqual(of(1));
    expect(of(0.1) - of(1)).toBeLessThanOrEqual(2 * 512 * 512);
  });
});
