/** Head and loss over chunks of tokens: what every loss that never has all logits at once shares. */
import type { Tensor } from '../trace';
import { type PytorchStep, type Rows, tokensOf } from './context';
import { headLogits } from './loss';

/** Writes a loss of logits, taking over the reference to them, and returns it with what the caller of the model holds. */
export type LossOf = (logits: Tensor, rows: Rows) => { loss: Tensor; output: Tensor };

/** Tokens of one chunk, and how many chunks there are. */
export function chunksOf(step: PytorchStep, chunk: number): { size: number; chunks: number } {
  const tokens = tokensOf(step.rows);
  const size = Math.min(chunk, tokens);
  return { size, chunks: Math.ceil(tokens / size) };
}

/** A slice of the hidden states: a view, so it owns no bytes. */
export function sliceOf({ trace, recipe }: PytorchStep, hidden: Tensor, size: number): Tensor {
  const slice = trace.tensor('chunk', [size, recipe.model.hidden], hidden.dtype, 'activations', 0);
  slice.requiresGrad = hidden.requiresGrad;
  return slice;
}

/**
 * Keeps the hidden states and returns what writes the backward: each chunk's logits and loss are made and differentiated
 * at once, adding into the gradients of the hidden states and of the head. `held`: the model's output lives that long too.
 */
export function lossBackwardByChunks(
  step: PytorchStep,
  hidden: Tensor,
  chunk: number,
  of: LossOf,
  held: boolean,
): () => Tensor | null {
  const { trace } = step;
  const { size, chunks } = chunksOf(step, chunk);
  trace.hold(hidden);
  return () => {
    const gradient = hidden.requiresGrad ? trace.tensor('hidden.gradient', hidden.shape, hidden.dtype, 'temporary') : null;
    const one = (): void => {
      const slice = sliceOf(step, hidden, size);
      const { value, nodes } = trace.capture(() => of(headLogits(step, slice), { batch: 1, tokens: size }));
      if (!held) trace.release(value.output);
      step.endAutocast('here');
      const seed = trace.tensor('loss.gradient', [1], 'fp32', 'temporary');
      const [part] = step.backward(nodes, value.loss, seed, [slice]);
      trace.release(value.loss);
      if (held) trace.release(value.output);
      if (gradient) trace.op({ op: 'aten.copy_', label: 'gradient', reads: part ? [part] : [], writes: [gradient] });
      trace.release(part, slice);
    };
    trace.within('loss', () => {
      // The first chunk makes the head's gradient, the others add to it.
      one();
      trace.repeat({ axis: 'chunk', count: chunks - 1, from: 1 }, [], () => {
        one();
        return [];
      });
    });
    trace.release(hidden);
    return gradient;
  };
}
