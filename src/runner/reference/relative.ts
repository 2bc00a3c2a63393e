/** Largest |a − b| over the largest change of `wanted` from `before`; what is no number counts as the largest error. */
export function relativeToChange(got: ArrayLike<number>, wanted: ArrayLike<number>, before: ArrayLike<number>): number {
  let [error, change] = [0, 0];
  for (let i = 0; i < wanted.length; i++) {
    const apart = Math.abs((got[i] as number) - (wanted[i] as number));
    error = Number.isFinite(apart) ? Math.max(error, apart) : Number.MAX_VALUE;
    change = Math.max(change, Math.abs((wanted[i] as number) - (before[i] as number)));
  }
  const relative = error === 0 ? 0 : error / change;
  return Number.isFinite(relative) ? relative : Number.MAX_VALUE;
}
