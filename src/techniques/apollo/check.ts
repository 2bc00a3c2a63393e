import { type CheckContext, type TechniqueCheck, within } from '../../runner/checks/context';
import { replayRule } from '../../runner/checks/optimizer';
import { normals } from '../../runner/random';
import type { Array64 } from '../../runner/reference/arrays';
import { normal } from '../../runner/reference/random';
import { relativeToChange } from '../../runner/reference/relative';
import { replayApollo } from './reference';
import { projectionOf } from './run';
import { type ApolloSettings, apolloRule } from './webgpu';

const [STEPS, RATE, EVERY] = [6, 0.01, 3];
const elementsOf = (shape: readonly number[]) => shape.reduce((product, size) => product * size, 1);

export const check: TechniqueCheck = (context) =>
  checkApollo(context, { rank: 4, scale: Number(context.use.args.scale), factors: 'channel' });

/** Trajectories on both sides against double precision, the projection, and the states as the paper counts them. */
export async function checkApollo(
  context: CheckContext,
  options: Pick<ApolloSettings, 'rank' | 'scale' | 'factors'>,
): Promise<void> {
  const { opened, seed, report } = context;
  for (const [rows, columns] of [
    [40, 24],
    [24, 56],
  ] as const) {
    const settings: ApolloSettings = { ...options, every: EVERY, kept: true };
    const next = normals(seed + rows);
    // The fourth gradient is a hundred times as long as the others: the limiter holds it back.
    const gradients = Array.from({ length: STEPS }, (_, step) =>
      Float64Array.from({ length: rows * columns }, () => Math.fround(next() * (step === 3 ? 1 : 0.01))),
    );
    const before = Float64Array.from({ length: rows * columns }, () => Math.fround(0.1 * next()));
    const weight = { name: 'attn.q', shape: [rows, columns], role: 'linear' as const };
    const replay = (kept: boolean) =>
      replayRule(opened, apolloRule({ ...settings, kept }), gradients, before, RATE, {
        weight,
        ...(kept ? { watch: ['projection'] } : {}),
      });
    const run = await replay(true);
    const small = Math.min(rows, columns);
    const rank = Math.min(settings.rank, small);
    const projections = (run.watched.get('projection') ?? [])
      .filter((_, step) => step % EVERY === 0)
      .map((values) => Float64Array.from(values.subarray(0, rank * small)));
    const wanted = replayApollo(settings, [rows, columns], gradients, projections, before, RATE);
    const off = Math.max(...run.parameters.map((got, step) => relativeToChange(got, wanted[step] as Array64, before)));
    report(
      within(
        `${rows} × ${columns} weights over ${STEPS} steps, 2 projections and a limited one, against float64`,
        off,
        1e-4,
        'largest difference over the largest change; norms of float32 sums of some hundred squares are good to 1e-5',
      ),
    );
    const drawn = await replay(false);
    report(
      within(
        `${rows} × ${columns} weights with the projection drawn again in every step, less those with it kept`,
        relativeToChange(
          drawn.parameters[STEPS - 1] as Float32Array,
          Float64Array.from(run.parameters[STEPS - 1] as Float32Array),
          before,
        ),
        0,
        'the same stream gives the same numbers',
      ),
    );
    const error = projections.reduce((high, projection, period) => {
      const state = { index: period * EVERY, seed: 1, learningRate: RATE, valid: 1 };
      const stream = projectionOf(undefined, weight.name, EVERY)(state) >>> 0;
      return projection.reduce((most, value, i) => Math.max(most, Math.abs(value * Math.sqrt(rank) - normal(stream, i))), high);
    }, 0);
    report(
      within(
        `projections of ${rows} × ${columns} against their normal numbers in float64`,
        error,
        5e-3,
        'WGSL bounds a cosine by 5e-4, times a radius of 5 at most; drawn numbers differ by 1',
      ),
    );
    const held = (parts: typeof run.parts) => parts.reduce((sum, { shape }) => sum + elementsOf(shape), 0);
    const stated = 2 * rank * Math.max(rows, columns) + 1;
    report(
      within(
        `state elements of ${rows} × ${columns}: ${held(drawn.parts)}, and ${held(run.parts)} with the projection kept`,
        Math.abs(held(drawn.parts) - stated) + Math.abs(held(run.parts) - stated - rank * small),
        0,
        "the paper's 2 · rank · longer side, and one norm; + rank · shorter side",
        'elements',
      ),
    );
  }
}
