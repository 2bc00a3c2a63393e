/** The device's counter-based generator in double precision: `hash`, `random` and `normal` of the kernels. */

/** PCG's output function on 32 bits. */
export function hash(value: number): number {
  const state = (Math.imul(value, 747796405) + 2891336453) >>> 0;
  const word = Math.imul((state >>> ((state >>> 28) + 4)) ^ state, 277803737) >>> 0;
  return ((word >>> 22) ^ word) >>> 0;
}

/** Uniform in [0, 1) on 24 bits. */
export const random = (stream: number, index: number): number => (hash((stream ^ hash(index)) >>> 0) >>> 8) / 2 ** 24;

export const normal = (stream: number, index: number): number =>
  Math.sqrt(-2 * Math.log(1 - random(stream, 2 * index))) * Math.cos(2 * Math.PI * random(stream, 2 * index + 1) - Math.PI);
