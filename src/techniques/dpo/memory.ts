import { type Weight, weightsOf } from '../../plan/weights';
import * as aten from '../../tape/pytorch/aten';
import { type PytorchStep, type Rows, tokensOf } from '../../tape/pytorch/context';
import { embed } from '../../tape/pytorch/embed';
import { decoderLayer } from '../../tape/pytorch/layers';
import { headLogits } from '../../tape/pytorch/loss';
import type { LossOf } from '../../tape/pytorch/loss-chunks';
import { norm } from '../../tape/pytorch/norms';
import type { Recipe } from '../../tape/recipe';
import type { Tensor } from '../../tape/trace';
import { chunkedLoss } from '../chunked/memory';

export type Reference = 'none' | 'precomputed' | 'adapters-off' | 'model';

export interface Preference {
  /** Sequences for each row of the batch. */
  rows: number;
  reference: Reference;
  /** Whether the reference runs before the policy's forward or after it, while the policy's activations are there (TRL). */
  when: 'before' | 'after';
  /** Tokens of a chunk of logits; 0 for all. */
  chunk: number;
  /** Logits are divided by a temperature, out of place. */
  scaled: boolean;
}

const twin = (name: string): string => `reference.${name}`;
const isTwin = (weight: Weight): boolean => weight.name.startsWith('reference.');

/** A loss of each token's log-probability under the policy and, where there is one, under a frozen reference. */
export function preferenceRecipe(recipe: Recipe, preference: Preference): Recipe {
  const { reference, when } = preference;
  const twins = (weights: readonly Weight[]): Weight[] =>
    reference === 'model' ? weights.map((weight) => ({ ...weight, name: twin(weight.name) })) : [];
  const runs = reference === 'model' || reference === 'adapters-off';
  const { schedule } = recipe.pytorch;
  return {
    ...recipe,
    batch: preference.rows * recipe.batch,
    trains: (weight) => !isTwin(weight) && recipe.trains(weight),
    added: (model) => {
      const before = recipe.added(model);
      const { layer, outside } = weightsOf(model);
      return {
        layer: [...before.layer, ...twins(layer)],
        outside: [...before.outside, ...twins(outside)],
        shared: before.shared,
      };
    },
    pytorch: {
      ...recipe.pytorch,
      schedule:
        runs && when === 'before'
          ? (step) => {
              step.trace.phase('forward');
              referenceForward(step, preference);
              schedule(step);
            }
          : schedule,
      loss: (step, hidden) => {
        const backward = policyLoss(step, hidden, preference);
        if (runs && when === 'after') referenceForward(step, preference);
        return backward;
      },
    },
  };
}

/** Log-probabilities of the reference, keeping one number a token: another model's weights, or the policy's without its adapters. */
function referenceForward(step: PytorchStep, preference: Preference): void {
  const { trace, recipe, rows } = step;
  const held: Tensor[] = [];
  const own = preference.reference === 'model' ? twin : (name: string) => name;
  const { adapt: _, join: __, product: ___, mlp: ____, ...pytorch } = recipe.pytorch;
  const plain: PytorchStep = {
    ...step,
    recipe: { ...recipe, adapters: null, pytorch },
    parameter: (name) => step.parameter(own(name)),
    weight: (name) => step.weight(own(name)),
    has: (name) => step.has(own(name)),
    // Frozen weights' copies are not cached by autocast.
    cachedCast: () => undefined,
    cacheCast: () => {},
    holdUntilBackwardEnds: (...tensors) => held.push(...tensors),
  };
  trace.within('reference', () =>
    trace.noGrad(() => {
      let x = embed(plain);
      for (const stretch of step.stretches) {
        step.enter(stretch);
        [x] = trace.repeat({ axis: 'layer', ...stretch }, [x], ([entry]) => {
          const output = decoderLayer(plain, entry as Tensor);
          trace.release(entry);
          return [output];
        }) as [Tensor];
      }
      step.enter(null);
      const hidden = plain.has('norm') ? norm(plain, 'norm', x) : trace.hold(x);
      trace.release(x);
      const size = Math.min(preference.chunk || tokensOf(rows), tokensOf(rows));
      const one = (): void => {
        const slice = trace.tensor('chunk', [size, recipe.model.hidden], hidden.dtype, 'activations', 0);
        const { loss, output } = logProbabilities(plain, headLogits(plain, slice), { batch: 1, tokens: size }, preference);
        trace.release(loss, output, slice);
      };
      trace.repeat({ axis: 'chunk', count: Math.ceil(tokensOf(rows) / size) }, [], () => {
        one();
        return [];
      });
      trace.release(hidden);
      // One number a token outlives the pass.
      const kept = trace.tensor('log-probabilities', [tokensOf(rows)], 'fp32', 'activations');
      trace.op({ op: 'aten.stack', writes: [kept] });
      step.holdUntilBackwardEnds(kept);
    }),
  );
  trace.release(...held);
}

/** Head and loss of the policy, whole or in chunks that are made again in backward: two sweeps, valid for any batch. */
function policyLoss(step: PytorchStep, hidden: Tensor, preference: Preference): () => Tensor | null {
  const { trace, rows, options } = step;
  const of: LossOf = (logits, some) => logProbabilities(step, logits, some, preference);
  if (preference.chunk > 0) return chunkedLoss(step, hidden, preference.chunk, of);
  const { value, nodes } = trace.capture(() => {
    const logits = headLogits(step, hidden);
    return trace.within('loss', () => of(logits, rows));
  });
  if (options.holdOutput) step.holdUntilBackwardEnds(value.output);
  else trace.release(value.output);
  return () => {
    const seed = trace.tensor('loss.gradient', [1], 'fp32', 'temporary');
    const [gradient] = step.backward(nodes, value.loss, seed, [hidden]);
    trace.release(value.loss);
    return gradient ?? null;
  };
}

/**
 * TRL's selective_log_softmax: log-probabilities row by row in the logits' own type, of which each token's is gathered.
 * Backward makes each row's gradient and stacks them.
 */
function logProbabilities(step: PytorchStep, logits: Tensor, rows: Rows, { scaled }: Preference): ReturnType<LossOf> {
  const { trace } = step;
  let input = logits;
  if (scaled) {
    input = aten.scale(trace, logits);
    input.category = 'logits';
    trace.release(logits);
  }
  const tokens = tokensOf(rows);
  const all = trace.tensor('log_softmax', input.shape, input.dtype, 'logits');
  const labels = trace.tensor('labels', [tokens], 'int64', 'activations');
  const loss = trace.tensor('log-probabilities', [tokens], 'fp32', 'temporary');
  trace.op({ op: 'aten._log_softmax', reads: [input], writes: [all] });
  trace.op({ op: 'aten.gather', reads: [all, labels], writes: [loss] });
  trace.record({
    output: loss,
    inputs: [input],
    saved: [all, labels],
    backward: (g) => {
      const picked = trace.tensor('gather.gradient', [rows.tokens, input.shape.at(-1) ?? 1], input.dtype, 'logits');
      const each = trace.tensor('rows.gradient', input.shape, input.dtype, 'logits');
      trace.op({ op: 'aten._log_softmax_backward_data', reads: [g, all, labels], writes: [each], temps: [picked] });
      const gradient = aten.gradientOf(trace, 'aten.stack', input, [each]);
      trace.release(each);
      return [gradient];
    },
  });
  trace.release(all, labels);
  return { loss, output: input };
}
