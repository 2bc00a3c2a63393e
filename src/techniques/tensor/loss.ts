import * as aten from '../../tape/pytorch/aten';
import { type PytorchStep, tokensOf } from '../../tape/pytorch/context';
import { headLogits } from '../../tape/pytorch/loss';
import type { Tensor } from '../../tape/trace';

/**
 * Megatron-LM's vocab_parallel_cross_entropy: float32 logits become their softmax in place and are kept; backward makes
 * the gradient out of them in place too, and then a copy in the compute type: 6 bytes a logit at the most. What the cards
 * exchange is a maximum and two sums a token.
 */
export function vocabParallelLoss(step: PytorchStep, hidden: Tensor): () => Tensor | null {
  const { trace, rows } = step;
  const { value: loss, nodes } = trace.capture(() => {
    const logits = headLogits(step, hidden);
    return trace.within('loss', () => {
      const wide = aten.to(trace, logits, 'fp32', 'logits');
      trace.release(logits);
      trace.op({ op: 'vocab_parallel_cross_entropy', reads: [wide], writes: [wide] });
      const labels = trace.tensor('labels', [tokensOf(rows)], 'int64', 'activations');
      const output = trace.tensor('loss', [1], 'fp32', 'temporary');
      trace.op({ op: 'aten.gather', reads: [wide], writes: [output, labels], moved: labels.bytes });
      trace.record({
        output,
        inputs: [wide],
        saved: [wide, labels],
        backward: () => {
          trace.op({ op: 'vocab_parallel_cross_entropy_backward', reads: [labels], writes: [wide] });
          return [trace.hold(wide)];
        },
      });
      trace.release(wide, labels);
      return output;
    });
  });
  if (step.recipe.pytorch.forwardOnly) {
    trace.release(loss);
    return () => null;
  }
  return () => {
    const seed = trace.tensor('loss.gradient', [1], 'fp32', 'temporary');
    const [gradient] = step.backward(nodes, loss, seed, [hidden]);
    trace.release(loss);
    return gradient ?? null;
  };
}
