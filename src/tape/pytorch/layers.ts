/** Decoder layers of each family, written in the order of the model's own forward, locals and all. */

import { FAMILIES } from '../../plan/families';
import type { Tensor } from '../trace';
import * as aten from './aten';
import { attend, attendedPairs, type Extent, type Heads, rotary } from './attention';
import { type PytorchStep, type Rows, streamType, tokensOf } from './context';
import { linear } from './linear';
import { mlp } from './mlp';
import { norm } from './norms';

/** One layer; the caller keeps its reference to `input`. */
export function decoderLayer(step: PytorchStep, input: Tensor, rows: Rows = step.rows): Tensor {
  const { family } = step.recipe.model;
  if (family === 'gpt_neox' || family === 'falcon') return parallelLayer(step, input, rows);
  if (family === 'bert' || family === 'roberta') return postNormLayer(step, input, rows);
  if (step.encoder) return crossLayer(step, input, rows, step.encoder.memory);
  return preNormLayer(step, input, rows);
}

/** x + attention(norm(x)), then + mlp(norm(·)): Llama and its kin, GPT-2, OPT, BLOOM, ViT. */
export function preNormLayer(step: PytorchStep, input: Tensor, rows: Rows): Tensor {
  const { trace, recipe } = step;
  const stream = streamType(recipe);
  const attention = attentionBranch(step, input, rows);
  const middle = aten.add(trace, input, attention, stream);
  trace.release(attention);
  const inner = mlpBranch(step, middle);
  const output = aten.add(trace, middle, inner, stream);
  trace.release(middle, inner);
  return output;
}

/** A decoder's layer behind an encoder: between attention and MLP it attends to the encoder's output. */
function crossLayer(step: PytorchStep, input: Tensor, rows: Rows, memory: Tensor): Tensor {
  const { trace, recipe } = step;
  const { heads, kvHeads } = recipe.model;
  const stream = streamType(recipe);
  const added = (x: Tensor, branch: Tensor): Tensor => {
    const sum = aten.add(trace, x, branch, stream);
    trace.release(branch);
    return sum;
  };
  const first = added(input, attentionBranch(step, input, rows));
  const normed = norm(step, 'cross.norm', first);
  const q = headed(step, 'cross.q', normed, rows, heads);
  trace.release(normed);
  const k = headed(step, 'cross.k', memory, rows, kvHeads);
  const v = headed(step, 'cross.v', memory, rows, kvHeads, false);
  const cross = mixed(step, { q, k, v }, { queries: rows, keys: rows }, 'cross.o');
  const second = added(
    first,
    replace(step, cross, (x) => residualDropout(step, x)),
  );
  trace.release(first);
  const output = added(second, mlpBranch(step, second));
  trace.release(second);
  return output;
}

/** What a pre-norm layer adds to its residual stream first: attention of the normalised input. */
export function attentionBranch(step: PytorchStep, input: Tensor, rows: Rows = step.rows): Tensor {
  const normed = norm(step, 'norm1', input);
  const attention = selfAttention(step, normed, rows);
  step.trace.release(normed);
  return finished(step, 'attn', attention);
}

/** What it adds second: the MLP of the normalised middle. */
export function mlpBranch(step: PytorchStep, middle: Tensor): Tensor {
  const normed = norm(step, 'norm2', middle);
  const inner = mlp(step, normed);
  step.trace.release(normed);
  return finished(step, 'mlp', inner);
}

/** The norm after a branch, where the family has one, and dropout. */
function finished(step: PytorchStep, branch: 'attn' | 'mlp', output: Tensor): Tensor {
  const { postNorms } = FAMILIES[step.recipe.model.family];
  const normed = postNorms ? replace(step, output, (x) => norm(step, `${branch}.norm`, x)) : output;
  return replace(step, normed, (x) => residualDropout(step, x));
}

/** x + attention(norm(x)) + mlp(norm(x)): GPT-NeoX on two norms, Falcon on one or two. */
function parallelLayer(step: PytorchStep, input: Tensor, rows: Rows): Tensor {
  const { trace, recipe } = step;
  const stream = streamType(recipe);
  const first = norm(step, 'norm1', input);
  const attention = selfAttention(step, first, rows);
  const second = step.has('norm2') ? norm(step, 'norm2', input) : trace.hold(first);
  trace.release(first);
  const inner = mlp(step, second);
  trace.release(second);
  const both = aten.add(trace, inner, attention, stream);
  trace.release(inner, attention);
  const output = aten.add(trace, both, input, stream);
  trace.release(both);
  return output;
}

/** norm(x + attention(x)), then norm(· + mlp(·)): BERT. */
function postNormLayer(step: PytorchStep, input: Tensor, rows: Rows): Tensor {
  const { trace, recipe } = step;
  const stream = streamType(recipe);
  const half = (name: string, x: Tensor, f: (x: Tensor) => Tensor): Tensor => {
    const inner = replace(step, f(x), (y) => residualDropout(step, y));
    const sum = aten.add(trace, inner, x, stream);
    trace.release(inner);
    return replace(step, sum, (y) => norm(step, name, y));
  };
  const middle = half('norm1', input, (x) => selfAttention(step, x, rows));
  const output = half('norm2', middle, (x) => mlp(step, x));
  trace.release(middle);
  return output;
}

const residualDropout = (step: PytorchStep, x: Tensor): Tensor =>
  aten.dropout(step.trace, x, step.recipe.model.dropout, step.options.kernels);

/** `x = f(x)`: the old value ends when the name is bound anew. */
function replace(step: PytorchStep, x: Tensor, f: (x: Tensor) => Tensor): Tensor {
  const output = f(x);
  step.trace.release(x);
  return output;
}

function selfAttention(step: PytorchStep, normed: Tensor, rows: Rows): Tensor {
  const whole = (x: Tensor): Tensor => attention(step, x, rows);
  return step.recipe.pytorch.sharing?.part(step, normed, whole) ?? whole(normed);
}

function attention(step: PytorchStep, normed: Tensor, rows: Rows): Tensor {
  const { model } = step.recipe;
  if (step.has('attn.qkv')) return mixed(step, fusedHeads(step, normed, rows), { queries: rows, keys: rows });
  const q = headed(step, 'attn.q', normed, rows, model.heads);
  const k = headed(step, 'attn.k', normed, rows, model.kvHeads);
  const v = headed(step, 'attn.v', normed, rows, model.kvHeads, false);
  return mixed(step, { q, k, v }, { queries: rows, keys: rows });
}

/** A projection split into heads (a view), normalised and turned where the family does so. */
export function headed(step: PytorchStep, name: string, normed: Tensor, rows: Rows, count: number, positioned = true): Tensor {
  let x = linear(step, name, normed);
  x.shape = [rows.batch, count, rows.tokens, step.recipe.model.headDim];
  if (!positioned) return x;
  if (step.has(`${name}.norm`)) x = replace(step, x, (y) => norm(step, `${name}.norm`, y));
  return turned(step, x);
}

function turned(step: PytorchStep, x: Tensor): Tensor {
  if (FAMILIES[step.recipe.model.family].position !== 'rotary') return x;
  return replace(step, x, (y) => rotary(step, 'attn.rope', y));
}

/**
 * q, k and v of one matrix: views of one storage, which lives as long as any of them. Rotary positions make q and k
 * anew, so that then v alone holds on to all three.
 */
function fusedHeads(step: PytorchStep, normed: Tensor, rows: Rows): Heads {
  const { trace, recipe } = step;
  const { heads, kvHeads, headDim } = recipe.model;
  const storage = linear(step, 'attn.qkv', normed);
  const part = (name: string, count: number, bytes: number): Tensor => {
    const view = trace.tensor(name, [rows.batch, count, rows.tokens, headDim], storage.dtype, 'activations', bytes);
    trace.op({ op: 'view', label: name, reads: [storage], writes: [view], moved: 0 });
    return view;
  };
  const rotary = FAMILIES[recipe.model.family].position === 'rotary';
  // The storage is charged to v, the one view of it that is always kept.
  const v = part('attn.v', kvHeads, storage.bytes);
  const q = part('attn.q', heads, 0);
  const k = part('attn.k', kvHeads, 0);
  trace.release(storage);
  // Each view's gradient goes into its part of one gradient of the whole.
  trace.record({
    label: 'attn.qkv',
    output: v,
    inputs: [storage],
    saved: [],
    backward: () => [aten.gradientOf(trace, 'aten.cat', storage, [])],
  });
  for (const view of [q, k])
    trace.record({ label: 'attn.qkv', output: view, inputs: [storage], saved: [], backward: () => [null] });
  return rotary ? { q: turned(step, q), k: turned(step, k), v } : { q, k, v };
}

/** Attention over the heads and its output projection; takes over the references to the heads. */
export function mixed(step: PytorchStep, heads: Heads, extent: Extent, out = 'attn.o'): Tensor {
  const { trace, recipe } = step;
  let mix = attend(step, heads, extent);
  mix.shape = [tokensOf(extent.queries), recipe.model.heads * recipe.model.headDim];
  if (step.options.sequenceFirst && extent.queries.batch > 1)
    mix = replace(step, mix, (x) => aten.copied(trace, 'clone', x, x.shape, 'clone_backward'));
  const output = linear(step, out, mix);
  trace.release(mix);
  return recipe.pytorch.adapt?.(step, 'attn', output) ?? output;
}

/**
 * The rows of one chunk through a layer, with keys and values of the whole prefix projected again for it, and repeated to
 * every query head as the released code does; the norm runs over all of the input. Written at the length of the last
 * chunk, whose prefix is the whole sequence; what grows with the prefix is counted at the average of the `chunks`.
 */
export function chunkOfLayer(step: PytorchStep, input: Tensor, rows: Rows, chunks: number): Tensor {
  const { trace, recipe } = step;
  const { model } = recipe;
  const all = step.rows;
  const view = (x: Tensor): Tensor => {
    const slice = trace.tensor('chunk', [tokensOf(rows), model.hidden], x.dtype, 'activations', 0);
    trace.op({ op: 'view', reads: [x], writes: [slice], moved: 0 });
    trace.record({ output: slice, inputs: [x], saved: [], backward: (g) => [padded(step, x, g)] });
    return slice;
  };
  const normed = norm(step, 'norm1', input);
  const mine = view(normed);
  const q = headed(step, 'attn.q', mine, rows, model.heads);
  trace.release(mine);
  const [k, v] = trace.costing((chunks + 1) / (2 * chunks), () => [
    headed(step, 'attn.k', normed, all, model.kvHeads),
    headed(step, 'attn.v', normed, all, model.kvHeads, false),
  ]) as [Tensor, Tensor];
  trace.release(normed);
  const pairs = attendedPairs(all.tokens, all.tokens, model.slidingWindow) / chunks;
  const own = (): Tensor => mixed(step, { q, k, v }, { queries: rows, keys: all, pairs, masked: chunks > 1 });
  const attention = finished(step, 'attn', recipe.pytorch.sharing?.part(step, q, own) ?? own());
  const residual = view(input);
  const middle = aten.add(trace, residual, attention, streamType(recipe));
  trace.release(attention, residual);
  const inner = mlpBranch(step, middle);
  const output = aten.add(trace, middle, inner, streamType(recipe));
  trace.release(middle, inner);
  return output;
}

/** The gradient of a slice, padded with zeros to the size of the whole. */
function padded(step: PytorchStep, whole: Tensor, g: Tensor): Tensor {
  return aten.gradientOf(step.trace, 'aten.slice_backward', whole, [g]);
}
