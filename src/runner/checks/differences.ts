/** Gradients against finite differences: the one measure of them that no backward pass, ours or the reference's, has a part in. */

import { uniforms } from '../random';
import type { Weights64 } from '../reference/model';

/** Length of a step to either side: the error of a central difference is of the order of its square. */
const STEP = 1e-4;

/**
 * Moves each parameter along a direction of its own, and compares how the loss changes with what its gradient says. Returns the largest
 * difference, relative to the largest change that a gradient of that length could make, and where it was.
 */
export function againstDifferences(
  lossOf: (weights: Weights64) => number,
  weights: Weights64,
  gradients: ReadonlyMap<string, ArrayLike<number>>,
  seed: number,
): { error: number; where: string } {
  const next = uniforms(seed);
  const longest = [...gradients.values()].reduce((high, gradient) => Math.max(high, length(gradient)), 0);
  let result = { error: 0, where: '' };
  for (const [name, gradient] of gradients) {
    const values = weights.get(name);
    if (!values) return { error: Number.MAX_VALUE, where: name };
    const direction = Float64Array.from(values, () => 2 * next() - 1);
    const unit = length(direction);
    const moved = (by: number) =>
      lossOf(
        new Map(weights).set(
          name,
          values.map((value, i) => value + (by * (direction[i] as number)) / unit),
        ),
      );
    const found = (moved(STEP) - moved(-STEP)) / (2 * STEP);
    const said = direction.reduce((sum, part, i) => sum + (part * (gradient[i] as number)) / unit, 0);
    // A gradient that vanishes by mathematics is measured against the others.
    const error = Math.abs(found - said) / Math.max(length(gradient), 1e-3 * longest);
    if (!(error <= result.error)) result = { error: Number.isFinite(error) ? error : Number.MAX_VALUE, where: name };
  }
  return result;
}

const length = (values: ArrayLike<number>): number =>
  Math.sqrt(Array.from(values).reduce((sum, value) => sum + value * value, 0));
