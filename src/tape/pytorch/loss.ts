/** Head and loss as `transformers` writes them; the wide tensors of a step live here. */
import type { DType, Family, Model } from '../../plan/types';
import type { Tensor, Trace } from '../trace';
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
    const labelled = classifies(step.recipe.model) ? { batch: 1, tokens: rows.batch } : rows;
    return trace.within('loss', () => crossEntropyOf(step, logits, labelled, options.lossEra));
  });
  const { loss, output } = value;
  const returned = options.raiseOutput ? aten.to(trace, output, 'fp32', 'logits') : trace.hold(output);
  trace.release(output);
  if (options.holdOutput) step.holdUntilBackwardEnds(returned);
  else trace.release(returned);
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
  const { model } = recipe;
  const then = (x: Tensor, f: (x: Tensor) => Tensor): Tensor => {
    const next = f(x);
    trace.release(x);
    return next;
  };
  if (classifies(model)) {
    const first = firstTokens(step, hidden);
    if (!step.has('head.dense')) return then(first, (x) => linear(step, 'head', x, 'logits'));
    const pooled = then(
      then(first, (x) => linear(step, 'head.dense', x)),
      (x) => aten.pointwise(trace, 'tanh', x, 'output'),
    );
    const dropped = then(pooled, (x) => aten.dropout(trace, x, model.dropout, step.options.kernels));
    return then(dropped, (x) => linear(step, 'head', x, 'logits'));
  }
  const name = model.tiedEmbeddings ? 'embed' : 'head';
  if (!step.has('head.dense')) return softcap(step, linear(step, name, hidden, 'logits'));
  // A masked-LM head transforms first: dense, gelu, norm.
  const active = then(linear(step, 'head.dense', hidden), (x) => aten.pointwise(trace, 'gelu', x, 'input'));
  const normed = then(active, (x) => norm(step, 'head.norm', x));
  return then(normed, (x) => linear(step, name, x, 'logits'));
}

/** Images and, where classes are stated, texts get one row of logits each, from their first token. */
const classifies = (model: Model): boolean => model.family === 'vit' || (model.classes ?? 0) > 0;

/** The first token of each row: a view, whose gradient is zero everywhere else. */
function firstTokens(step: PytorchStep, hidden: Tensor): Tensor {
  const { trace } = step;
  const width = hidden.shape.at(-1) ?? 1;
  const view = trace.tensor('first', [step.rows.batch, width], hidden.dtype, 'activations', 0);
  trace.op({ op: 'view', reads: [hidden], writes: [view], moved: 0 });
  // What keeps the view keeps the whole of the hidden states.
  trace.record({
    output: view,
    inputs: [hidden],
    saved: [hidden],
    backward: (g) => [aten.gradientOf(trace, 'aten.select_backward', hidden, [g])],
  });
  return view;
}

/** Families whose labels are not the next tokens and whose loss takes logits in their own type. */
const ENCODERS: ReadonlySet<Family> = new Set<Family>(['bert', 'roberta', 'vit', 't5']);

interface Loss {
  loss: Tensor;
  /** What the model's output object holds. */
  output: Tensor;
}

/**
 * `F.cross_entropy` of shifted logits; takes over the reference to `logits`. Its composite calls
 * `log_softmax(self, dim, self.scalar_type())` (aten/src/ATen/native/LossNLL.cpp), and CUDA's autocast respects a type that is named
 * (`set_opt_dtype`) but raises `nll_loss` (aten/src/ATen/autocast_mode.h): 16-bit logits under autocast keep 2 + 4 bytes a logit.
 */
export function crossEntropyOf(step: PytorchStep, logits: Tensor, rows: Rows, era: LossEra): Loss {
  const { trace } = step;
  if (step.options.compileLoss) return compiled(step, logits, tokensOf(rows));
  const vocab = logits.shape.at(-1) ?? 1;
  // Encoders' losses take the logits as they are; autocast raises them all the same. Decoders raise them, and up to 4.45
  // the output itself was the float32 copy.
  const { family } = step.recipe.model;
  const encoder = ENCODERS.has(family);
  const own = step.recipe.pytorch.lossInOwnType === true;
  const asIs = encoder || own;
  // CUDA's autocast leaves log-softmax alone here, because cross_entropy_loss names its type, and raises what the next op reads.
  const raisesLate = asIs && step.recipe.autocast && step.options.kernels === 'cuda';
  const inner: DType = asIs && (raisesLate || !step.recipe.autocast) ? logits.dtype : 'fp32';
  const shifts = (era !== 'padded-labels' || own) && !encoder;
  const kept = shifts ? rows.batch * (rows.tokens - 1) : tokensOf(rows);
  // transformers raises, then shifts; models' own code shifts what it has, and autocast raises that.
  const raised = own ? trace.hold(logits) : aten.to(trace, logits, inner, 'logits');
  const output = trace.hold(era === 'output-float' && !encoder && !own ? raised : logits);
  trace.release(logits);
  const shifted = shifts ? shift(trace, raised, rows) : trace.hold(raised);
  const input = aten.to(trace, shifted, inner, 'logits');
  // One row's shifted labels are a view of them.
  const labels = trace.tensor('labels', [kept], 'int64', 'activations', shifts && rows.batch === 1 ? 0 : undefined);
  const logProbabilities = trace.tensor('log_softmax', [kept, vocab], inner, 'logits');
  trace.op({ op: 'aten._log_softmax', reads: [input], writes: [logProbabilities] });
  trace.record({
    output: logProbabilities,
    inputs: [input],
    // What keeps a view keeps what it is a view of.
    saved: step.options.softmaxKeepsInput ? [logProbabilities, input.bytes > 0 ? input : raised] : [logProbabilities],
    backward: (g) => [aten.gradientOf(trace, 'aten._log_softmax_backward_data', input, [g, logProbabilities])],
  });
  const likelihoods = raisesLate ? aten.to(trace, logProbabilities, 'fp32', 'logits') : trace.hold(logProbabilities);
  trace.release(logProbabilities);
  const loss = trace.tensor('nll', [1], 'fp32', 'temporary');
  trace.op({ op: 'aten.nll_loss_forward', reads: [likelihoods, labels], writes: [loss] });
  trace.record({
    output: loss,
    inputs: [likelihoods],
    saved: [likelihoods, labels],
    backward: () => [aten.gradientOf(trace, 'aten.nll_loss_backward', likelihoods, [labels])],
  });
  trace.release(likelihoods, labels, input, shifted, raised);
  return { loss, output };
}

/**
 * The same in two compiled kernels, one of which reads logits and labels and keeps each row's maximum and the logarithm of
 * its sum, and one that writes the logits' gradient from these; takes over the reference to `logits`.
 */
function compiled(step: PytorchStep, logits: Tensor, tokens: number): Loss {
  const { trace } = step;
  const labels = trace.tensor('labels', [tokens], 'int64', 'activations');
  const statistics = ['maximum', 'log_sum'].map((name) => trace.tensor(name, [tokens, 1], 'fp32', 'activations'));
  for (const statistic of statistics) statistic.statistic = true;
  const loss = trace.tensor('nll', [1], 'fp32', 'temporary');
  trace.op({ op: 'cross_entropy', reads: [logits, labels], writes: [loss, ...statistics] });
  trace.record({
    output: loss,
    inputs: [logits],
    saved: [logits, ...statistics, labels],
    backward: () => [aten.gradientOf(trace, 'cross_entropy_backward', logits, [logits, ...statistics, labels])],
  });
  trace.release(labels, ...statistics);
  return { loss, output: logits };
}

/**
 * logits[:, :-1].contiguous(): a copy, except for one row, whose slice is contiguous already and stays a view. Its backward is a
 * node of its own either way: it writes the gradient into zeros of the whole when softmax's node has let go of what it kept.
 */
function shift(trace: Trace, logits: Tensor, { batch, tokens }: Rows): Tensor {
  const kept = [batch * (tokens - 1), logits.shape.at(-1) ?? 1];
  const copies = batch > 1;
  const shifted = trace.tensor('shifted', kept, logits.dtype, 'logits', copies ? undefined : 0);
  trace.op({ op: copies ? 'aten.clone' : 'view', reads: [logits], writes: [shifted], ...(copies ? {} : { moved: 0 }) });
  trace.record({
    output: shifted,
    inputs: [logits],
    saved: [],
    backward: (g) => [aten.gradientOf(trace, 'aten.slice_backward', logits, [g])],
  });
  return shifted;
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
