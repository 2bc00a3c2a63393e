/** Optimizer steps in double precision. `step` counts from 1. */
import type { Array64 } from './arrays';

export interface AdamState {
  m: Array64;
  v: Array64;
}
export const adamState = (count: number): AdamState => ({ m: new Float64Array(count), v: new Float64Array(count) });

export interface AdamOptions {
  rate: number;
  beta1: number;
  beta2: number;
  epsilon: number;
  /** Where epsilon stands: after the bias correction (`torch`) or before it (`transformers`). */
  form: 'torch' | 'transformers';
}

/** What is to be subtracted from the parameter; updates the moments. */
export function adamDirection(state: AdamState, gradient: Array64, step: number, options: AdamOptions): Array64 {
  const { rate, beta1, beta2, epsilon, form } = options;
  const [c1, c2] = [1 - beta1 ** step, 1 - beta2 ** step];
  return gradient.map((g, i) => {
    const m = beta1 * (state.m[i] as number) + (1 - beta1) * g;
    const v = beta2 * (state.v[i] as number) + (1 - beta2) * g * g;
    state.m[i] = m;
    state.v[i] = v;
    return form === 'torch'
      ? ((rate / c1) * m) / (Math.sqrt(v) / Math.sqrt(c2) + epsilon)
      : ((rate * Math.sqrt(c2)) / c1) * (m / (Math.sqrt(v) + epsilon));
  });
}
