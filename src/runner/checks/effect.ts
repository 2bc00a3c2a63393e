/** What an approximate technique does to gradients: how far it moves them, and whether the movement averages out. */
import type { Use } from '../../plan/types';
import { withSlots } from '../proxy';
import { type CheckContext, type Gradients, within } from './context';
import { gradientsOf, STANDARD, withAdapters } from './gradients';

/** Seeds whose gradients are averaged. */
const SEEDS = 16;

type Values = Gradients['values'];

/** ‖a − b‖ / ‖b‖ over all parameters together. */
export function distance(a: Map<string, ArrayLike<number>>, b: Values): number {
  let [apart, length] = [0, 0];
  for (const [name, values] of b) {
    const other = a.get(name);
    values.forEach((value, i) => {
      apart += ((other?.[i] ?? Number.NaN) - value) ** 2;
      length += value * value;
    });
  }
  const result = Math.sqrt(apart / length);
  return Number.isFinite(result) ? result : Number.MAX_VALUE;
}

/** The gradients of exact saved tensors, computed once for all checks of a run. */
export function exactGradients(context: CheckContext): Promise<Gradients> {
  const { plan, batch, seed, shared } = context;
  const made =
    shared.get('standard') ?? gradientsOf(context, withSlots(plan, STANDARD), batch, withAdapters(context.weights, seed));
  shared.set('standard', made);
  return made;
}

/** Gradients with the technique in its slot and everything else standard, for a seed. */
export const approximateGradients = (context: CheckContext, seed: number): Promise<Gradients> =>
  gradientsOf(
    { ...context, seed },
    withSlots(context.plan, { ...STANDARD, [context.slot]: context.use }),
    context.batch,
    withAdapters(context.weights, context.seed),
  );

/** Gradients over several seeds: root mean square of the distance to the exact ones, and the distance of their mean. */
async function spread(context: CheckContext, seeds: number): Promise<{ one: number; averaged: number }> {
  const exact = (await exactGradients(context)).values;
  const mean = new Map<string, Float64Array>();
  let squares = 0;
  for (let index = 0; index < seeds; index++) {
    const { values } = await approximateGradients(context, context.seed + index);
    squares += distance(values, exact) ** 2 / seeds;
    for (const [name, part] of values) {
      const sum = mean.get(name) ?? new Float64Array(part.length);
      part.forEach((value, i) => {
        sum[i] = (sum[i] as number) + value / seeds;
      });
      mean.set(name, sum);
    }
  }
  return { one: Math.sqrt(squares), averaged: distance(mean, exact) };
}

/** Of a technique that draws lots: by how much gradients move, and that the movement averages out as independent errors do. */
export async function averagesOut(context: CheckContext): Promise<void> {
  const { one, averaged } = await spread(context, SEEDS);
  context.report(
    within(
      `gradients move by ${percent(one)} of their length, averaged over ${SEEDS} seeds by ${percent(averaged)}: the second over the first`,
      one === 0 ? 0 : averaged / one,
      0.5,
      `independent errors around the exact gradient average to 1/√${SEEDS} = ${1 / Math.sqrt(SEEDS)}; a bias would stay whole`,
    ),
  );
}

/** Of rounding to nearest: by how much gradients move, against what stochastic rounding to the same levels does. */
export async function movesLessThan(context: CheckContext, stochastic: Use): Promise<void> {
  const { one } = await spread(context, 1);
  const other = await spread({ ...context, use: stochastic }, SEEDS / 4);
  context.report(
    within(
      `gradients move by ${percent(one)} of their length, with stochastic rounding by ${percent(other.one)}: the first over the second`,
      other.one === 0 ? 0 : one / other.one,
      1,
      'to nearest, an element is off by 1/√12 of a step on average, and by lot by 1/√6; what the bias adds stays below the difference',
    ),
  );
}

/** Of rounding that moves every saved value by at most a part of itself: by how much gradients move. */
export async function movesWithin(context: CheckContext, part: number, why: string): Promise<void> {
  const { one } = await spread(context, 1);
  context.report(within(`gradients move by ${percent(one)} of their length`, one, part, why, 'of their length'));
}

const percent = (part: number): string => `${(100 * part).toPrecision(2)} %`;
