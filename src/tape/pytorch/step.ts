/** Writes one training step, in its steady state, as PyTorch would run it. */

import { bytesOf } from '../../plan/dtypes';
import { FAMILIES } from '../../plan/families';
import type { DType } from '../../plan/types';
import { elements, type Weight, weightsOf } from '../../plan/weights';
import { isFirst, isLast, type Stage } from '../cards';
import { withWaiting } from '../in-flight';
import type { Part, Recipe } from '../recipe';
import { type Tensor, Trace } from '../trace';
import type { Tape } from '../types';
import type { PytorchOptions, PytorchStep, Stretch } from './context';
import { embed, received } from './embed';
import { encoderStretch } from './encoder';
import { head, sent } from './ends';
import { decoderLayer } from './layers';
import type { ParameterGroup, UnitName } from './rules';
import { isActive, stretchesOf } from './stretches';
import { makeBuffers, unitsOf } from './units';

interface Parameter {
  weight: Weight;
  tensor: Tensor;
  /** The type that it is kept in; its tensor has the type that it is used in. */
  kept: DType;
  perLayer: boolean;
}

/** A tensor with an instance for each iteration of a stretch of layers, or one outside the layers. */
interface Placed {
  tensor: Tensor;
  stretch: Stretch | null;
}

export function lowerPytorch(recipe: Recipe, options: PytorchOptions): Tape {
  const trace = new Trace();
  const parameters = declare(trace, recipe, options);
  const named = new Map(parameters.map((parameter) => [parameter.weight.name, parameter]));
  const find = (name: string): Parameter => {
    const found = named.get(name);
    if (!found) throw new Error(`pytorch: ${recipe.model.family} has no weight ${name}`);
    return found;
  };
  /** By parameter and place: each stretch of layers makes its own instances. */
  const gradients = new Map<string, Placed & { parameter: Tensor }>();
  const casts = new Map<string, Placed>();
  let stretch: Stretch | null = null;
  let place = '';
  /** What the caller of the model holds until backward is over. */
  let held: Tensor[] = [];

  /** Adds a gradient to what the parameter has, or starts it with `made`. */
  const keep = (parameter: Tensor, gradient: Tensor, made = (first: Tensor): Tensor => first): void => {
    const key = `${parameter.id}:${parameter.perLayer ? place : ''}`;
    const existing = gradients.get(key)?.tensor;
    if (existing) {
      trace.op({ op: 'aten.add_', label: 'accumulate', reads: [existing, gradient], writes: [existing] });
      trace.release(gradient);
      return;
    }
    gradients.set(key, { tensor: made(gradient), stretch: parameter.perLayer ? stretch : null, parameter });
    if (takesAtOnce(recipe, parameter)) updateAtOnce(parameter, key);
  };
  trace.onParameterGradient = (parameter, gradient) => {
    if (parameter === step.encoder?.memory) step.encoder.take(gradient);
    else if (recipe.pytorch.reduction) units.take(parameter, gradient);
    else keep(parameter, gradient, (first) => inGradientType(trace, recipe, first));
  };

  if (recipe.pytorch.pack) trace.packer = (tensor) => recipe.pytorch.pack?.(trace, tensor) ?? null;

  /** A layerwise optimizer takes a gradient outside the layers as soon as it is complete. */
  const updateAtOnce = (tensor: Tensor, key: string): void => {
    const parameter = parameters.find((candidate) => candidate.tensor === tensor);
    if (parameter) recipe.pytorch.optimizerStep(step, [groupOf(recipe, parameter, 1)]);
    trace.release(gradients.get(key)?.tensor);
    gradients.delete(key);
  };

  const step: PytorchStep = {
    trace,
    recipe,
    options,
    rows: { batch: recipe.batch, tokens: recipe.sequence },
    parameter: (name) => find(name).tensor,
    weight: (name) => find(name).weight,
    has: (name) => named.has(name),
    stretches: stretchesOf(recipe),
    embed: () => {
      step.holdUntilBackwardEnds(...makeBuffers(step, 'pass'));
      return units.forward('embed', () => (isFirst(recipe.cards.stage) ? embed(step) : received(step)));
    },
    layer: (input, rows) => units.forward('layer', () => decoderLayer(step, input, rows)),
    head: (hidden) => {
      const backward = units.head(() => (isLast(recipe.cards.stage) ? head(step, hidden) : sent(step, hidden)));
      return () => {
        const gradient = backward();
        step.encoder?.begin();
        return gradient;
      };
    },
    encoder: null,
    holdUntilBackwardEnds: (...tensors) => held.push(...tensors),
    endPass: () => {
      units.afterBackward();
      step.encoder?.end();
      step.encoder = null;
      trace.release(...held);
      held = [];
    },
    enter: (next, offset = 0) => {
      stretch = next;
      place = next ? `${next.from}+${offset}` : '';
      if (!next || !recipe.active) return;
      const active = isActive(recipe, next.from + offset);
      for (const { tensor, weight, perLayer } of parameters) if (perLayer) tensor.requiresGrad = active && learns(recipe, weight);
    },
    afterLayerBackward: () => {
      units.afterBackward();
      if (!recipe.layerwise) return;
      const encoding = stretch !== null && stretch.from >= recipe.model.layers;
      const layer = parameters.filter(
        ({ perLayer, tensor, weight }) => perLayer && tensor.requiresGrad && ofEncoder(weight) === encoding,
      );
      recipe.pytorch.optimizerStep(
        step,
        layer.map((parameter) => groupOf(recipe, parameter, 1)),
      );
      // What the layer's optimizer has used ends here.
      for (const [key, { tensor, stretch: at }] of gradients) {
        if (!at || at.from !== stretch?.from) continue;
        trace.release(tensor);
        gradients.delete(key);
      }
    },
    allGradients: () => {
      trace.phase('backward');
      const make = ({ tensor }: Parameter): void => {
        if (!tensor.requiresGrad) return;
        const gradient = trace.tensor('gradient', tensor.shape, tensor.dtype, 'gradients');
        trace.op({ op: 'gradient', label: tensor.name, writes: [gradient], moved: 0 });
        trace.onParameterGradient(tensor, gradient);
      };
      for (const at of step.stretches) {
        step.enter(at);
        trace.repeat({ axis: 'layer', ...at }, [], () => {
          for (const parameter of parameters) if (parameter.perLayer) make(parameter);
          return [];
        });
      }
      step.enter(null);
      for (const parameter of parameters) if (!parameter.perLayer) make(parameter);
    },
    cachedCast: (name) => casts.get(`${place}:${name}`)?.tensor,
    cacheCast: (name, tensor) => casts.set(`${place}:${name}`, { tensor: trace.hold(tensor), stretch }),
    endAutocast: (where) => {
      const ended = [...casts].filter(([, cast]) => where === 'everywhere' || cast.stretch?.from === stretch?.from);
      if (where === 'here') trace.release(...ended.map(([, cast]) => cast.tensor));
      else
        releaseAll(
          trace,
          ended.map(([, cast]) => cast),
        );
      for (const [key] of ended) casts.delete(key);
    },
    backward: (nodes, output, seed, wanted) => {
      units.beforeBackward();
      return trace.backward(nodes, output, seed, wanted);
    },
  };
  const units = unitsOf(
    step,
    () => ({ place, stride: stretch?.stride ?? 1 }),
    (unit) => parameters.filter((parameter) => unitOf(parameter, recipe) === unit).map(({ weight }) => weight),
    keep,
  );

  // What every layer adds to has its gradient from the start.
  if (recipe.added.shared.length > 0) trace.phase('forward');
  for (const { tensor } of recipe.added.shared.map((weight) => find(weight.name))) {
    if (!tensor.requiresGrad) continue;
    const dtype = recipe.gradients ?? tensor.dtype;
    const gradient = trace.tensor(`${tensor.name}.gradient`, tensor.shape, dtype, 'gradients');
    trace.op({ op: 'aten.zeros', label: tensor.name, writes: [gradient] });
    gradients.set(`${tensor.id}:`, { tensor: gradient, stretch: null, parameter: tensor });
  }
  const microBatch = (): void => {
    recipe.pytorch.schedule(step);
    step.endPass();
  };
  microBatch();
  if (recipe.accumulate > 1) {
    trace.repeat({ axis: 'micro', count: recipe.accumulate - 1, from: 1 }, [], () => {
      microBatch();
      return [];
    });
  }

  const settle = recipe.pytorch.reduction?.settle;
  if (settle)
    forEachPlaced(trace, [...gradients.values()], (entry) => {
      entry.tensor = settle(step, entry.tensor, entry.parameter);
    });
  trace.phase('optimizer');
  const trained = parameters.filter(
    ({ weight, tensor, perLayer }) => recipe.trains(weight) && !takesAtOnce(recipe, tensor) && !(recipe.layerwise && perLayer),
  );
  const layers = recipe.active?.count ?? recipe.model.layers;
  recipe.pytorch.optimizerStep(
    step,
    trained.map((parameter) =>
      groupOf(recipe, parameter, !parameter.perLayer ? 1 : ofEncoder(parameter.weight) ? recipe.model.encoderLayers : layers),
    ),
  );
  recipe.pytorch.afterStep?.(step);
  // zero_grad(set_to_none=True)
  releaseAll(trace, [...gradients.values()]);
  return withWaiting(trace.finish(), recipe.cards.stage.waiting, recipe.model.layers);
}

/** Which unit of sharding a parameter belongs to. */
function unitOf({ weight, perLayer }: Parameter, { pytorch }: Recipe): UnitName {
  if (perLayer) return 'layer';
  return pytorch.gathering?.root || entersFirst(weight) ? 'embed' : 'head';
}

/** Embeddings, positions and the norm after them: they stand on a pipeline's first stage. */
const entersFirst = ({ name, role }: Weight): boolean => role === 'embedding' || role === 'position' || name.startsWith('embed.');

/** Whether a parameter outside the layers is on a stage of a pipeline; a tied table is on both ends. */
const onStage = (stage: Stage, weight: Weight, tied: boolean): boolean =>
  (isFirst(stage) && entersFirst(weight)) || (isLast(stage) && (!entersFirst(weight) || (tied && weight.name === 'embed')));

/**
 * Whether an optimizer inside backward takes a gradient as soon as it is there, rather than a layer's together. A tied
 * table's gradient is complete only when the embedding has added its part, at the end.
 */
function takesAtOnce({ layerwise, model, pytorch, added }: Recipe, parameter: Tensor): boolean {
  if (!layerwise || added.shared.some((weight) => weight.name === parameter.name)) return false;
  if (parameter.perLayer) return layerwise === 'parameter' && !pytorch.gradientsInParts;
  return !(model.tiedEmbeddings && parameter.name === 'embed');
}

/** Ends tensors everywhere: a layer's, in a repeat over the stretch that made them. */
const releaseAll = (trace: Trace, placed: readonly Placed[]): void =>
  forEachPlaced(trace, placed, ({ tensor }) => trace.release(tensor));

/** Does something with each tensor: with a layer's, in a repeat over the stretch that made it. */
function forEachPlaced<P extends Placed>(trace: Trace, placed: readonly P[], visit: (entry: P) => void): void {
  const stretches = new Map(placed.flatMap(({ stretch }) => (stretch ? [[stretch.from, stretch] as const] : [])));
  for (const stretch of stretches.values()) {
    trace.repeat({ axis: 'layer', ...stretch }, [], () => {
      for (const entry of placed) if (entry.stretch?.from === stretch.from) visit(entry);
      return [];
    });
  }
  for (const entry of placed) if (!entry.stretch) visit(entry);
}

/** The gradient in the type that the plan keeps gradients in: the same tensor, or a copy. */
export function inGradientType(trace: Trace, recipe: Recipe, gradient: Tensor): Tensor {
  let kept = gradient;
  const dtype = recipe.gradients ?? gradient.dtype;
  if (dtype !== gradient.dtype) {
    kept = trace.tensor('main_grad', gradient.shape, dtype, 'gradients');
    trace.op({ op: 'aten._to_copy', reads: [gradient], writes: [kept] });
    trace.release(gradient);
  }
  kept.category = 'gradients';
  return kept;
}

/** Weights, adapters, optimizer states and buffers: what lives from step to step. */
function declare(trace: Trace, recipe: Recipe, options: PytorchOptions): Parameter[] {
  const { model } = recipe;
  const { layer, encoder, outside } = weightsOf(model);
  const parameters: Parameter[] = [];
  // Layers that do not learn, and whose states went when they ceased to, have none.
  const fewer = recipe.active && !recipe.active.statesStay ? recipe.active : null;
  const later: { weight: Weight; states: Tensor[] }[] = [];
  const make = (weight: Weight, perLayer: boolean): void => {
    const parts = recipe.stored(weight);
    const stored = parts[0]?.dtype ?? recipe.parameters;
    const dtype = recipe.used && stored === recipe.parameters ? recipe.used : stored;
    const tensor = trace.tensor(weight.name, weight.shape, dtype, 'weights', partsBytes(parts));
    outsideCard(tensor, parts);
    tensor.leaf = true;
    tensor.requiresGrad = learns(recipe, weight);
    const states = recipe.trains(weight) ? recipe.states(weight, stored) : [];
    const kept = states.map((part) => {
      const state = trace.tensor(`${weight.name}.${part.name}`, part.shape, part.dtype, 'optimizer', partsBytes([part]));
      return outsideCard(state, [part]);
    });
    // Optimizers that count steps keep a float32 scalar for each parameter; on CUDA the foreach ones keep it on the host.
    if (states.length && options.kernels === 'cpu' && countsSteps(states))
      kept.push(trace.tensor(`${weight.name}.step`, [1], 'fp32', 'optimizer'));
    if (perLayer && fewer) later.push({ weight, states: kept });
    trace.op({ op: 'parameter', label: weight.name, writes: perLayer && fewer ? [tensor] : [tensor, ...kept], moved: 0 });
    parameters.push({ weight, tensor, kept: stored, perLayer });
  };
  trace.repeat({ axis: 'layer', count: model.layers }, [], () => {
    for (const weight of [...layer, ...addedWeights(recipe, layer)]) make(weight, true);
    return [];
  });
  trace.repeat({ axis: 'layer', ...encoderStretch(model) }, [], () => {
    for (const weight of [...encoder, ...addedWeights(recipe, encoder)]) make({ ...weight, name: `encoder.${weight.name}` }, true);
    return [];
  });
  if (fewer) {
    trace.repeat({ axis: 'layer', from: fewer.from, count: fewer.count }, [], () => {
      for (const { weight, states } of later) trace.op({ op: 'parameter', label: weight.name, writes: states, moved: 0 });
      return [];
    });
  }
  for (const weight of [...outside, ...recipe.added.outside, ...recipe.added.shared])
    if (onStage(recipe.cards.stage, weight, model.tiedEmbeddings)) make(weight, false);
  if (FAMILIES[model.family].position === 'rotary') {
    const buffer = trace.tensor('inv_freq', [model.headDim / 2], 'fp32', 'weights');
    trace.op({ op: 'parameter', label: 'inv_freq', writes: [buffer], moved: 0 });
  }
  makeBuffers({ trace, recipe }, 'always');
  return parameters;
}

/** Every parameter of a card, each with how often it is there. */
export function weightsOnCard(recipe: Recipe): { weight: Weight; count: number }[] {
  const { model, cards, added } = recipe;
  const { layer, encoder, outside } = weightsOf(model);
  return [
    ...[...layer, ...addedWeights(recipe, layer)].map((weight) => ({ weight, count: model.layers })),
    ...[...encoder, ...addedWeights(recipe, encoder)].map((weight) => ({ weight, count: model.encoderLayers })),
    ...[...outside, ...added.outside, ...added.shared]
      .filter((weight) => onStage(cards.stage, weight, model.tiedEmbeddings))
      .map((weight) => ({ weight, count: 1 })),
  ];
}

/** Notes what of a tensor lies outside the card. */
function outsideCard(tensor: Tensor, parts: readonly Part[]): Tensor {
  const [away] = parts.filter((part) => part.place);
  if (away?.place) tensor.host = { place: away.place, bytes: partsBytes(parts, true) };
  return tensor;
}

/** Whether a layer's weight is one of an encoder's layers. */
const ofEncoder = ({ name }: Weight): boolean => name.startsWith('encoder.');
/** Whether a weight is differentiated. */
const learns = ({ trains, pytorch }: Recipe, weight: Weight): boolean => !pytorch.forwardOnly && trains(weight);
const countsSteps = (states: readonly Part[]): boolean => states.some((part) => part.name === 'exp_avg');
/** Bytes of parts that lie on the card, or outside of it. */
const partsBytes = (parts: readonly Part[], outside = false): number =>
  parts.reduce(
    (sum, { dtype, shape, place }) =>
      (place !== undefined) === outside
        ? sum +
          bytesOf(
            dtype,
            shape.reduce((product, size) => product * size, 1),
          )
        : sum,
    0,
  );

/** A layer's parameters beside the model's own, LoRA's two factors of each target among them: A is [rank, in], B is [out, rank]. */
export function addedWeights({ adapters, added }: Recipe, layer: readonly Weight[]): Weight[] {
  if (!adapters) return [...added.layer];
  const factors = layer
    .filter((weight) => adapters.targets.includes(weight.name))
    .flatMap((weight): Weight[] => {
      const [out = 1, width = 1] = weight.shape;
      return [
        { name: `${weight.name}.lora_A`, shape: [adapters.rank, width], role: 'adapter' },
        { name: `${weight.name}.lora_B`, shape: [adapters.rows[weight.name] ?? out, adapters.rank], role: 'adapter' },
      ];
    });
  return [...factors, ...added.layer];
}

function groupOf(recipe: Recipe, { weight, tensor, kept }: Parameter, count: number): ParameterGroup {
  const shape = recipe.share(weight);
  const whole = shape === weight.shape;
  const size = whole ? elements(weight) : elements({ ...weight, shape });
  return {
    name: weight.name,
    shape,
    elements: size,
    bytes: whole && !tensor.host ? tensor.bytes : bytesOf(kept, size),
    dtype: kept,
    count,
    role: weight.role,
  };
}
