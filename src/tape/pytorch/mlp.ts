import { FAMILIES, gatedMlp } from '../../plan/families';
import type { Tensor } from '../trace';
import * as aten from './aten';
import { type PytorchStep, streamType, tokensOf } from './context';
import { linear } from './linear';

/** The family's MLP: gated, plain, or experts behind a router. */
export function mlp(step: PytorchStep, input: Tensor): Tensor {
  const { model, pytorch } = step.recipe;
  const whole = (x: Tensor): Tensor => (model.experts > 0 ? experts(step, x) : gatedMlp(model) ? gated(step, x) : plain(step, x));
  const own = (x: Tensor): Tensor => {
    const output = pytorch.mlp?.(step, x, whole) ?? whole(x);
    return pytorch.adapt?.(step, 'mlp', output) ?? output;
  };
  return pytorch.sharing?.part(step, input, own) ?? own(input);
}

/** down(act(gate(x)) · up(x)); where gate and up are one matrix, both are views of its output. */
function gated(step: PytorchStep, input: Tensor): Tensor {
  const { trace } = step;
  const whole = step.has('mlp.gate-up') ? linear(step, 'mlp.gate-up', input) : null;
  const [gate, first] = whole ? halves(step, whole) : [linear(step, 'mlp.gate', input), null];
  let product: Tensor;
  const fused = step.options.fused.includes('mlp');
  if (fused || step.options.compile) {
    const up = first ?? linear(step, 'mlp.up', input);
    product = trace.within('mlp.act', () => aten.gatedProduct(trace, gate, up, fused));
    trace.release(gate, up);
  } else {
    const active = trace.within('mlp.act', () => activation(step, gate));
    trace.release(gate);
    const up = first ?? linear(step, 'mlp.up', input);
    product = trace.within('mlp.act', () => aten.mul(trace, active, up));
    trace.release(active, up);
  }
  product = innerDropout(step, product);
  const output = linear(step, 'mlp.down', product);
  trace.release(product);
  return output;
}

/** Two views of one storage, which is charged to the first; their gradients meet in one. */
function halves(step: PytorchStep, whole: Tensor): [Tensor, Tensor] {
  const { trace } = step;
  const shape = [whole.shape[0] ?? 1, (whole.shape.at(-1) ?? 2) / 2];
  const gate = trace.tensor('mlp.gate', shape, whole.dtype, 'activations', whole.bytes);
  const up = trace.tensor('mlp.up', shape, whole.dtype, 'activations', 0);
  trace.op({ op: 'view', reads: [whole], writes: [gate, up], moved: 0 });
  trace.record({
    label: 'mlp.gate-up',
    output: gate,
    inputs: [whole],
    saved: [],
    backward: () => [aten.gradientOf(trace, 'aten.cat', whole, [])],
  });
  trace.record({ label: 'mlp.gate-up', output: up, inputs: [whole], saved: [], backward: () => [null] });
  trace.release(whole);
  return [gate, up];
}

function plain(step: PytorchStep, input: Tensor): Tensor {
  const { trace } = step;
  const inner = linear(step, 'mlp.up', input);
  const active = innerDropout(
    step,
    trace.within('mlp.act', () => activation(step, inner)),
  );
  trace.release(inner);
  const output = linear(step, 'mlp.down', active);
  trace.release(active);
  return output;
}

/** T5 drops out inside its MLP too. Takes over the reference. */
function innerDropout(step: PytorchStep, x: Tensor): Tensor {
  const { model } = step.recipe;
  if (model.family !== 't5') return x;
  const output = aten.dropout(step.trace, x, model.dropout, step.options.kernels);
  step.trace.release(x);
  return output;
}

function activation(step: PytorchStep, x: Tensor): Tensor {
  const { family } = step.recipe.model;
  if (family === 'gpt2' && !step.options.compile) return newGelu(step, x);
  const kind = FAMILIES[family].activation;
  return aten.pointwise(step.trace, kind, x, kind === 'relu' ? 'output' : 'input');
}

/** GPT-2's GELU is written out, 0.5·x·(1 + tanh(√(2/π)·(x + 0.044715·x³))), and keeps four tensors. */
function newGelu(step: PytorchStep, x: Tensor): Tensor {
  const { trace } = step;
  const chain = (input: Tensor, f: (x: Tensor) => Tensor): Tensor => {
    const output = f(input);
    trace.release(input);
    return output;
  };
  const half = aten.scale(trace, x);
  const cube = aten.cube(trace, x);
  const small = chain(cube, (y) => aten.scale(trace, y));
  const sum = aten.add(trace, x, small);
  trace.release(small);
  const scaled = chain(sum, (y) => aten.scale(trace, y));
  const bent = chain(scaled, (y) => aten.pointwise(trace, 'tanh', y, 'output'));
  const one = chain(bent, (y) => aten.shift(trace, y));
  const output = aten.mul(trace, half, one);
  trace.release(half, one);
  return output;
}

/** Rows on their way to the cards that have their experts, or back: as many come as go. Takes over the reference. */
function exchanged(step: PytorchStep, rows: Tensor): Tensor {
  const { trace, recipe } = step;
  const { expert } = recipe.cards;
  if (expert === 1) return rows;
  const traffic = { to: 'cards', bytes: (rows.bytes * (expert - 1)) / expert, hidden: false } as const;
  const output = aten.copied(trace, 'all_to_all', rows, rows.shape, 'all_to_all', traffic);
  trace.release(rows);
  return output;
}

/**
 * A mixture of experts: each token goes to `activeExperts` of them. Rows are gathered by expert, run through grouped
 * products, weighted and added back, so that everything between is `activeExperts` times as long as the input.
 */
function experts(step: PytorchStep, input: Tensor): Tensor {
  const { trace, recipe } = step;
  const { model } = recipe;
  const rows = tokensOf({ batch: input.shape.slice(0, -1).reduce((product, size) => product * size, 1), tokens: 1 });
  const routed = rows * model.activeExperts;
  const scores = linear(step, 'router', input);
  const wide = aten.to(trace, scores, 'fp32');
  trace.release(scores);
  const weights = aten.pointwise(trace, 'softmax', wide, 'output');
  trace.release(wide);
  const gathered = exchanged(step, aten.copied(trace, 'index', input, [routed, model.hidden], 'index_put'));
  const gate = aten.mm(trace, gathered, step.parameter('experts.gate'));
  const active = activation(step, gate);
  trace.release(gate);
  const up = aten.mm(trace, gathered, step.parameter('experts.up'));
  trace.release(gathered);
  const product = aten.mul(trace, active, up);
  trace.release(active, up);
  const down = exchanged(step, aten.mm(trace, product, step.parameter('experts.down')));
  trace.release(product);
  const share = aten.copied(trace, 'gather', weights, [routed, 1], 'scatter');
  trace.release(weights);
  const weighted = aten.mul(trace, down, share, streamType(recipe));
  trace.release(down, share);
  const output = aten.copied(trace, 'index_add', weighted, [rows, model.hidden], 'index');
  trace.release(weighted);
  return output;
}
