/**
 * Losses over answers: log-probabilities of every row's target first, then what they make of each row's gradient, then logits and
 * their gradients. DPO joins the rows of a pair, so the logits of chunks are made a second time; GRPO takes each row by itself.
 */
import type { Tensor } from '../trace';
import { type Context, inputGradient, weightGradient, withMatrix } from './context';
import { lastNormBackward, normed } from './layer';
import { allRows } from './matrix-input';
import { emit, make, matmul, type Operand, type Rows, slice } from './ops';
import type { ObjectiveRule } from './rules';
import { stretches, stretchesAdding } from './stretches';

/** Inputs of a step that such a loss reads, and the loss of each row that it writes. */
export interface PreferenceInputs {
  targets: Tensor;
  /** Log-probability that the reference gives each row's target. */
  reference: Tensor | null;
  /** Advantage of each row's answer. */
  advantages: Tensor | null;
  loss: Tensor;
}

/** `dx` null: the loss alone. */
export function preferenceHead(
  context: Context,
  rows: Rows,
  name: string,
  x: Tensor,
  inputs: PreferenceInputs,
  dx: Tensor | null,
  rule: ObjectiveRule,
): void {
  const { trace, recipe, all } = context;
  const { vocab, hidden } = recipe.model;
  const whole = rows.chunk === 0;
  const temperature = rule.kind === 'dpo' ? 1 : rule.temperature;
  const logitsOf = (n: Tensor): Tensor => {
    const logits = make(trace, 'logits', [rows.count, vocab], 'logits');
    withMatrix(context, name, (b) =>
      matmul(trace, { form: 'nt', rows, a: n, b, out: logits, n: vocab, k: hidden, label: 'head' }),
    );
    return logits;
  };
  const score = (logits: Tensor, into: Operand) =>
    emit(trace, {
      op: 'log_probability',
      label: 'loss',
      rows,
      reads: [logits, slice(rows, inputs.targets)],
      writes: [into],
      attrs: { columns: vocab, temperature },
    });
  /** From log-probabilities to the loss and the gradient's factor of each row, over the log-probabilities. */
  const judge = (scores: Tensor) => {
    const shared = { label: 'loss', rows: all, writes: [scores, inputs.loss] };
    if (rule.kind === 'dpo')
      emit(trace, {
        ...shared,
        op: 'dpo',
        reads: [scores, inputs.targets, inputs.reference as Tensor],
        attrs: { beta: rule.beta, parts: recipe.accumulate },
      });
    if (rule.kind === 'grpo')
      emit(trace, {
        ...shared,
        op: 'grpo',
        reads: [scores, inputs.targets, inputs.reference as Tensor, inputs.advantages as Tensor],
        attrs: { distance: rule.distance, clip: rule.clip },
      });
  };
  const differentiate = (n: Tensor, logits: Tensor, factors: Tensor, into: Tensor) => {
    emit(trace, {
      op: 'policy_gradient',
      label: 'loss',
      rows,
      reads: [logits, slice(rows, inputs.targets), slice(rows, factors)],
      writes: [logits],
      attrs: { columns: vocab, temperature },
    });
    weightGradient(context, rows, name, allRows(rows, n), logits);
    inputGradient(context, rows, name, null, logits, { out: n, accumulate: false });
    trace.release(logits);
    const at = slice(rows, x);
    lastNormBackward(context, rows, at, n, into === x ? at : slice(rows, into));
  };
  if (rule.kind === 'score') {
    stretches(context, rows, () => {
      const n = normed(context, rows, slice(rows, x), 'norm');
      const logits = logitsOf(n);
      trace.release(n);
      score(logits, slice(rows, inputs.loss));
      trace.release(logits);
    });
    return;
  }
  const scores = make(trace, 'scores', [all.count], 'activations');
  if (!whole) trace.op({ op: 'reserve', label: 'reserve', writes: [scores], moved: 0 });
  let first: { n: Tensor; logits: Tensor } | null = null;
  stretches(context, rows, () => {
    const n = normed(context, rows, slice(rows, x), 'norm');
    const logits = logitsOf(n);
    score(logits, slice(rows, scores));
    // All at once, the logits are still there when the factors are known.
    if (whole && dx) first = { n, logits };
    else trace.release(n, logits);
  });
  judge(scores);
  if (dx) {
    const kept = first as { n: Tensor; logits: Tensor } | null;
    if (kept) trace.phase('backward');
    stretchesAdding(context, rows, 'in order', () => {
      const n = kept?.n ?? normed(context, rows, slice(rows, x), 'norm');
      differentiate(n, kept?.logits ?? logitsOf(n), scores, dx);
    });
  }
  trace.release(scores);
}
