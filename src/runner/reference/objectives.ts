/** What a model is trained to make small, in double precision: the loss of its logits, and their gradient. */
import type { Array64 } from './arrays';

export interface Scored {
  loss: number;
  dlogits: Array64;
}

/** Rows are position-major; a target below zero is none. */
export type Objective = (logits: Array64, vocab: number, targets: readonly number[]) => Scored;

/** log Σ exp of a row of logits. */
export function logSumExp(z: Array64): number {
  const high = z.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  return high + Math.log(z.reduce((total, value) => total + Math.exp(value - high), 0));
}

/** Mean of −log p(target) over the rows that have one. */
export const crossEntropy: Objective = (logits, vocab, targets) => {
  const valid = targets.filter((target) => target >= 0).length;
  const dlogits = new Float64Array(logits.length);
  let loss = 0;
  targets.forEach((target, row) => {
    if (target < 0) return;
    const z = logits.subarray(row * vocab, (row + 1) * vocab);
    const lse = logSumExp(z);
    loss += (lse - (z[target] as number)) / valid;
    z.forEach((value, word) => {
      dlogits[row * vocab + word] = (Math.exp(value - lse) - (word === target ? 1 : 0)) / valid;
    });
  });
  return { loss, dlogits };
};
