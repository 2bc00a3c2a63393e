import { elements } from '../../plan/weights';
import { type CheckContext, type TechniqueCheck, within } from '../../runner/checks/context';
import { normals } from '../../runner/random';
import { relativeToChange } from '../../runner/reference/relative';
import { createTrainer } from '../../runner/trainer';
import { recipeOf } from '../recipe-of';
import { projects } from './memory';
import { basesOf, replay, type Settings } from './reference';
import { aligned, replayOnDevice, TRAJECTORY_LIMIT } from './trajectories';
import { rowsRotated, shapes } from './webgpu';

/** Gradients with singular values that fall by a third each, as a real gradient's first ones do, and a floor of noise. */
export function gradientsLike(rows: number, columns: number, steps: number, seed: number): Float64Array<ArrayBuffer>[] {
  const next = normals(seed);
  const directions = Array.from({ length: 12 }, () => ({
    left: Array.from({ length: rows }, next),
    right: Array.from({ length: columns }, next),
  }));
  return Array.from({ length: steps }, () => {
    const out = new Float64Array(rows * columns);
    directions.forEach(({ left, right }, rank) => {
      const size = 0.66 ** rank * (1 + 0.2 * next());
      const turned = left.map((value) => value + 0.1 * next());
      for (let i = 0; i < rows; i++)
        for (let j = 0; j < columns; j++) {
          const at = i * columns + j;
          out[at] = Math.fround((out[at] as number) + size * (turned[i] as number) * (right[j] as number));
        }
    });
    return out.map((value) => Math.fround(value + 1e-3 * next()));
  });
}

/** Trajectories against double precision on both sides and both ways to find a subspace; states as the paper counts them. */
export const check: TechniqueCheck = async (context) => {
  const scale = Number(context.use.args.scale);
  for (const { name, rows, columns, rank } of [
    { name: 'tall, Jacobi on every row', rows: 40, columns: 20, rank: 4 },
    { name: 'wide, subspace iteration', rows: 36, columns: 56, rank: 4 },
  ]) {
    const settings: Settings = {
      rows,
      columns,
      rank,
      every: 3,
      scale,
      learningRate: 0.01,
      decay: 0.01,
      side: rows >= columns ? 'right' : 'left',
      beta1: 0.9,
      beta2: 0.999,
      epsilon: 1e-6,
      gradients: gradientsLike(rows, columns, 6, context.seed),
    };
    const next = normals(context.seed + 1);
    const before = Float64Array.from({ length: rows * columns }, () => Math.fround(next() * 0.1));
    const bases = basesOf(settings);
    const signs = bases.map(() => new Array<number>(rank).fill(1));
    const reference = replay(settings, before, bases, signs);
    let run = await replayOnDevice(context.opened, settings, before, signs);
    const turned = aligned(settings, bases, signs, run.projectors);
    if (turned) run = await replayOnDevice(context.opened, settings, before, turned);
    const rotated = rowsRotated(rank, Math.min(rows, columns));
    context.report(
      within(
        `${rows} × ${columns} weights after 6 steps and 2 refreshes against float64 (${name})`,
        relativeToChange(run.last, reference.last, before),
        TRAJECTORY_LIMIT,
        `largest difference over the largest change; ${rotated} rows rotated, float32 vectors are good to 1e-5`,
      ),
    );
  }
  await statesAsStated(context);
};

/** Elements of the states that the plan's program holds, against the paper's r · s + 2 · r · l. */
async function statesAsStated(context: CheckContext): Promise<void> {
  const recipe = recipeOf(context.plan);
  const rank = Number(context.use.args.rank);
  const trainer = await createTrainer(context.opened, recipe, context.weights, context.seed);
  try {
    await trainer.step(0, context.batch, 1e-3);
    let [held, stated, off] = [0, 0, 0];
    for (const { weight, layer } of trainer.trained) {
      if (!projects(weight)) continue;
      const { storages } = trainer.program.linear;
      for (const part of recipe.webgpu.optimizer?.states(weight) ?? []) {
        const found = storages[trainer.program.find(`${weight.name}.${part.name}`, layer)];
        if (found && !part.name.includes('absmax')) held += found.shape.reduce((product, size) => product * size, 1);
      }
      const { projector, low, side, rank: kept } = shapes(weight.shape, { rank });
      stated += elements({ ...weight, shape: projector }) + 2 * elements({ ...weight, shape: low });
      // Rows of the basis after the first refresh: orthogonal, and of length one.
      const stored = new Float32Array(await trainer.program.read(trainer.program.find(`${weight.name}.projector`, layer)));
      const width = projector[side === 'right' ? 1 : 0] as number;
      const at = (vector: number, x: number) => stored[side === 'right' ? vector * width + x : x * kept + vector] as number;
      for (let a = 0; a < kept; a++)
        for (let b = 0; b <= a; b++) {
          let dot = a === b ? -1 : 0;
          for (let x = 0; x < width; x++) dot += at(a, x) * at(b, x);
          off = Number.isFinite(dot) ? Math.max(off, Math.abs(dot)) : Number.MAX_VALUE;
        }
    }
    context.report(
      within(
        `state elements: ${held} held, ${stated} by the paper's r·s + 2·r·l`,
        Math.abs(held - stated),
        0,
        'projector and both moments of every matrix of attention and MLP',
        'elements',
      ),
    );
    context.report(
      within(
        'orthogonality of every projector, largest |P·Pᵀ − I|',
        off,
        2e-5,
        'float32 rotations; a basis that is not orthogonal would stretch the update',
      ),
    );
  } finally {
    trainer.destroy();
  }
}
