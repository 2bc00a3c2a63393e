import type { DType } from './types';

/** Bits of one element, without scales or other metadata. */
const BITS: Record<DType, number> = {
  fp32: 32,
  bf16: 16,
  fp16: 16,
  fp8: 8,
  int64: 64,
  int32: 32,
  int8: 8,
  int4: 4,
  int3: 3,
  int2: 2,
  nf4: 4,
  bool: 8,
};

/** Bytes of `elements` elements of a type, packed and rounded up to a whole byte. */
export const bytesOf = (dtype: DType, elements: number): number => Math.ceil((elements * BITS[dtype]) / 8);

/** Bytes of one element (0.5 for four-bit types). */
export const bytesPer = (dtype: DType): number => BITS[dtype] / 8;

/** Whether one type has more bits than another. */
export const isWider = (one: DType, other: DType): boolean => BITS[one] > BITS[other];
