/** Blockwise 8-bit Adam in double precision, its codes kept as the device keeps them. */
import type { Array64 } from '../../runner/reference/arrays';
import { dynamicMap, nearest } from '../weights/nf4';

const SIGNED = dynamicMap(true);
const UNSIGNED = dynamicMap(false);
/** Code of zero among the signed values. */
const ZERO = 127;

/** The nearest code, moved so that a moment keeps its sign. */
function signedCode(value: number): number {
  const code = nearest(SIGNED, value);
  if (value < 0 && code >= ZERO) return ZERO - 1;
  return value > 0 && code < ZERO ? ZERO : code;
}

/** Parameters after every step; moments are used unrounded and kept rounded. */
export function replayEightBit(
  gradients: readonly Array64[],
  before: Array64,
  block: number,
  rate: number,
  epsilon: number,
): Array64[] {
  const count = before.length;
  let p = before;
  const m = new Float64Array(count);
  const v = new Float64Array(count);
  return gradients.map((gradient, step) => {
    const [c1, c2] = [1 - 0.9 ** (step + 1), 1 - 0.999 ** (step + 1)];
    p = p.map((w, i) => {
      const g = gradient[i] as number;
      m[i] = 0.9 * (m[i] as number) + 0.1 * g;
      v[i] = 0.999 * (v[i] as number) + 0.001 * g * g;
      return w - ((rate / c1) * (m[i] as number)) / (Math.sqrt((v[i] as number) / c2) + epsilon);
    });
    for (let from = 0; from < count; from += block) {
      const range = (values: Array64) => values.subarray(from, Math.min(from + block, count));
      const highest = (values: Array64) => Math.fround(range(values).reduce((high, value) => Math.max(high, Math.abs(value)), 0));
      const [high1, high2] = [highest(m), highest(v)];
      range(m).forEach((value, i) => {
        m[from + i] = high1 > 0 ? (SIGNED[signedCode(value / high1)] as number) * high1 : 0;
      });
      range(v).forEach((value, i) => {
        v[from + i] = high2 > 0 ? (UNSIGNED[nearest(UNSIGNED, value / high2)] as number) * high2 : 0;
      });
    }
    return p;
  });
}
