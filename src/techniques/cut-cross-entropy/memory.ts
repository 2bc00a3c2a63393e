import { type PytorchStep, tokensOf } from '../../tape/pytorch/context';
import type { Tensor } from '../../tape/trace';

/**
 * Cut cross-entropy: logits exist only as tiles in registers. Forward keeps the hidden states and a float32
 * log-sum-exp a token; backward makes the tiles again. Wijmans et al., arXiv:2411.09009; apple/ml-cross-entropy.
 */
export function cutCrossEntropy(step: PytorchStep, hidden: Tensor): () => Tensor | null {
  const { trace, recipe } = step;
  const tokens = tokensOf(step.rows);
  const name = recipe.model.tiedEmbeddings ? 'embed' : 'head';
  const weight = step.parameter(name);
  const flops = 2 * tokens * recipe.model.vocab * recipe.model.hidden;
  const lse = trace.tensor('lse', [tokens], 'fp32', 'logits');
  const picked = trace.tensor('target', [tokens], 'fp32', 'logits');
  trace.op({ op: 'cce.forward', label: 'loss', reads: [hidden, weight], writes: [lse, picked], flops });
  trace.release(picked);
  if (recipe.pytorch.forwardOnly) {
    trace.release(lse);
    return () => null;
  }
  trace.hold(hidden);
  return () => {
    const gradients = [
      hidden.requiresGrad ? trace.tensor('gradient', hidden.shape, hidden.dtype, 'temporary') : null,
      weight.requiresGrad ? trace.tensor('gradient', weight.shape, weight.dtype, 'gradients') : null,
    ] as const;
    trace.op({
      op: 'cce.backward',
      label: 'loss',
      reads: [hidden, weight, lse],
      writes: gradients.filter((t) => t !== null),
      flops: 3 * flops,
    });
    trace.release(lse, hidden);
    if (gradients[1]) trace.onParameterGradient(weight, gradients[1]);
    return gradients[0];
  };
}
