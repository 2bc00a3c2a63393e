import { type PytorchStep, tokensOf } from '../../tape/pytorch/context';
import { crossEntropyOf, headLogits } from '../../tape/pytorch/loss';
import type { Tensor } from '../../tape/trace';

/**
 * Head and loss over chunks of `chunk` tokens, each under its own checkpoint: forward keeps only the hidden states, and
 * backward makes one chunk's logits again, adding into the gradients of the hidden states and of the head.
 */
export function chunkedLoss(step: PytorchStep, hidden: Tensor, chunk: number): () => Tensor | null {
  const { trace, rows } = step;
  const tokens = tokensOf(rows);
  const size = Math.min(chunk, tokens);
  const chunks = Math.ceil(tokens / size);
  const one = { batch: 1, tokens: size };
  const forward = (input: Tensor): { loss: Tensor; output: Tensor } =>
    crossEntropyOf(step, headLogits(step, input), one, 'padded-labels');
  const view = (): Tensor => {
    // A slice of the hidden states: a view, so it owns no bytes.
    const slice = trace.tensor('chunk', [size, step.recipe.model.hidden], hidden.dtype, 'activations', 0);
    slice.requiresGrad = hidden.requiresGrad;
    return slice;
  };
  trace.within('loss', () =>
    trace.repeat({ axis: 'chunk', count: chunks }, [], () => {
      trace.noGrad(() => {
        const slice = view();
        const { loss, output } = forward(slice);
        trace.release(loss, output, slice);
        step.endAutocast('here');
      });
      return [];
    }),
  );
  trace.hold(hidden);
  return () => {
    const gradient = hidden.requiresGrad ? trace.tensor('hidden.gradient', hidden.shape, hidden.dtype, 'temporary') : null;
    const backward = (): void => {
      const slice = view();
      const { value, nodes } = trace.capture(() => forward(slice));
      trace.release(value.output);
      step.endAutocast('here');
      const seed = trace.tensor('loss.gradient', [1], 'fp32', 'temporary');
      const [part] = step.backward(nodes, value.loss, seed, [slice]);
      trace.release(value.loss);
      if (gradient) trace.op({ op: 'aten.copy_', label: 'loss.gradient', reads: part ? [part] : [], writes: [gradient] });
      trace.release(part, slice);
    };
    trace.within('loss', () => {
      // The first chunk makes the head's gradient, the others add to it.
      backward();
      trace.repeat({ axis: 'chunk', count: chunks - 1, from: 1 }, [], () => {
        backward();
        return [];
      });
    });
    trace.release(hidden);
    return gradient;
  };
}
