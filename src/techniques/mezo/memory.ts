import { bytesOf, bytesPer } from '../../plan/dtypes';
import type { DType } from '../../plan/types';
import { elements, type Weight, weightsOf } from '../../plan/weights';
import type { PytorchStep } from '../../tape/pytorch/context';
import { addedWeights } from '../../tape/pytorch/parameters';
import type { Part, Recipe } from '../../tape/recipe';
import { forwardPasses } from '../forward-only/memory';

export interface Perturbed {
  elements: number;
  dtype: DType;
  /** Tensors like it. */
  count: number;
}

export interface Perturbation {
  fused: boolean;
  /** What is moved; by default every trained weight. */
  perturbed?(recipe: Recipe): Perturbed[];
  /** A mask of one trained weight, kept from step to step or made anew in each pass. */
  mask?: 'recomputed' | 'packed' | 'bytes';
}

/**
 * Two forwards in inference mode, with perturbations before, between and after them, and the update as a fourth. The
 * released loop makes the direction, its scaled copy and the sum out of place, one tensor after another
 * (princeton-nlp/MeZO, large_models/trainer.py).
 */
export function mezoRecipe(recipe: Recipe, name: string, how: Perturbation): Recipe {
  const perturb = (step: PytorchStep, label: string): void => perturbation(step, `${name}.${label}`, how);
  return {
    ...recipe,
    model: { ...recipe.model, dropout: 0 },
    adapters: recipe.adapters && { ...recipe.adapters, dropout: 0 },
    // Weights move before each pass.
    layerwise: 'parameter',
    states: maskOf(how),
    pytorch: {
      ...recipe.pytorch,
      forwardOnly: true,
      schedule: (step) => forwardPasses(step, 2, () => perturb(step, 'perturb')),
      optimizerStep: (step) => perturb(step, 'update'),
    },
  };
}

function perturbation(step: PytorchStep, label: string, { fused, perturbed, mask }: Perturbation): void {
  const { trace, recipe } = step;
  const moved = (perturbed ?? trained)(recipe);
  const size = ({ elements: count, dtype }: Perturbed): number => count * bytesPer(dtype);
  const largest = moved.reduce<Perturbed | null>((best, one) => (!best || size(one) > size(best) ? one : best), null);
  if (!largest) return;
  const temps = fused
    ? []
    : ['direction', 'scaled', 'sum'].map((name) => trace.tensor(name, [largest.elements], largest.dtype, 'temporary'));
  if (mask === 'recomputed' && !fused) temps.push(trace.tensor('mask', [largest.elements], 'bool', 'temporary'));
  trace.op({ op: 'perturb', label, temps, moved: moved.reduce((sum, one) => sum + 2 * one.count * size(one), 0) });
}

/** Every trained weight, as often as it is there. */
function trained(recipe: Recipe): Perturbed[] {
  const { layer, outside } = weightsOf(recipe.model);
  const added = recipe.added(recipe.model);
  const of = (weights: readonly Weight[], count: number): Perturbed[] =>
    weights
      .filter((weight) => recipe.trains(weight))
      .map((weight) => ({
        elements: elements(weight),
        dtype: recipe.stored(weight)[0]?.dtype ?? recipe.parameters,
        count,
      }));
  return [
    ...of([...layer, ...addedWeights(recipe, layer)], recipe.active?.count ?? recipe.model.layers),
    ...of([...outside, ...added.outside, ...added.shared], 1),
  ];
}

const maskOf =
  ({ mask }: Perturbation) =>
  (weight: Weight): Part[] => {
    if (mask === 'bytes') return [{ name: 'mask', shape: weight.shape, dtype: 'bool' }];
    if (mask === 'packed') return [{ name: 'mask', shape: [Math.ceil(elements(weight) / 8)], dtype: 'int8' }];
    return [];
  };

/** Scales and the like: what a quantized weight is stored as beside its codes. */
export function scalesOf(recipe: Recipe): Perturbed[] {
  return weightsOf(recipe.model).layer.flatMap((weight) =>
    recipe
      .stored(weight)
      .slice(1)
      .filter(({ dtype }) => bytesOf(dtype, 1) > 1)
      .map(({ shape, dtype }) => ({
        elements: shape.reduce((product, size) => product * size, 1),
        dtype,
        count: recipe.model.layers,
      })),
  );
}
