import * as aten from '../../tape/pytorch/aten';
import { type PytorchStep, tokensOf } from '../../tape/pytorch/context';
import { headLogits } from '../../tape/pytorch/loss';
import type { Tensor } from '../../tape/trace';

/**
 * Megatron-LM's vocab_parallel_cross_entropy: float32 logits become their softmax in place and are kept; backward makes
 * the gradient out of them in place too, and then a copy in the compute type: 6 bytes a logit at the most. nanotron's
 * _ShardedCrossEntropy (parallel/tensor_parallel/functional.py) makes the softmax in a copy, while its caller holds the float32
 * logits: 8 bytes. What the cards exchange is a maximum and two sums a token.
 */
export const vocabParallelLoss =
  (inPlace: boolean) =>
  (step: PytorchStep, hidden: Tensor): (() => Tensor | null) => {
    const { trace, rows } = step;
    const { value: loss, nodes } = trace.capture(() => {
      const logits = headLogits(step, hidden);
      return trace.within('loss', () => {
        const wide = aten.to(trace, logits, 'fp32', 'logits');
        trace.release(logits);
        const softmax = inPlace ? trace.hold(wide) : trace.tensor('softmax', wide.shape, 'fp32', 'logits');
        trace.op({ op: 'vocab_parallel_cross_entropy', reads: [wide], writes: [softmax] });
        const labels = trace.tensor('labels', [tokensOf(rows)], 'int64', 'activations');
        const output = trace.tensor('loss', [1], 'fp32', 'temporary');
        trace.op({ op: 'aten.gather', reads: [softmax], writes: [output, labels], moved: labels.bytes });
        trace.record({
          output,
          inputs: [wide],
          saved: [softmax, labels],
          backward: () => {
            trace.op({ op: 'vocab_parallel_cross_entropy_backward', reads: [labels], writes: [softmax] });
            return [trace.hold(softmax)];
          },
        });
        trace.release(wide, softmax, labels);
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
  };
