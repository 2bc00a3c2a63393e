/** Decoder layers of each family, written in the order of the model's own forward, locals and all. */
import type { Tensor } from '../trace';
import * as aten from './aten';
import { attend, type Extent, type Heads, rotary } from './attention';
import { type PytorchStep, type Rows, streamType, tokensOf } from './context';
import { linear } from './linear';
import { rmsNorm } from './norms';

/** One layer; keeps the reference to `input` with the caller. */
export function decoderLayer(step: PytorchStep, input: Tensor, rows: Rows = step.rows): Tensor {
  const { trace, recipe } = step;
  const stream = streamType(recipe);
  const gemma = recipe.model.family === 'gemma2' || recipe.model.family === 'gemma3';
  const normed = rmsNorm(step, 'norm1', input);
  let attention = selfAttention(step, normed, rows);
  trace.release(normed);
  if (gemma) attention = replace(step, attention, (x) => rmsNorm(step, 'norm1.post', x));
  const middle = aten.add(trace, input, attention, stream);
  trace.release(attention);
  const second = rmsNorm(step, 'norm2', middle);
  let inner = gatedMlp(step, second);
  trace.release(second);
  if (gemma) inner = replace(step, inner, (x) => rmsNorm(step, 'norm2.post', x));
  const output = aten.add(trace, middle, inner, stream);
  trace.release(middle, inner);
  return output;
}

/** `x = f(x)`: the old value ends when the name is bound anew. */
function replace(step: PytorchStep, x: Tensor, f: (x: Tensor) => Tensor): Tensor {
  const output = f(x);
  step.trace.release(x);
  return output;
}

function selfAttention(step: PytorchStep, normed: Tensor, rows: Rows): Tensor {
  const { model } = step.recipe;
  const q = headed(step, 'attn.q', normed, rows, model.heads);
  const k = headed(step, 'attn.k', normed, rows, model.kvHeads);
  const v = headed(step, 'attn.v', normed, rows, model.kvHeads, false);
  return mixed(step, { q, k, v }, { queries: rows, keys: rows });
}

/** A projection split into heads (a view), normalised and turned where the family does so. */
function headed(step: PytorchStep, name: string, normed: Tensor, rows: Rows, count: number, positioned = true): Tensor {
  const { trace, recipe } = step;
  const { family, headDim } = recipe.model;
  let x = linear(step, name, normed);
  x.shape = [rows.batch, count, rows.tokens, headDim];
  if (!positioned) return x;
  if (family === 'qwen3' || family === 'qwen3-moe' || family === 'gemma3') x = replace(step, x, (y) => rmsNorm(step, `${name}_norm`, y));
  const turned = rotary(step, 'attn.rope', x);
  trace.release(x);
  return turned;
}

function mixed(step: PytorchStep, heads: Heads, extent: Extent): Tensor {
  const { trace, recipe } = step;
  const mix = attend(step, heads, extent);
  mix.shape = [tokensOf(extent.queries), recipe.model.heads * recipe.model.headDim];
  const output = linear(step, 'attn.o', mix);
  trace.release(mix);
  return output;
}

/**
 * The rows of one chunk through a layer, with keys and values of the whole prefix projected again for it: the norm runs
 * over all of the input. Written at the length of the last chunk, whose prefix is the whole sequence.
 */
export function chunkOfLayer(step: PytorchStep, input: Tensor, rows: Rows): Tensor {
  const { trace, recipe } = step;
  const { model } = recipe;
  const all = step.rows;
  const view = (x: Tensor): Tensor => {
    const slice = trace.tensor('chunk', [tokensOf(rows), model.hidden], x.dtype, 'activations', 0);
    trace.op({ op: 'view', reads: [x], writes: [slice], moved: 0 });
    trace.record({ output: slice, inputs: [x], saved: [], backward: (g) => [padded(step, x, g)] });
    return slice;
  };
  const normed = rmsNorm(step, 'norm1', input);
  const mine = view(normed);
  const q = headed(step, 'attn.q', mine, rows, model.heads);
  trace.release(mine);
  const k = headed(step, 'attn.k', normed, all, model.kvHeads);
  const v = headed(step, 'attn.v', normed, all, model.kvHeads, false);
  trace.release(normed);
  const attention = mixed(step, { q, k, v }, { queries: rows, keys: all });
  const residual = view(input);
  const middle = aten.add(trace, residual, attention, streamType(recipe));
  trace.release(attention, residual);
  const second = rmsNorm(step, 'norm2', middle);
  const inner = gatedMlp(step, second);
  trace.release(second);
  const output = aten.add(trace, middle, inner, streamType(recipe));
  trace.release(middle, inner);
  return output;
}

/** The gradient of a slice, padded with zeros to the size of the whole. */
function padded(step: PytorchStep, whole: Tensor, g: Tensor): Tensor {
  return aten.gradientOf(step.trace, 'aten.slice_backward', whole, [g]);
}

/** down(act(gate(x)) · up(x)) */
export function gatedMlp(step: PytorchStep, input: Tensor): Tensor {
  const { trace, recipe } = step;
  const gate = linear(step, 'mlp.gate', input);
  const active = trace.within('mlp.act', () => aten.pointwise(trace, recipe.model.family.startsWith('gemma') ? 'gelu' : 'silu', gate, 'input'));
  trace.release(gate);
  const up = linear(step, 'mlp.up', input);
  const product = trace.within('mlp.act', () => aten.mul(trace, active, up));
  trace.release(active, up);
  const output = linear(step, 'mlp.down', product);
  trace.release(product);
  return output;
}
