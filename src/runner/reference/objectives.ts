/** What a model is trained to make small, in double precision: the loss of its logits, and their gradient. */
import type { Array64 } from './arrays';

export interface Scored {
  loss: number;
  dlogits: Array64;
}

/** Rows are position-major; a target below zero is none. */
export type Objective = (logits: Array64, vocab: number, targets: readonly number[]) => Scored;

/** log Σ exp of a row of logits. */
function logSumExp(z: Array64): number {
  const high = z.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  return high + Math.log(z.reduce((total, value) => total + Math.exp(value - high), 0));
}

/** Log-probability of each row's target at a temperature (0 where there is none), and the gradient of logits from its own. */
function scored(logits: Array64, vocab: number, targets: readonly number[], temperature: number) {
  const rows = targets.map((_, row) => logits.subarray(row * vocab, (row + 1) * vocab).map((value) => value / temperature));
  const lse = rows.map(logSumExp);
  const scores = targets.map((target, row) => (target < 0 ? 0 : (rows[row]?.[target] as number) - (lse[row] as number)));
  const back = (factors: readonly number[]): Array64 => {
    const dlogits = new Float64Array(logits.length);
    targets.forEach((target, row) => {
      if (target < 0) return;
      rows[row]?.forEach((value, word) => {
        const softmax = Math.exp(value - (lse[row] as number));
        dlogits[row * vocab + word] = ((factors[row] as number) * ((word === target ? 1 : 0) - softmax)) / temperature;
      });
    });
    return dlogits;
  };
  return { scores, back };
}

/** Mean over pairs of −log sigmoid(beta · u); chosen answers are the first half of the samples. */
export const directPreference =
  (beta: number, reference: ArrayLike<number>, batch: number): Objective =>
  (logits, vocab, targets) => {
    const { scores, back } = scored(logits, vocab, targets, 1);
    const pairs = batch / 2;
    const side = (row: number) => (row % batch < pairs ? 1 : -1);
    const u = new Float64Array(pairs);
    targets.forEach((target, row) => {
      const pair = row % pairs;
      if (target >= 0) u[pair] = (u[pair] as number) + side(row) * ((scores[row] as number) - (reference[row] as number));
    });
    const loss = u.reduce((sum, value) => sum + Math.log(1 + Math.exp(-beta * value)) / pairs, 0);
    const factors = targets.map((_, row) => {
      const sigmoid = 1 / (1 + Math.exp(-beta * (u[row % pairs] as number)));
      return (side(row) * -beta * (1 - sigmoid)) / pairs;
    });
    return { loss, dlogits: back(factors) };
  };

/** Mean over rows of −min(ρA, clip(ρ)A) + distance · (exp(ref − lp) − (ref − lp) − 1), ρ = exp(lp − ref). */
export const groupRelative =
  (
    { temperature, distance, clip }: { temperature: number; distance: number; clip: number },
    reference: ArrayLike<number>,
    advantages: ArrayLike<number>,
  ): Objective =>
  (logits, vocab, targets) => {
    const { scores, back } = scored(logits, vocab, targets, temperature);
    const valid = targets.filter((target) => target >= 0).length;
    let loss = 0;
    const factors = targets.map((target, row) => {
      if (target < 0) return 0;
      const apart = (scores[row] as number) - (reference[row] as number);
      const [ratio, advantage] = [Math.exp(apart), advantages[row] as number];
      const [free, clipped] = [ratio * advantage, Math.min(1 + clip, Math.max(1 - clip, ratio)) * advantage];
      loss += (-Math.min(free, clipped) + distance * (Math.exp(-apart) + apart - 1)) / valid;
      return ((free <= clipped ? -free : 0) + distance * (1 - Math.exp(-apart))) / valid;
    });
    return { loss, dlogits: back(factors) };
  };

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
