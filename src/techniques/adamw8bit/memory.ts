import type { DType } from '../../plan/types';
import { elements, type Weight } from '../../plan/weights';
import type { Part } from '../../tape/recipe';

/** Tensors below this many elements keep 32-bit states (bitsandbytes' min_8bit_size). */
export const SMALLEST_QUANTIZED = 4096;
/** Paged states live in managed memory only from this many elements on (bitsandbytes). */
const SMALLEST_PAGED = 100_000;

/**
 * Whether a weight's states stay in 32 bits: small ones, and tables of embeddings where bitsandbytes is told so, as the Trainer of
 * Transformers does (`register_module_override(module, "weight", {"optim_bits": 32})` for each `nn.Embedding`).
 */
export const staysWide = (weight: Weight, wideEmbeddings: boolean): boolean =>
  elements(weight) < SMALLEST_QUANTIZED || (wideEmbeddings && (weight.role === 'embedding' || weight.role === 'position'));

/** Moments of large tensors in managed memory, which is the driver's, not the framework's allocator's; `get_state_buffer` of bitsandbytes. */
export const pagedStates = (weight: Weight, moments: readonly Part[]): Part[] =>
  moments.map((part) => (elements(weight) >= SMALLEST_PAGED ? { ...part, place: 'managed' } : part));

/** One byte a moment and a float32 maximum for each block; bitsandbytes, functional.py and optimizer.py. The maxima stay on the card. */
export const blockwiseStates =
  (block: number, paged: boolean, wideEmbeddings = false) =>
  (weight: Weight, _parameter: DType): Part[] => {
    const wide = staysWide(weight, wideEmbeddings);
    const moments = ['exp_avg', 'exp_avg_sq'].map((name): Part => ({ name, shape: weight.shape, dtype: wide ? 'fp32' : 'int8' }));
    const placed = paged ? pagedStates(weight, moments) : moments;
    if (wide) return placed;
    const blocks = [Math.ceil(elements(weight) / block)];
    return [
      ...placed,
      { name: 'exp_avg.absmax', shape: blocks, dtype: 'fp32' },
      { name: 'exp_avg_sq.absmax', shape: blocks, dtype: 'fp32' },
    ];
  };
