/** Writes one training step, in its steady state, as PyTorch would run it. */

import { bytesPer, isWider } from '../../plan/dtypes';
import { remembered } from '../../plan/remembered';
import { elements } from '../../plan/weights';
import { isFirst, isLast } from '../cards';
import { withWaiting } from '../in-flight';
import type { Recipe } from '../recipe';
import { type Tensor, Trace } from '../trace';
import type { Tape } from '../types';
import type { PytorchOptions, PytorchStep, Stretch } from './context';
import { embed, received } from './embed';
import { head, sent } from './ends';
import { heldGraph } from './held-graph';
import { alikeFor, type LayerWriter, takingLayers, type WrittenLayers, writingLayers } from './layer-spans';
import { decoderLayer } from './layers';
import { declare, groupOf, learns, ofEncoder, type Parameter, unitOf, weightsOnCard } from './parameters';
import { isActive, stretchesOf } from './stretches';
import { makeBuffers, unitsOf } from './units';

/** A tensor with an instance for each iteration of a stretch of layers, or one outside the layers. */
interface Placed {
  tensor: Tensor;
  stretch: Stretch | null;
}

/** A tape, and its layers for others that have the same; null where they cannot be told from what is around them. */
export interface Written {
  tape: Tape;
  layers: WrittenLayers | null;
}

/**
 * `from`: layers of another card of the same plan, or of a plan that differs from it by its loss alone. They are taken over where
 * this card's are like them.
 */
export function lowerPytorch(given: Recipe, options: PytorchOptions, from?: WrittenLayers | null): Written {
  // Techniques wrap these in one another, and each use of a weight asks.
  const recipe = { ...given, stored: remembered(given.stored), trains: remembered(given.trains) };
  const taken = alikeFor(recipe, from);
  const trace = new Trace(taken?.tensors);
  const writing = taken ? null : writingLayers(trace, recipe);
  const taking = taken ? takingLayers(trace, taken) : null;
  const layerWriter = (writing ?? taking) as LayerWriter;
  const parameters = declare(trace, recipe, options, layerWriter);
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
  const graph = heldGraph(trace, recipe, options, layerWriter);

  const main = mainGradients(trace, recipe, parameters);
  const { narrowGradients = 'added' } = recipe.pytorch;
  const isNarrow = (gradient: Tensor): boolean => main !== null && isWider(main.dtype, gradient.dtype);
  const addToMain = (gradient: Tensor): void => {
    if (!main) return;
    const wide = (gradient.bytes / bytesPer(gradient.dtype)) * bytesPer(main.dtype);
    const moved = gradient.bytes + 2 * wide;
    trace.op({ op: 'aten.add_', label: 'main_grad', reads: [gradient, main], writes: [main], moved });
  };

  /** Adds a gradient to what the parameter has, or starts it with this one. */
  const keep = (parameter: Tensor, gradient: Tensor): void => {
    const narrow = isNarrow(gradient);
    if (narrow && narrowGradients === 'added') {
      addToMain(gradient);
      trace.release(gradient);
      return;
    }
    const key = `${parameter.id}:${parameter.perLayer ? place : ''}`;
    const existing = gradients.get(key)?.tensor;
    if (existing) {
      trace.op({ op: 'aten.add_', label: 'accumulate', reads: [existing, gradient], writes: [existing] });
      trace.release(gradient);
      return;
    }
    const first = narrow ? Object.assign(gradient, { category: 'gradients' }) : inGradientType(trace, recipe, gradient);
    gradients.set(key, { tensor: first, stretch: parameter.perLayer ? stretch : null, parameter });
    if (takesAtOnce(recipe, parameter)) updateAtOnce(parameter, key);
  };
  const onParameterGradient = (parameter: Tensor, gradient: Tensor): void => {
    if (parameter === step.encoder?.memory) step.encoder.take(gradient);
    else if (recipe.pytorch.reduction && !ofEveryLayer(recipe, parameter)) units.take(parameter, gradient);
    else keep(parameter, gradient);
  };
  const { pack } = recipe.pytorch;
  // Not assigned one by one: V8 puts a function that is written at an assignment to a property among the old objects, where it keeps
  // the whole tape until the next full collection.
  Object.assign(trace, { onParameterGradient, ...(pack ? { packer: (tensor: Tensor) => pack(trace, tensor) } : {}) });

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
    layers: layerWriter,
    stretches: stretchesOf(recipe),
    embed: () => {
      step.holdUntilBackwardEnds(...makeBuffers(step, 'pass'));
      return units.forward('embed', () => (isFirst(recipe.cards.stage) ? embed(step) : received(step)));
    },
    layer: (input, rows) => step.inLayer(() => decoderLayer(step, input, rows)),
    inLayer: (run) => units.forward('layer', run),
    head: (hidden) => {
      const backward = units.head(() => (isLast(recipe.cards.stage) ? head(step, hidden) : sent(step, hidden)));
      graph?.lossIsThere();
      return () => {
        const gradient = backward();
        step.encoder?.begin();
        return gradient;
      };
    },
    encoder: null,
    holdUntilBackwardEnds: (...tensors) => held.push(...tensors),
    keepInGraph: (input) => graph?.keep(input, stretch),
    endPass: () => {
      units.afterBackward();
      step.encoder?.end();
      step.encoder = null;
      trace.release(...held);
      held = [];
      graph?.afterBackward((inputs) => releaseAll(trace, layerWriter, inputs));
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
        ({ perLayer, tensor, weight }) =>
          perLayer && tensor.requiresGrad && !takesAtOnce(recipe, tensor) && ofEncoder(weight) === encoding,
      );
      if (layer.length > 0)
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
          layerWriter,
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
    () => ({ place, stride: stretch?.oneByOne ? 1 : (stretch?.stride ?? 1) }),
    (unit) => parameters.filter((parameter) => unitOf(parameter, recipe) === unit).map(({ weight }) => weight),
    keep,
  );

  // What every layer adds to has its gradient from the start.
  const toAll = recipe.added(recipe.model).shared;
  if (toAll.length > 0) trace.phase('forward');
  for (const { tensor } of toAll.map((weight) => find(weight.name))) {
    if (!tensor.requiresGrad) continue;
    const dtype = recipe.gradients ?? tensor.dtype;
    const gradient = trace.tensor(`${tensor.name}.gradient`, tensor.shape, dtype, 'gradients');
    trace.op({ op: 'aten.zeros', label: tensor.name, writes: [gradient] });
    gradients.set(`${tensor.id}:`, { tensor: gradient, stretch: null, parameter: tensor });
  }
  const microBatch = (): void => {
    recipe.pytorch.schedule(step);
    step.endPass();
    const narrow = [...gradients].filter(([, { tensor }]) => isNarrow(tensor));
    forEachPlaced(
      trace,
      layerWriter,
      narrow.map(([, entry]) => entry),
      ({ tensor }) => {
        addToMain(tensor);
        if (narrowGradients === 'backward') trace.release(tensor);
      },
    );
    if (narrowGradients === 'backward') for (const [key] of narrow) gradients.delete(key);
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
    forEachPlaced(
      trace,
      layerWriter,
      [...gradients.values()].filter(({ tensor }) => !isNarrow(tensor)),
      (entry) => {
        entry.tensor = settle(step, entry.tensor, entry.parameter);
      },
    );
  if (settle && main) settle(step, main, main);
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
  releaseAll(trace, layerWriter, [...gradients.values()]);
  if (taking && !taking.fits()) return lowerPytorch(given, options);
  const tape = withWaiting(trace.finish(), recipe.cards.stage.waiting, recipe.model.layers);
  return { tape, layers: writing?.written() ?? taken };
}

/**
 * Whether an optimizer inside backward takes a gradient as soon as it is there, rather than a layer's together. A tied
 * table's gradient is complete only when the embedding has added its part, at the end.
 */
function takesAtOnce(recipe: Recipe, parameter: Tensor): boolean {
  const { layerwise, model, pytorch } = recipe;
  if (!layerwise || ofEveryLayer(recipe, parameter)) return false;
  if (parameter.perLayer) return layerwise === 'parameter' && !pytorch.gradientsInParts;
  return !(model.tiedEmbeddings && parameter.name === 'embed');
}

/** Whether every layer adds to a parameter's gradient, which no unit's backward completes. */
const ofEveryLayer = ({ added, model }: Recipe, { name }: Tensor): boolean =>
  added(model).shared.some((weight) => weight.name === name);

/** Ends tensors everywhere: a layer's, in a repeat over the stretch that made them. */
const releaseAll = (trace: Trace, layers: LayerWriter, placed: readonly Placed[]): void =>
  forEachPlaced(trace, layers, placed, ({ tensor }) => trace.release(tensor));

/** Does something with each tensor: with a layer's, in a repeat over the stretch that made it. */
function forEachPlaced<P extends Placed>(
  trace: Trace,
  layers: LayerWriter,
  placed: readonly P[],
  visit: (entry: P) => void,
): void {
  layers.span(() => {
    const stretches = new Map(placed.flatMap(({ stretch }) => (stretch ? [[stretch.from, stretch] as const] : [])));
    for (const stretch of stretches.values()) {
      trace.repeat({ axis: 'layer', ...stretch }, [], () => {
        for (const entry of placed) if (entry.stretch?.from === stretch.from) visit(entry);
        return [];
      });
    }
  });
  for (const entry of placed) if (!entry.stretch) visit(entry);
}

/**
 * Gradients in a wider type than their parameters' are sums beside autograd's own: one buffer that stays from step to step, to
 * which each fresh gradient is added as it is, with no wide copy of it (Megatron-LM's `param.main_grad.add_(param.grad.data)`,
 * core/distributed/distributed_data_parallel.py; nanotron's `fp32_grad.add_(half_param.grad)`). Null where gradients are cut, move away, or end in backward.
 */
function mainGradients(trace: Trace, recipe: Recipe, parameters: readonly Parameter[]): Tensor | null {
  const { gradients, pytorch } = recipe;
  const leaves = recipe.layerwise || recipe.active || pytorch.forwardOnly || (pytorch.reduction && !pytorch.reduction.whole);
  if (!gradients || leaves) return null;
  const narrow = new Set(parameters.filter(({ tensor }) => isWider(gradients, tensor.dtype)).map(({ weight }) => weight.name));
  const size = weightsOnCard(recipe).reduce(
    (sum, { weight, count }) => (narrow.has(weight.name) && recipe.trains(weight) ? sum + count * elements(weight) : sum),
    0,
  );
  if (size === 0) return null;
  const main = trace.tensor('main_grad', [size], gradients, 'gradients');
  trace.op({ op: 'buffer', label: 'main_grad', writes: [main], moved: 0 });
  return main;
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
