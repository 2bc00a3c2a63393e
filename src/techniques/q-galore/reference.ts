/** One step of Q-GaLore in double precision, from what the device held before it. */
import { type Array64, productNn, productNt, productTn } from '../../runner/reference/arrays';
import { dynamicMap } from '../weights/nf4';
import { GROUP } from './memory';
import { INNER } from './webgpu';

/** Blockwise 8-bit values, as bytes of codes and a maximum for each block. */
export interface Blockwise {
  codes: Uint8Array;
  absmax: Float32Array;
}

const MAPS = { mean: dynamicMap(true), square: dynamicMap(false) };

function decoded({ codes, absmax }: Blockwise, map: readonly number[], count: number): Float64Array<ArrayBuffer> {
  return Float64Array.from(
    { length: count },
    (_, i) => (map[codes[i] as number] as number) * (absmax[Math.floor(i / GROUP)] as number),
  );
}

/** The matrix after step `step` (from 0). The projector is the one that the step used, whatever it was rounded to. */
export function qGaloreStep64(
  [rows, columns, rank]: readonly [number, number, number],
  before: Array64,
  gradient: Array64,
  projector: Array64,
  moments: { mean: Blockwise; square: Blockwise },
  { step, rate, scale }: { step: number; rate: number; scale: number },
): Array64 {
  const right = rows >= columns;
  const { beta1, beta2, epsilon } = INNER;
  const low = right ? productNt(gradient, projector, rows, rank, columns) : productTn(projector, gradient, rank, columns, rows);
  // Codes of zero decode to a little less than nothing while no maximum stands behind them.
  const mean = decoded(moments.mean, MAPS.mean, low.length);
  const square = decoded(moments.square, MAPS.square, low.length);
  const size = (scale * rate * Math.sqrt(1 - beta2 ** (step + 1))) / (1 - beta1 ** (step + 1));
  const direction = low.map((r, i) => {
    const m = beta1 * (mean[i] as number) + (1 - beta1) * r;
    const v = beta2 * (square[i] as number) + (1 - beta2) * r * r;
    return (size * m) / (Math.sqrt(v) + epsilon);
  });
  const change = right
    ? productNn(direction, projector, rows, columns, rank)
    : productNn(projector, direction, rows, columns, rank);
  return before.map((w, i) => w - (change[i] as number));
}
