import type { Stage } from '../../tape/cards';

/**
 * Layers of each stage. Those that are left over go to the middle first: the outer stages have the embedding or the head
 * besides.
 */
export function stageLayers(layers: number, stages: number, stated: { first?: number; last?: number } = {}): number[] {
  const { first, last } = stated;
  const statedOf = (stage: number): number | undefined => (stage === 0 && first) || (stage === stages - 1 && last) || undefined;
  const all = Array.from({ length: stages }, (_, stage) => stage);
  const others = all.filter((stage) => !statedOf(stage));
  const rest = layers - (first ?? 0) - (last ?? 0);
  const counts = all.map((stage) => statedOf(stage) ?? Math.floor(rest / others.length));
  const inner = (stage: number): boolean => stage > 0 && stage < stages - 1;
  const order = [...others.filter(inner), ...others.filter((stage) => !inner(stage))];
  for (const stage of order.slice(0, rest % Math.max(1, others.length))) counts[stage] = (counts[stage] ?? 0) + 1;
  return counts;
}

/**
 * What waits beside the running micro-batch on stage `index`. 1F1B: min(n − i, m) micro-batches are in flight
 * (Narayanan et al., arXiv:2006.09503). Interleaved: 2(n − i − 1) + (v − 1)n + 1 pieces of a v-th of the stage each, which
 * on the first stage is 1 + (n − 1)/(nv) times what 1F1B has (Narayanan et al., arXiv:2104.04473); a micro-batch goes through the
 * last piece of the last stage and straight back, while up to 2n have been through the embedding. GPipe: all of them.
 */
export function waitingOn(
  index: number,
  stages: number,
  layers: number,
  microBatches: number,
  pieces: number | 'all',
): Stage['waiting'] {
  const each = pieces === 'all' ? 1 : pieces;
  const inFlight =
    pieces === 'all'
      ? microBatches
      : pieces === 1
        ? Math.min(stages - index, microBatches)
        : Math.min(2 * (stages - index - 1) + (pieces - 1) * stages + 1, pieces * microBatches);
  const wait = Math.round((layers * inFlight) / each) - layers;
  if (each === 1) return { layers: wait, microBatches: inFlight - 1 };
  return { layers: wait, microBatches: index === stages - 1 ? 0 : Math.min(2 * stages, inFlight, microBatches) - 1 };
}
