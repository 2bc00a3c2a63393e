/** First values of a proxy's weights. */
import type { Model } from '../plan/types';
import { elements, type Weight } from '../plan/weights';
import { hashText, normals } from './random';

/** Values of one weight of one layer (or outside of the layers). */
export type WeightSource = (weight: Weight, layer: number | undefined) => Float32Array<ArrayBuffer>;

/**
 * Norms start at one, the second matrix of an adapter at zero, matrices at a normal distribution of deviation 1 / √inputs,
 * those that end a residual branch smaller by √(2 · layers).
 */
export function initialWeights(model: Model, seed: number): WeightSource {
  return (weight, layer) => {
    const count = elements(weight);
    if (weight.role === 'norm') return new Float32Array(count).fill(1);
    if (weight.name.endsWith('.lora_b')) return new Float32Array(count);
    const inputs = weight.shape[weight.shape.length - 1] ?? 1;
    const branch = weight.name === 'attn.o' || weight.name === 'mlp.down' ? 1 / Math.sqrt(2 * model.layers) : 1;
    const deviation = weight.role === 'embedding' ? 0.5 / Math.sqrt(inputs) : branch / Math.sqrt(inputs);
    const next = normals(hashText(`${seed} ${weight.name} ${layer ?? '-'}`));
    return Float32Array.from({ length: count }, () => next() * deviation);
  };
}

/** Cosines, then sines, of every position and half of the head's width: [sequence, headDim]. */
export function rotaryTable(sequence: number, headDim: number, base = 10_000): Float32Array<ArrayBuffer> {
  const half = headDim / 2;
  const table = new Float32Array(sequence * headDim);
  for (let position = 0; position < sequence; position++)
    for (let j = 0; j < half; j++) {
      const angle = position * base ** ((-2 * j) / headDim);
      table[position * headDim + j] = Math.cos(angle);
      table[position * headDim + half + j] = Math.sin(angle);
    }
  return table;
}
