/** A whole training step of a Llama-like model on the runner's own engine. */
import type { Model } from '../../plan/types';
import { type Weight, weightsOf } from '../../plan/weights';
import type { Part, Recipe } from '../recipe';
import { type Tensor, Trace } from '../trace';
import type { Tape } from '../types';
import { adapterNames, type Context, gradientOf, trains, update } from './context';
import { embedded, head, type Inputs } from './head';
import { asItIs, type KeptLayer, keepInput, keepLayer, restoreInput } from './kept';
import { joinsHead, lastLayer } from './last-layer';
import { backwardLayer, forwardLayer, isOfLayer } from './layer';
import { clearAll, eachMicroBatch } from './micro';
import { emit, make, plainRows } from './ops';
import { forwardOnly } from './passes';
import { referenceWeights, withReference } from './reference';
import { reversibleLayers } from './reversible';

/** Families whose layers are the runner's: RMSNorm, rotary positions, grouped queries, SwiGLU, no biases. */
const FAMILIES: readonly Model['family'][] = ['llama', 'mistral'];

/** Weights and adapters of one layer, and those outside. */
export function runnerWeights(recipe: Recipe): { layer: Weight[]; outside: Weight[] } {
  const { layer, outside } = weightsOf(recipe.model);
  const { adapters } = recipe;
  const added = layer.flatMap((weight): Weight[] => {
    if (!adapters?.targets.includes(weight.name)) return [];
    const [out, columns] = weight.shape as [number, number];
    const [a, b] = adapterNames(weight.name);
    return [
      { name: a, shape: [adapters.rank, columns], role: 'adapter' },
      { name: b, shape: [out, adapters.rank], role: 'adapter' },
    ];
  });
  const reference = referenceWeights(recipe);
  return { layer: [...layer, ...added, ...reference.layer], outside: [...outside, ...reference.outside] };
}

/** Records the step. Setup ops (`parameter`, `state`, `input`, `table`) say what the host fills once. */
export function lowerWebgpu(recipe: Recipe): Tape {
  const { model, batch, sequence, accumulate } = recipe;
  if (!FAMILIES.includes(model.family) || model.attentionBias || model.experts > 0)
    throw new Error(`the runner's engine has Llama-like layers only, not ${model.family}'s`);
  const trace = new Trace();
  const count = batch * sequence;
  const { layer, outside } = runnerWeights(recipe);
  const input = (name: string, shape: readonly number[], dtype: 'int32' | 'fp32' = 'int32') => {
    const tensor = make(trace, name, shape, 'temporary', dtype);
    trace.op({ op: 'input', label: name, writes: [tensor] });
    return tensor;
  };
  const context: Context = {
    trace,
    recipe,
    all: { count, chunk: 0, sequence, batch },
    positions: input('positions', [sequence, model.headDim], 'fp32'),
    weights: new Map([...layer, ...outside].map((weight) => [weight.name, weight])),
    parts: new Map(),
    states: new Map(),
    gradients: new Map(),
  };
  const persist = (weight: Weight) => persistent(context, weight);
  trace.repeat({ axis: 'layer', count: model.layers }, [], () => {
    layer.forEach(persist);
    return [];
  });
  outside.forEach(persist);
  const { objective } = recipe.webgpu;
  const answers = objective && objective.kind !== 'score' ? objective : null;
  const inputs: Inputs = {
    tokens: input('tokens', [accumulate * count]),
    targets: input('targets', [accumulate * count]),
    order: input('order', [accumulate * count]),
    starts: input('starts', [accumulate * (model.vocab + 1)]),
    loss: input('loss', [accumulate * count], 'fp32'),
    reference: answers?.reference === 'input' ? input('reference', [accumulate * count], 'fp32') : null,
    advantages: answers?.kind === 'grpo' ? input('advantages', [accumulate * count], 'fp32') : null,
  };

  const write = recipe.webgpu.forwardOnly;
  if (write) {
    trace.phase('forward');
    eachMicroBatch(context, inputs, (own) => withReference(context, own, (scored) => forwardOnly(context, scored, write)));
    return trace.finish();
  }
  trace.phase('forward');
  if (accumulate > 1) clearAll(context);
  let layers: LayerGradients[] = [];
  const differentiated = (own: Inputs) => {
    const { dx, last, back } = passes(context, own);
    if (recipe.layerwise) outsideUpdates(context, ['norm', ...(model.tiedEmbeddings ? [] : ['head'])]);
    layers = [...last, ...back(dx)];
    // The next micro-batch adds to the same ones.
    if (accumulate > 1)
      for (const { gradients } of layers) for (const [name, gradient] of gradients) context.gradients.set(name, gradient);
    embedBackward(context, own, dx);
    trace.release(dx);
  };
  eachMicroBatch(context, inputs, (own) => {
    trace.phase('forward');
    withReference(context, own, differentiated);
  });
  if (accumulate > 1) layers = [taken(context, 0, model.layers)];

  trace.phase('optimizer');
  if (!recipe.webgpu.optimizer) return trace.finish();
  for (const { from, count, gradients } of layers) {
    if (gradients.size === 0) continue;
    trace.repeat({ axis: 'layer', count, from }, [], () => {
      const inside: Context = { ...context, gradients: new Map(gradients) };
      for (const name of gradients.keys()) update(inside, name);
      return [];
    });
  }
  outsideUpdates(context, [...context.gradients.keys()]);
  return trace.finish();
}

interface Passes {
  dx: Tensor;
  /** Gradients of the layers that are behind already. */
  last: LayerGradients[];
  /** Turns `dx` into the gradient of the embeddings, in place. */
  back(dx: Tensor): LayerGradients[];
}

/** Forward pass and head: the loss of every row, and `dx`, the gradient of what the remaining layers make. */
function passes(context: Context, inputs: Inputs): Passes {
  const { recipe } = context;
  const { layers } = recipe.model;
  const rule = recipe.webgpu.reversible;
  if (rule) {
    const { x, backward: undo } = reversibleLayers(context, embedded(context, inputs), rule);
    const back = (dx: Tensor) => [{ from: 0, count: layers, gradients: undo(dx) }];
    return { dx: head(context, x, inputs), last: [], back };
  }
  const joined = joinsHead(context);
  const { x, stretches } = joined ? forward(context, inputs, layers - 1, unkept(layers)) : forward(context, inputs, layers, 1);
  const back = (dx: Tensor) => backward(context, inputs, stretches, dx);
  if (!joined) return { dx: head(context, x, inputs), last: [], back };
  lastLayer(context, x, inputs);
  return { dx: x, last: recipe.accumulate > 1 ? [] : [taken(context, layers - 1, 1)], back };
}

function outsideUpdates(context: Context, names: readonly string[]): void {
  for (const name of names) update(context, name);
}

/** A weight's stored parts and its optimizer states: alive from the first step to the last. */
function persistent(context: Context, weight: Weight): void {
  const { trace, recipe } = context;
  const tensors = (parts: readonly Part[], op: string, category: 'weights' | 'optimizer') =>
    parts.map((part) => {
      const tensor = make(trace, `${weight.name}.${part.name}`, part.shape, category, part.dtype);
      trace.op({ op, label: weight.name, writes: [tensor], attrs: { part: part.name } });
      return tensor;
    });
  const packed = recipe.webgpu.unpack?.applies(weight) ?? false;
  const stored: Part[] = packed ? recipe.stored(weight) : [{ name: 'weight', shape: weight.shape, dtype: 'fp32' }];
  context.parts.set(weight.name, tensors(stored, 'parameter', 'weights'));
  const rule = recipe.webgpu.optimizer;
  if (rule && trains(context, weight.name)) context.states.set(weight.name, tensors(rule.states(weight), 'state', 'optimizer'));
}

/** A stretch of layers that runs from one kept input. */
interface Stretch {
  from: number;
  count: number;
  kept: KeptLayer;
}

/**
 * How many of the first layers run on from the embeddings with nothing kept, where the last layer goes with the head: the pass that the
 * last one saves goes to run the first ones again when all other inputs are gone. In deep models a fiftieth of the step goes there too.
 */
const unkept = (layers: number): number => 1 + Math.floor(layers / 8);

/**
 * The first `layers` layers. The first one's input is the embeddings: where the backward runs layers again, they are looked up again in
 * place of being kept, and the inputs of the first `unkept` layers are made again from them.
 */
function forward(context: Context, inputs: Inputs, layers: number, unkept: number): { x: Tensor; stretches: Stretch[] } {
  const { trace, recipe } = context;
  const { keep, every } = recipe.webgpu.backward;
  let x = embedded(context, inputs);
  const stretches: Stretch[] = [];
  const lookedUp: KeptLayer = { input: { again: () => embedded(context, inputs) }, inner: new Map() };
  /** Layers of which nothing is kept but what stands for the input of the first. */
  const through = (from: number, count: number, kept: KeptLayer) => {
    const [out] = trace.repeat({ axis: 'layer', count, from }, [x], ([input]) => {
      const { y } = forwardLayer(context, input as Tensor, false);
      trace.release(input);
      return [y];
    });
    x = out as Tensor;
    stretches.push({ from, count, kept });
  };
  const run = (from: number, count: number) => {
    let kept: KeptLayer | null = null;
    const [out] = trace.repeat({ axis: 'layer', count, from }, [x], ([input]) => {
      const { y, inner } = forwardLayer(context, input as Tensor, keep === 'all');
      kept = keepLayer(context, input as Tensor, inner);
      return [y];
    });
    x = out as Tensor;
    stretches.push({ from, count, kept: kept as unknown as KeptLayer });
  };
  if (keep === 'all') run(0, layers);
  else if (every <= 1) {
    if (layers > 0) through(0, Math.min(unkept, layers), lookedUp);
    if (layers > unkept) run(unkept, layers - unkept);
  } else
    for (let from = 0; from < layers; from += every) {
      const kept = from === 0 ? lookedUp : { input: keepInput(context, copyOf(context, x)), inner: new Map() };
      through(from, Math.min(every, layers - from), kept);
    }
  return { x, stretches };
}

/** The residual stream moves on through the layers, so what is kept of it at the start of a stretch is a copy, or its packed form. */
function copyOf(context: Context, x: Tensor): Tensor {
  if (context.recipe.webgpu.kept) return context.trace.hold(x);
  const copy = make(context.trace, 'boundary', x.shape, 'activations');
  context.trace.op({ op: 'copy', label: 'boundary', reads: [x], writes: [copy] });
  return copy;
}

/** Gradients of a stretch's layers. */
interface LayerGradients {
  from: number;
  count: number;
  gradients: Map<string, Tensor>;
}

/** dx becomes the gradient of the embeddings. Returns the gradients that still wait for the optimizer. */
function backward(context: Context, inputs: Inputs, stretches: readonly Stretch[], dx: Tensor): LayerGradients[] {
  const { trace, recipe } = context;
  const { keep, every } = recipe.webgpu.backward;
  return [...stretches].reverse().flatMap(({ from, count, kept }) => {
    if (count > 1 && 'again' in kept.input && every <= 1) {
      const { x, stretches: first } = forward(context, inputs, count - 1, 1);
      const last = { from: count - 1, count: 1, kept: { input: asItIs(x), inner: new Map() } };
      return backward(context, inputs, [...first, last], dx);
    }
    const inside = keep === 'input' && every > 1 ? again(context, from, count, kept) : kept;
    trace.repeat({ axis: 'layer', count, from, reverse: true }, [], () => {
      backwardLayer(context, inside, dx);
      return [];
    });
    // What micro-batches add to is one set of gradients for all stretches.
    return [recipe.accumulate > 1 ? { from, count, gradients: new Map() } : taken(context, from, count)];
  });
}

/** The gradients of some layers, which are the caller's from now on. */
function taken(context: Context, from: number, count: number): LayerGradients {
  const made = [...context.gradients.entries()].filter(([name]) => isOfLayer(name));
  for (const [name] of made) context.gradients.delete(name);
  return { from, count, gradients: new Map(made) };
}

/** Runs the layers of a stretch again from its kept input, keeping what their backward reads. */
function again(context: Context, from: number, count: number, kept: KeptLayer): KeptLayer {
  let inside = kept;
  const exact: Context = { ...context, recipe: { ...context.recipe, webgpu: { ...context.recipe.webgpu, kept: null } } };
  const [last] = context.trace.repeat({ axis: 'layer', count, from }, [restoreInput(context, kept)], ([input]) => {
    const { y, inner } = forwardLayer(exact, input as Tensor, true);
    inside = keepLayer(exact, input as Tensor, inner);
    return [y];
  });
  context.trace.release(last);
  return inside;
}

function embedBackward(context: Context, inputs: Inputs, dx: Tensor): void {
  if (!trains(context, 'embed')) return;
  const { gradient, fresh } = gradientOf(context, 'embed');
  const { hidden, vocab } = context.recipe.model;
  emit(context.trace, {
    op: 'embed_backward',
    label: 'embed',
    rows: plainRows(vocab),
    reads: [dx, inputs.order, inputs.starts, ...(fresh ? [] : [gradient])],
    writes: [gradient],
    attrs: { columns: hidden, accumulate: !fresh },
  });
  if (context.recipe.layerwise) update(context, 'embed');
}
