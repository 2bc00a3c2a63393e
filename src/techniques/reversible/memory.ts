import { FAMILIES } from '../../plan/families';
import type { Model } from '../../plan/types';
import * as aten from '../../tape/pytorch/aten';
import type { PytorchStep } from '../../tape/pytorch/context';
import { attentionBranch, mlpBranch } from '../../tape/pytorch/layers';
import { segmentsOf } from '../../tape/pytorch/stretches';
import type { Tensor } from '../../tape/trace';

/** Why a model's layers have no two branches one after the other. */
export function irreversible({ family }: Model): string | undefined {
  const { title } = FAMILIES[family];
  if (family === 'gpt_neox' || family === 'falcon')
    return `${title} runs attention and MLP side by side: there is nothing to couple in turn`;
  if (family === 'bert' || family === 'roberta') return `${title} normalises after each sum, which cannot be undone`;
  if (family === 't5') return `${title} has an encoder, which the reversible schedule does not know`;
  return undefined;
}

/**
 * y₁ = λ·x₁ + attention(x₂), y₂ = λ·x₂ + mlp(y₁), and back: x₂ = (y₂ - mlp(y₁)) / λ, x₁ = (y₁ - attention(x₂)) / λ. Backward
 * runs each branch again from the streams that it recovers (MEFT, Liao et al., arXiv:2306.00477, its third form).
 */
export function reversiblePytorch(step: PytorchStep, factor: number): void {
  const { trace } = step;
  const why = irreversible(step.recipe.model);
  if (why) throw new Error(why);
  const replace = (tensor: Tensor, by: Tensor): Tensor => {
    trace.release(tensor);
    return by;
  };
  const scaled = (tensor: Tensor): Tensor => (factor === 1 ? tensor : replace(tensor, aten.scale(trace, tensor)));
  const plus = (a: Tensor, b: Tensor): Tensor => {
    const sum = aten.add(trace, a, b);
    trace.release(a, b);
    return sum;
  };
  const stretches = segmentsOf(step.recipe, 1);

  trace.phase('forward');
  const embedded = trace.capture(() => step.embed());
  let pair: [Tensor, Tensor] = [
    embedded.value,
    trace.noGrad(() => aten.copied(trace, 'clone', embedded.value, embedded.value.shape, 'clone')),
  ];
  for (const stretch of stretches) {
    step.enter(stretch);
    pair = trace.repeat({ axis: 'layer', ...stretch }, pair, ([first, second]) =>
      step.inLayer(() =>
        trace.noGrad(() => {
          const attention = attentionBranch(step, second as Tensor);
          const one = plus(scaled(first as Tensor), attention);
          const inner = mlpBranch(step, one);
          return [one, plus(scaled(second as Tensor), inner)];
        }),
      ),
    ) as [Tensor, Tensor];
  }
  step.enter(null);
  // The last pair stays for backward; the head reads its sum.
  const hidden = trace.noGrad(() => aten.add(trace, pair[0], pair[1]));
  hidden.requiresGrad = true;
  const backward = step.head(hidden);
  step.endAutocast('everywhere');

  trace.phase('backward');
  const seed = backward();
  if (!seed) {
    trace.release(...pair);
    return;
  }
  const twin = aten.copied(trace, 'clone', seed, seed.shape, 'clone');
  let streams = [...pair, seed, twin] as [Tensor, Tensor, Tensor, Tensor];
  for (const stretch of [...stretches].reverse()) {
    step.enter(stretch);
    streams = trace.repeat({ axis: 'layer', ...stretch, reverse: true }, streams, ([y1, y2, dy1, dy2]) => {
      /** Runs a branch again from `from`, differentiates it, and takes its output off `of`. */
      const undo = (branch: (x: Tensor) => Tensor, from: Tensor, of: Tensor, gradient: Tensor): [Tensor, Tensor | null] => {
        from.requiresGrad = true;
        const { value, nodes } = trace.capture(() => step.inLayer(() => branch(from)));
        step.endAutocast('here');
        const recovered = scaled(trace.noGrad(() => aten.add(trace, of, value)));
        trace.release(of, value);
        const [through] = step.backward(nodes, value, trace.hold(gradient), [from]);
        return [recovered, through ?? null];
      };
      const [x2, ofOne] = undo((x) => mlpBranch(step, x), y1 as Tensor, y2 as Tensor, dy2 as Tensor);
      const one = ofOne ? plus(dy1 as Tensor, ofOne) : (dy1 as Tensor);
      const [x1, ofTwo] = undo((x) => attentionBranch(step, x), x2, y1 as Tensor, one);
      const two = ofTwo ? plus(scaled(dy2 as Tensor), ofTwo) : scaled(dy2 as Tensor);
      step.afterLayerBackward();
      return [x1, x2, scaled(one), two];
    }) as [Tensor, Tensor, Tensor, Tensor];
  }
  step.enter(null);
  const [x1, x2, dx1, dx2] = streams;
  trace.release(x1, x2);
  const gradient = plus(dx1, dx2);
  if (embedded.nodes.length) step.backward(embedded.nodes, embedded.value, gradient);
  else trace.release(gradient);
}
