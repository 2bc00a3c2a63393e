/** APOLLO in double precision, with the projections that the device drew. */
import { type Array64, productNt, productTn } from '../../runner/reference/arrays';
import { adamState } from '../../runner/reference/optimizers';
import { APOLLO_ADAM, type ApolloSettings } from './webgpu';

/** A limiter of growth: the factor to divide by, and the norm that is remembered. */
export function limited(length: number, before: number | undefined): { over: number; norm: number } {
  const over = before === undefined ? 1 : Math.max(length / (before + 1e-8), 1.01) / 1.01;
  return { over, norm: length / over };
}

/** Weights of one [rows, columns] matrix after every step. */
export function replayApollo(
  settings: ApolloSettings,
  [rows, columns]: readonly [number, number],
  gradients: readonly Array64[],
  projections: readonly Array64[],
  before: Array64,
  rate: number,
): Array64[] {
  const right = rows >= columns;
  const long = Math.max(rows, columns);
  const { beta1, beta2, epsilon } = APOLLO_ADAM;
  const rank = Math.min(settings.rank, rows, columns);
  const state = adamState(rank * long);
  let norm: number | undefined;
  let weight = before;
  /** Place of vector `j` of a channel in the projected gradient. */
  const at = (channel: number, j: number) => (right ? channel * rank + j : j * columns + channel);
  const channelOf = (i: number) => (right ? Math.floor(i / columns) : i % columns);
  return gradients.map((gradient, step) => {
    const projection = projections[Math.floor(step / settings.every)] ?? new Float64Array();
    const low = right
      ? productNt(gradient, projection, rows, rank, columns)
      : productTn(projection, gradient, rank, columns, rows);
    const direction = low.map((r, i) => {
      const m = beta1 * (state.m[i] as number) + (1 - beta1) * r;
      const v = beta2 * (state.v[i] as number) + (1 - beta2) * r * r;
      state.m[i] = m;
      state.v[i] = v;
      return m / (Math.sqrt(v) + epsilon);
    });
    const squares = (values: Array64, channel: number): number => {
      let sum = 0;
      for (let j = 0; j < rank; j++) sum += (values[at(channel, j)] as number) ** 2;
      return sum;
    };
    const channels = Array.from({ length: long }, (_, channel) => [squares(direction, channel), squares(low, channel)] as const);
    const total = channels.reduce(([a, b], [x, y]) => [a + x, b + y] as const, [0, 0] as const);
    const ratio = ([u, r]: readonly [number, number]) => Math.sqrt(u) / (Math.sqrt(r) + 1e-8);
    const factors = channels.map((channel) => ratio(settings.factors === 'tensor' ? total : channel));
    const scaled = gradient.map((g, i) => g * (factors[channelOf(i)] as number));
    const length = Math.sqrt(scaled.reduce((sum, value) => sum + value * value, 0));
    const limit = limited(length, norm);
    norm = limit.norm;
    const size = (rate * Math.sqrt(1 - beta2 ** (step + 1))) / (1 - beta1 ** (step + 1));
    weight = weight.map((w, i) => w - ((size * Math.sqrt(settings.scale)) / limit.over) * (scaled[i] as number));
    return weight;
  });
}
