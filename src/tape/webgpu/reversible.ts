/**
 * Layers as two coupled streams, y₁ = λ·x₁ + attention(x₂), y₂ = λ·x₂ + mlp(y₁), whose inputs the backward pass computes from their outputs:
 * nothing is kept between layers. Both streams begin with the embeddings, and the head reads their sum.
 */
import type { Tensor } from '../trace';
import { type Context, linear, update } from './context';
import {
  activation,
  attend,
  attentionBackward,
  gateAndUp,
  isOfLayer,
  keysAndValues,
  mlpBackward,
  normed,
  product,
} from './layer';
import { emit, make } from './ops';
import type { ReversibleRule } from './rules';
import { keyWidth } from './stretches';

/** a ·= factor */
function scale(context: Context, a: Tensor, factor: number): void {
  if (factor === 1) return;
  const attrs = { columns: context.recipe.model.hidden, factor };
  emit(context.trace, { op: 'scale', label: 'couple', rows: context.all, reads: [a], writes: [a], attrs });
}

/** a = (a − b) / factor */
function undo(context: Context, a: Tensor, b: Tensor, factor: number): void {
  const attrs = { columns: context.recipe.model.hidden, factor };
  emit(context.trace, { op: 'uncouple', label: 'couple', rows: context.all, reads: [a, b], writes: [a], attrs });
}

function add(context: Context, a: Tensor, b: Tensor): void {
  const attrs = { columns: context.recipe.model.hidden };
  emit(context.trace, { op: 'add', label: 'couple', rows: context.all, reads: [a, b], writes: [a], attrs });
}

function twin(context: Context, x: Tensor, name: string): Tensor {
  const copy = make(context.trace, name, x.shape, 'activations');
  context.trace.op({ op: 'copy', label: name, reads: [x], writes: [copy] });
  return copy;
}

/** Keys, values, and what attention makes of the normed second stream. */
function attention(context: Context, x2: Tensor) {
  const { trace, all } = context;
  const k = activation(context, 'k', all.count, keyWidth(context));
  const v = activation(context, 'v', all.count, keyWidth(context));
  const n1 = normed(context, all, x2, 'norm1');
  keysAndValues(context, all, n1, k, v);
  return { k, v, ...attend(context, all, n1, k, v), x: trace.hold(x2) };
}

/** Streams of a layer's output. Takes over both references. */
function forwardPair(context: Context, x1: Tensor, x2: Tensor, factor: number): [Tensor, Tensor] {
  const { trace, all, recipe } = context;
  const { k, v, q, o, lse, x } = attention(context, x2);
  trace.release(k, v, q, lse, x);
  scale(context, x1, factor);
  const y1 = activation(context, 'y1', all.count, recipe.model.hidden);
  linear(context, all, 'attn.o', o, y1, { addend: x1 });
  trace.release(o, x1);
  const { gate, up } = gateAndUp(context, all, y1);
  const z = product(context, all, gate, up, true);
  trace.release(up);
  scale(context, x2, factor);
  const y2 = activation(context, 'y2', all.count, recipe.model.hidden);
  linear(context, all, 'mlp.down', z, y2, { addend: x2 });
  trace.release(z, x2);
  return [y1, y2];
}

interface Streams {
  y1: Tensor;
  y2: Tensor;
  dy1: Tensor;
  dy2: Tensor;
}

/** Every stream becomes that of the layer's input, and every gradient its gradient, in place. `kept` is the input where it was kept. */
function backwardPair(context: Context, { y1, y2, dy1, dy2 }: Streams, factor: number, kept: [Tensor, Tensor] | null): void {
  const { trace, all, recipe } = context;
  /** Puts the input of a branch in the place of its output. */
  const recover = (of: Tensor, branch: (out: Tensor) => void, was: Tensor | undefined) => {
    if (was) trace.op({ op: 'copy', label: 'couple', reads: [was], writes: [of] });
    else {
      const out = activation(context, 'branch', all.count, recipe.model.hidden);
      branch(out);
      undo(context, of, out, factor);
      trace.release(out);
    }
    trace.release(was);
  };
  const inner = gateAndUp(context, all, y1);
  recover(
    y2,
    (out) => {
      const z = product(context, all, inner.gate, inner.up, false);
      linear(context, all, 'mlp.down', z, out);
      trace.release(z);
    },
    kept?.[1],
  );
  mlpBackward(context, all, (name) => (name === 'h' ? trace.hold(y1) : inner[name as 'gate' | 'up']), dy2, dy1);
  const of = attention(context, y2);
  recover(y1, (out) => linear(context, all, 'attn.o', of.o, out), kept?.[0]);
  scale(context, dy2, factor);
  attentionBackward(
    context,
    all,
    () => of.x,
    (name) => of[name as 'q' | 'k' | 'v' | 'o' | 'lse'],
    dy1,
    null,
    dy2,
  );
  scale(context, dy1, factor);
  if (recipe.layerwise) for (const name of [...context.gradients.keys()].filter(isOfLayer)) update(context, name);
}

/** Both streams after every layer, and their sum. Takes over `embeddings`. */
function streams(context: Context, embeddings: Tensor, rule: ReversibleRule, keep: (x1: Tensor, x2: Tensor) => void) {
  const { trace, recipe } = context;
  const first = [embeddings, twin(context, embeddings, 'x2')];
  const [y1, y2] = trace.repeat({ axis: 'layer', count: recipe.model.layers }, first, ([x1, x2]) => {
    keep(x1 as Tensor, x2 as Tensor);
    return forwardPair(context, x1 as Tensor, x2 as Tensor, rule.factor);
  }) as [Tensor, Tensor];
  const x = twin(context, y1, 'x');
  add(context, x, y2);
  return { x, y1, y2 };
}

/** Runs the layers, for their result alone. Takes over `embeddings`. */
export function reversibleForward(context: Context, embeddings: Tensor, rule: ReversibleRule): Tensor {
  const { x, y1, y2 } = streams(context, embeddings, rule, () => undefined);
  context.trace.release(y1, y2);
  return x;
}

/** Runs the layers; `backward` turns the gradient of the result into that of the embeddings, in place. Takes over `embeddings`. */
export function reversibleLayers(
  context: Context,
  embeddings: Tensor,
  rule: ReversibleRule,
): { x: Tensor; backward(dx: Tensor): Map<string, Tensor> } {
  const { trace, recipe } = context;
  const count = recipe.model.layers;
  let kept: [Tensor, Tensor] | null = null;
  const { x, y1, y2 } = streams(context, embeddings, rule, (x1, x2) => {
    if (rule.keep) kept = [twin(context, x1, 'kept1'), twin(context, x2, 'kept2')];
  });
  return {
    x,
    backward: (dx) => {
      const dy2 = twin(context, dx, 'dx2');
      trace.repeat({ axis: 'layer', count, reverse: true }, [], () => {
        backwardPair(context, { y1, y2, dy1: dx, dy2 }, rule.factor, kept);
        return [];
      });
      add(context, dx, dy2);
      trace.release(y1, y2, dy2);
      const made = new Map([...context.gradients.entries()].filter(([name]) => isOfLayer(name)));
      for (const name of made.keys()) context.gradients.delete(name);
      return made;
    },
  };
}
