/** Head and loss as `transformers` writes them; the wide tensors of a step live here. */
import type { Tensor } from '../trace';
import * as aten from './aten';
import { type LossEra, type PytorchStep, type Rows, tokensOf } from './context';
import { linear } from './linear';
import { norm } from './norms';

/**
 * Full logits and `F.cross_entropy`, in the three forms that released versions have. Keeps log-probabilities in
 * float32; the output object keeps the logits where it is held. Returns the loss's gradient function.
 */
export function fullLogits(step: PytorchStep, hidden: Tensor): () => Tensor | null {
  const { trace, options, rows } = step;
  const { value, nodes } = trace.capture(() => {
    const logits = headLogits(step, hidden);
    return trace.within('loss', () => crossEntropyOf(step, logits, rows, options.lossEra));
  });
  const { loss, output } = value;
  if (options.holdOutput) step.holdUntilBackwardEnds(output);
  else trace.release(output);
  return () => {
    const seed = trace.tensor('loss.gradient', [1], 'fp32', 'temporary');
    const [gradient] = step.backward(nodes, loss, seed, [hidden]);
    trace.release(loss);
    return gradient ?? null;
  };
}

/** hidden · headᵀ, bounded where the family bounds it. A tied head is the embedding's own table. */
export function headLogits(step: PytorchStep, hidden: Tensor): Tensor {
  const { trace, recipe } = step;
  const name = recipe.model.tiedEmbeddings ? 'embed' : 'head';
  if (!step.has('head.dense')) return softcap(step, linear(step, name, hidden, 'logits'));
  // A masked-LM head transforms first: dense, gelu, norm.
  const dense = linear(step, 'head.dense', hidden);
  const active = aten.pointwise(trace, 'gelu', dense, 'input');
  trace.release(dense);
  const normed = norm(step, 'head.norm', active);
  trace.release(active);
  const logits = linear(step, name, normed, 'logits');
  trace.release(normed);
  return logits;
}

interface Loss {
  loss: Tensor;
  /** What the model's output object holds. */
  output: Tensor;
}

/** `F.cross_entropy` of shifted logits; takes over the reference to `logits`. */
export function crossEntropyOf(step: PytorchStep, logits: Tensor, rows: Rows, era: LossEra): Loss {
  const { trace } = step;
  const vocab = logits.shape.at(-1) ?? 1;
  // Up to 4.45 the output itself was the float32 copy.
  const wide = aten.to(trace, logits, 'fp32', 'logits');
  const output = era === 'output-float' ? trace.hold(wide) : trace.hold(logits);
  trace.release(logits);
  const shifts = era !== 'padded-labels';
  const kept = shifts ? rows.batch * (rows.tokens - 1) : tokensOf(rows);
  let input = wide;
  if (shifts && rows.batch > 1) {
    // logits[:, :-1].contiguous(): a copy, except for one row, where the slice is contiguous already.
    input = trace.tensor('shifted', [kept, vocab], 'fp32', 'logits');
    trace.op({ op: 'aten.clone', reads: [wide], writes: [input] });
    trace.record({
      output: input,
      inputs: [wide],
      saved: [],
      backward: (g) => [aten.gradientOf(trace, 'aten.slice_backward', wide, [g])],
    });
  } else trace.hold(wide);
  // One row's shifted labels are a view of them.
  const labels = trace.tensor('labels', [kept], 'int64', 'activations', shifts && rows.batch === 1 ? 0 : undefined);
  const logProbabilities = trace.tensor('log_softmax', [kept, vocab], 'fp32', 'logits');
  trace.op({ op: 'aten._log_softmax', reads: [input], writes: [logProbabilities] });
  trace.record({
    output: logProbabilities,
    inputs: [input],
    saved: [logProbabilities],
    backward: (g) => [
      input.shape[0] === kept
        ? aten.gradientOf(trace, 'aten._log_softmax_backward_data', input, [g, logProbabilities])
        : sliced(step, input, g, logProbabilities, kept, vocab),
    ],
  });
  const loss = trace.tensor('nll', [1], 'fp32', 'temporary');
  trace.op({ op: 'aten.nll_loss_forward', reads: [logProbabilities, labels], writes: [loss] });
  trace.record({
    output: loss,
    inputs: [logProbabilities],
    saved: [logProbabilities, labels],
    backward: () => [aten.gradientOf(trace, 'aten.nll_loss_backward', logProbabilities, [labels])],
  });
  trace.release(logProbabilities, labels, input, wide);
  return { loss, output };
}

/** One row's shifted logits are a view: the gradient is made at the view's size, then padded to the whole. */
function sliced(step: PytorchStep, of: Tensor, g: Tensor, logProbabilities: Tensor, kept: number, vocab: number): Tensor {
  const { trace } = step;
  const view = trace.tensor('gradient', [kept, vocab], 'fp32', 'logits');
  trace.op({ op: 'aten._log_softmax_backward_data', reads: [g, logProbabilities], writes: [view] });
  const gradient = aten.gradientOf(trace, 'aten.slice_backward', of, [view]);
  trace.release(view);
  return gradient;
}

/** Gemma 2 bounds its logits: divide, tanh (which keeps its output), multiply. */
function softcap(step: PytorchStep, logits: Tensor): Tensor {
  const { trace, recipe } = step;
  if (recipe.model.family !== 'gemma2') return logits;
  const make = (x: Tensor, f: (x: Tensor) => Tensor): Tensor => {
    const output = f(x);
    output.category = 'logits';
    trace.release(x);
    return output;
  };
  const divided = make(logits, (x) => aten.scale(trace, x));
  const bounded = make(divided, (x) => aten.pointwise(trace, 'tanh', x, 'output'));
  return make(bounded, (x) => aten.scale(trace, x));
}
