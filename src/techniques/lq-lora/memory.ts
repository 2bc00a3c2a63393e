import { elements, type Weight } from '../../plan/weights';
import type { Part } from '../../tape/recipe';

/** Weights of a block, and maxima of a block of maxima. */
const BLOCK = 64;
const OUTER = 256;

/** Codes that leave room in a budget of `bits` a weight for 8-bit maxima and their float32 maxima (HanGuo97/lq-lora). */
export function budgetCodes(weight: Weight, bits: number): Part[] {
  const count = elements(weight);
  const maxima = Math.ceil(count / BLOCK);
  const outer = Math.ceil(maxima / OUTER);
  return [
    { name: 'codes', shape: [Math.ceil((count * bits) / 8) - maxima - 4 * outer], dtype: 'int8' },
    { name: 'absmax.codes', shape: [maxima], dtype: 'int8' },
    { name: 'absmax.absmax', shape: [outer], dtype: 'fp32' },
  ];
}
