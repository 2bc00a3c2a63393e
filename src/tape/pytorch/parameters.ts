/** The parameters of one card's step: what lives from step to step, and what units and optimizers know them by. */
import { bytesOf } from '../../plan/dtypes';
import { FAMILIES } from '../../plan/families';
import type { DType } from '../../plan/types';
import { elements, type Weight, weightsOf } from '../../plan/weights';
import { isFirst, isLast, type Stage } from '../cards';
import type { Part, Recipe } from '../recipe';
import type { Tensor, Trace } from '../trace';
import type { PytorchOptions } from './context';
import { encoderStretch } from './encoder';
import type { LayerWriter } from './layer-spans';
import type { ParameterGroup, UnitName } from './rules';
import { makeBuffers } from './units';

export interface Parameter {
  weight: Weight;
  tensor: Tensor;
  /** The type that it is kept in; its tensor has the type that it is used in. */
  kept: DType;
  perLayer: boolean;
}

/** Weights, adapters, optimizer states and buffers: what lives from step to step. */
export function declare(trace: Trace, recipe: Recipe, options: PytorchOptions, layers: LayerWriter): Parameter[] {
  const { model } = recipe;
  const { layer, encoder, outside } = weightsOf(model);
  // Layers that do not learn, and whose states went when they ceased to, have none.
  const fewer = recipe.active && !recipe.active.statesStay ? recipe.active : null;
  const later: { weight: Weight; states: Tensor[] }[] = [];
  const make = (weight: Weight, perLayer: boolean): Parameter => {
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
    return { weight, tensor, kept: stored, perLayer };
  };
  const ofLayers = layers.span(() => {
    const made: Parameter[] = [];
    trace.repeat({ axis: 'layer', count: model.layers }, [], () => {
      for (const weight of [...layer, ...addedWeights(recipe, layer)]) made.push(make(weight, true));
      return [];
    });
    trace.repeat({ axis: 'layer', ...encoderStretch(model) }, [], () => {
      for (const weight of [...encoder, ...addedWeights(recipe, encoder)])
        made.push(make({ ...weight, name: `encoder.${weight.name}` }, true));
      return [];
    });
    if (fewer) {
      trace.repeat({ axis: 'layer', from: fewer.from, count: fewer.count }, [], () => {
        for (const { weight, states } of later) trace.op({ op: 'parameter', label: weight.name, writes: states, moved: 0 });
        return [];
      });
    }
    return made;
  });
  const parameters = [...ofLayers];
  for (const weight of outsideOnCard(recipe, outside)) parameters.push(make(weight, false));
  if (FAMILIES[model.family].position === 'rotary') {
    const buffer = trace.tensor('inv_freq', [model.headDim / 2], 'fp32', 'weights');
    trace.op({ op: 'parameter', label: 'inv_freq', writes: [buffer], moved: 0 });
  }
  makeBuffers({ trace, recipe }, 'always');
  return parameters;
}

/** Every parameter of a card, each with how often it is there. */
export function weightsOnCard(recipe: Recipe): { weight: Weight; count: number }[] {
  const { model } = recipe;
  const { layer, encoder, outside } = weightsOf(model);
  return [
    ...[...layer, ...addedWeights(recipe, layer)].map((weight) => ({ weight, count: model.layers })),
    ...[...encoder, ...addedWeights(recipe, encoder)].map((weight) => ({ weight, count: model.encoderLayers })),
    ...outsideOnCard(recipe, outside).map((weight) => ({ weight, count: 1 })),
  ];
}

/** Notes what of a tensor lies outside the card. */
function outsideCard(tensor: Tensor, parts: readonly Part[]): Tensor {
  const [away] = parts.filter((part) => part.place);
  if (away?.place) tensor.host = { place: away.place, bytes: partsBytes(parts, true) };
  return tensor;
}

/** Whether a layer's weight is one of an encoder's layers. */
export const ofEncoder = ({ name }: Weight): boolean => name.startsWith('encoder.');
/** Whether a weight is differentiated. */
export const learns = ({ trains, pytorch }: Recipe, weight: Weight): boolean => !pytorch.forwardOnly && trains(weight);
const countsSteps = (states: readonly Part[]): boolean => states.some((part) => part.name === 'exp_avg');
/** Bytes of parts that lie on the card, or outside of it. */
export const partsBytes = (parts: readonly Part[], outside = false): number =>
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
export function addedWeights({ adapters, added, model }: Recipe, layer: readonly Weight[]): Weight[] {
  if (!adapters) return [...added(model).layer];
  const factors = layer
    .filter((weight) => adapters.targets.includes(weight.name))
    .flatMap((weight): Weight[] => {
      const [out = 1, width = 1] = weight.shape;
      return [
        { name: `${weight.name}.lora_A`, shape: [adapters.rank, width], role: 'adapter' },
        { name: `${weight.name}.lora_B`, shape: [adapters.rows[weight.name] ?? out, adapters.rank], role: 'adapter' },
      ];
    });
  return [...factors, ...added(model).layer];
}

export function groupOf(recipe: Recipe, { weight, tensor, kept }: Parameter, count: number): ParameterGroup {
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

/** Which unit of sharding a parameter belongs to. */
export function unitOf({ weight, perLayer }: Parameter, { pytorch }: Recipe): UnitName {
  if (perLayer) return 'layer';
  return pytorch.gathering?.root || entersFirst(weight) ? 'embed' : 'head';
}

/** Embeddings, positions and the norm after them: they stand on a pipeline's first stage. */
const entersFirst = ({ name, role }: Weight): boolean => role === 'embedding' || role === 'position' || name.startsWith('embed.');

/** Parameters outside the layers that are on a card: what every layer uses is on each. */
const outsideOnCard = ({ model, cards, added }: Recipe, outside: readonly Weight[]): Weight[] => [
  ...[...outside, ...added(model).outside].filter((weight) => onStage(cards.stage, weight, model.tiedEmbeddings)),
  ...added(model).shared,
];

/** Whether a parameter outside the layers is on a stage of a pipeline; a tied table is on both ends. */
const onStage = (stage: Stage, weight: Weight, tied: boolean): boolean =>
  (isFirst(stage) && entersFirst(weight)) || (isLast(stage) && (!entersFirst(weight) || (tied && weight.name === 'embed')));
