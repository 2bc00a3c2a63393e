/** Operations by what bounds their speed: those of one class reach about the same share of a card's peaks. */
import type { OpClass } from '../plan/types';
import type { OpNode } from './types';

/** Orthogonal factors are found one rotation after the other: their speed is not that of products with as much arithmetic. */
const DECOMPOSITION = /svd|jacobi|orthonormalize|galore_(?:start|random|select)/;
const ATTENTION = /^(?:attention|sdpa)/;

export function classOf({ op, flops }: Pick<OpNode, 'op' | 'flops'>): OpClass {
  if (ATTENTION.test(op)) return 'attention';
  if (DECOMPOSITION.test(op)) return 'decompositions';
  return flops > 0 ? 'products' : 'elementwise';
}

/** What a card does at most: FLOP per second, and bytes per second to and from its memory. */
export interface Peaks {
  flops: number;
  bandwidth: number;
}

/** Seconds of an operation at the peaks: the longer of its arithmetic and its traffic. */
export const secondsAtPeaks = ({ flops, moved }: Pick<OpNode, 'flops' | 'moved'>, peaks: Peaks): number =>
  Math.max(flops / peaks.flops, moved / peaks.bandwidth);

/** Runs of an operation in one step: less than one where it is done every so many steps only. */
export const runsAStep = ({ attrs }: Pick<OpNode, 'attrs'>): number => 1 / Number(attrs?.every ?? 1);
