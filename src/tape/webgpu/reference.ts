/** The reference of a loss over answers, where it runs in the step: forward only, one number a row. */
import { type Weight, weightsOf } from '../../plan/weights';
import type { Recipe } from '../recipe';
import type { Context } from './context';
import type { Inputs } from './head';
import { make } from './ops';
import { forwardPass } from './passes';

const PREFIX = 'reference.';

/** The weights of a frozen model beside the one that learns. */
export function referenceWeights(recipe: Recipe): { layer: Weight[]; outside: Weight[] } {
  const { objective } = recipe.webgpu;
  if (!objective || objective.kind === 'score' || objective.reference !== 'model') return { layer: [], outside: [] };
  const { layer, outside } = weightsOf(recipe.model);
  const twin = (weight: Weight): Weight => ({ ...weight, name: `${PREFIX}${weight.name}` });
  return { layer: layer.map(twin), outside: outside.map(twin) };
}

/** The weight that a reference's has its values from; undefined for those of the model that learns. */
export const referenceOf = (weight: Weight): Weight | undefined =>
  weight.name.startsWith(PREFIX) ? { ...weight, name: weight.name.slice(PREFIX.length) } : undefined;

/** Runs `body` with the reference's log-probabilities among the inputs, made in the step where the plan says so. */
export function withReference(context: Context, inputs: Inputs, body: (inputs: Inputs) => void): void {
  const { trace, recipe, all } = context;
  const { objective } = recipe.webgpu;
  if (!objective || objective.kind === 'score' || objective.reference === 'input') {
    body(inputs);
    return;
  }
  const { layer, outside } = weightsOf(recipe.model);
  const own = [...layer, ...outside];
  const prefix = objective.reference === 'model' ? PREFIX : '';
  const temperature = objective.kind === 'dpo' ? 1 : objective.temperature;
  const model: Context = {
    ...context,
    weights: new Map(own.map((weight) => [weight.name, weight])),
    parts: new Map(own.map(({ name }) => [name, context.parts.get(`${prefix}${name}`) ?? []])),
    recipe: { ...recipe, adapters: null, webgpu: { ...recipe.webgpu, objective: { kind: 'score', temperature } } },
  };
  const reference = make(trace, 'log-probabilities', [all.count], 'activations');
  trace.within('reference', () => forwardPass(model, { ...inputs, loss: reference }));
  body({ ...inputs, reference });
  trace.release(reference);
}
