import type { DType } from '../../plan/types';
import * as aten from '../../tape/pytorch/aten';
import { type PytorchStep, tokensOf } from '../../tape/pytorch/context';
import { crossEntropyOf, headLogits } from '../../tape/pytorch/loss';
import { chunksOf, type LossOf, lossBackwardByChunks, sliceOf } from '../../tape/pytorch/loss-chunks';
import type { Tensor } from '../../tape/trace';

/**
 * Head and loss over chunks of `chunk` tokens, each under its own checkpoint: forward keeps only the hidden states, and
 * backward makes one chunk's logits again, adding into the gradients of the hidden states and of the head.
 */
export function chunkedLoss(
  step: PytorchStep,
  hidden: Tensor,
  chunk: number,
  of: LossOf = (logits, rows) => crossEntropyOf(step, logits, rows, 'padded-labels'),
): () => Tensor | null {
  const { trace } = step;
  const { size, chunks } = chunksOf(step, chunk);
  trace.within('loss', () =>
    trace.repeat({ axis: 'chunk', count: chunks }, [], () => {
      trace.noGrad(() => {
        const slice = sliceOf(step, hidden, size);
        const { loss, output } = of(headLogits(step, slice), { batch: 1, tokens: size });
        trace.release(loss, output, slice);
        step.endAutocast('here');
      });
      return [];
    }),
  );
  if (step.recipe.pytorch.forwardOnly) return () => null;
  return lossBackwardByChunks(step, hidden, chunk, of, false);
}

/**
 * Head and loss over chunks whose logits are all kept: the model returns a list of chunks' logits, and the loss takes
 * one after the other (torchtune's CEWithChunkedOutputLoss, LitGPT's chunked head). What forward keeps for backward is
 * every chunk's log-probabilities; only the temporaries of a chunk are a chunk's. Compiled, the loss keeps the logits
 * themselves and makes the rest again.
 */
export function chunkedOutputs(step: PytorchStep, hidden: Tensor, chunk: number): () => Tensor | null {
  const { trace, recipe, options, rows } = step;
  const tokens = tokensOf(rows);
  const { size, chunks } = chunksOf(step, chunk);
  const weight = step.parameter(recipe.model.tiedEmbeddings ? 'embed' : 'head');
  const { vocab } = recipe.model;
  const { logits, logProbabilities } = trace.within('loss', () => {
    let logits = trace.noGrad(() => headLogits(step, hidden));
    logits.pieces = chunks;
    if (options.lossEra === 'output-float') {
      const wide = trace.noGrad(() => aten.to(trace, logits, 'fp32', 'logits'));
      wide.pieces = chunks;
      trace.release(logits);
      logits = wide;
    }
    const part = (name: string): Tensor => trace.tensor(name, [size, vocab], 'fp32', 'logits');
    if (options.compileLoss) {
      trace.op({ op: 'cross_entropy', reads: [logits] });
      return { logits, logProbabilities: null };
    }
    const logProbabilities = trace.tensor('log_softmax', [tokens, vocab], 'fp32', 'logits');
    logProbabilities.pieces = chunks;
    trace.op({
      op: 'aten._log_softmax',
      reads: [logits],
      writes: [logProbabilities],
      temps: logits.dtype === 'fp32' ? [] : [part('float')],
    });
    return { logits, logProbabilities };
  });
  trace.hold(hidden);
  // Autocast's copy of the head is cached where the head learns; a frozen one is copied for each chunk, and each is kept.
  const casts =
    recipe.autocast && weight.dtype !== recipe.compute
      ? trace.tensor('cast', [weight.requiresGrad ? 1 : chunks, ...weight.shape], recipe.compute, 'weights')
      : null;
  if (casts) {
    casts.pieces = weight.requiresGrad ? 1 : chunks;
    trace.op({ op: 'aten._to_copy', label: 'loss.head', writes: [casts] });
  }
  // Without its log-probabilities the loss needs the logits; with them only a caller holds on to them.
  if (logProbabilities && !options.holdOutput) trace.release(logits);
  else if (logProbabilities) step.holdUntilBackwardEnds(logits);
  return () => {
    const gradient = hidden.requiresGrad ? trace.tensor('hidden.gradient', hidden.shape, hidden.dtype, 'temporary') : null;
    const backward = (): void => {
      const part = (name: string, dtype: DType): Tensor => trace.tensor(name, [size, vocab], dtype, 'logits');
      let flowing: Tensor;
      if (logProbabilities) {
        const nll = part('nll.gradient', 'fp32');
        trace.op({ op: 'aten.nll_loss_backward', writes: [nll] });
        const wide = part('gradient', 'fp32');
        trace.op({ op: 'aten._log_softmax_backward_data', reads: [nll, logProbabilities], writes: [wide] });
        trace.release(nll);
        flowing = trace.noGrad(() => aten.to(trace, wide, recipe.compute, 'logits'));
        trace.release(wide);
      } else {
        flowing = part('gradient', recipe.compute);
        trace.op({ op: 'cross_entropy_backward', reads: [logits], writes: [flowing] });
      }
      const flops = 2 * size * vocab * recipe.model.hidden;
      if (gradient) {
        const share = trace.tensor('gradient', [size, recipe.model.hidden], hidden.dtype, 'temporary');
        trace.op({ op: 'aten.mm', reads: [flowing, weight], writes: [share], flops });
        trace.op({ op: 'aten.copy_', reads: [share], writes: [gradient] });
        trace.release(share);
      }
      if (weight.requiresGrad)
        trace.onParameterGradient(weight, aten.gradientOf(trace, 'aten.mm', weight, [flowing, hidden], [], flops));
      trace.release(flowing);
    };
    trace.within('loss', () => {
      backward();
      trace.repeat({ axis: 'chunk', count: chunks - 1, from: 1 }, [], () => {
        backward();
        return [];
      });
    });
    trace.release(logProbabilities ?? logits, hidden, casts);
    return gradient;
  };
}
