/** The parameters of every part of every dispatch, written before a step where they depend on it. */
import type { Dispatch, StepState } from './ops/bind';
import { HEADER_WORDS, type Part } from './parts';

/** A dispatch whose parts have a place in the uniform buffer, and the micro-batch that it belongs to. */
export interface Parametrised extends Pick<Dispatch, 'params'> {
  micro: number;
  parts: readonly (Part & { at: number })[];
}

/** What fills a buffer of so many bytes for a step. */
export function filler(
  { queue }: GPUDevice,
  uniforms: GPUBuffer,
  bytes: number,
  dispatches: readonly Parametrised[],
): (state: StepState) => void {
  const words = new DataView(new ArrayBuffer(bytes));
  const dynamic = dispatches.some(({ params }) => params.some((word) => typeof Object.values(word)[0] === 'function'));
  let filled = false;
  return (state) => {
    if (filled && !dynamic) return;
    for (const { params, parts, micro } of dispatches) {
      // Every micro-batch draws its own numbers.
      const own = micro === 0 ? state : { ...state, seed: state.seed ^ Math.imul(micro, 0x9e3779b1) };
      for (const { at, origin } of parts) {
        origin.forEach((value, index) => {
          words.setUint32(at + index * 4, value, true);
        });
        params.forEach((word, index) => {
          const source = 'u' in word ? word.u : word.f;
          const value = typeof source === 'function' ? source(own) : source;
          const to = at + (HEADER_WORDS + index) * 4;
          if ('u' in word) words.setUint32(to, value >>> 0, true);
          else words.setFloat32(to, value, true);
        });
      }
    }
    filled = true;
    queue.writeBuffer(uniforms, 0, words.buffer);
  };
}
