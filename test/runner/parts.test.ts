/** Dispatches that are too long for one, or too wide for the adapter, in parts. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { batchAt } from '../../src/runner/data';
import type { Opened } from '../../src/runner/device';
import { partsOf, roundsOf } from '../../src/runner/parts';
import { createTrainer } from '../../src/runner/trainer';
import { initialWeights } from '../../src/runner/weights';
import { recipeOf } from '../../src/techniques/recipe-of';
import { planOf, TEXT, use } from './plans';
import { softwareDevice } from './software';

const dimension = fc.integer({ min: 1, max: 12 });

describe('parts of a grid', () => {
  it('hold every workgroup once, none more than its share or than the adapter allows', () => {
    fc.assert(
      fc.property(
        fc.tuple(dimension, dimension, dimension),
        fc.integer({ min: 1, max: 500 }),
        dimension,
        (grid, pieces, most) => {
          const parts = partsOf(grid, pieces, most);
          const seen = new Set<string>();
          const all = grid[0] * grid[1] * grid[2];
          let count = 0;
          for (const { origin, groups } of parts) {
            expect(Math.max(...groups)).toBeLessThanOrEqual(most);
            const size = groups[0] * groups[1] * groups[2];
            expect(size === 1 || size * pieces <= all).toBe(true);
            count += size;
            for (let x = 0; x < groups[0]; x++)
              for (let y = 0; y < groups[1]; y++)
                for (let z = 0; z < groups[2]; z++) seen.add(`${origin[0] + x} ${origin[1] + y} ${origin[2] + z}`);
          }
          expect([count, seen.size]).toEqual([all, all]);
        },
      ),
      { numRuns: 60 },
    );
  });

  it('and of rounds follow one another', () => {
    expect(roundsOf(7, 3).map(({ origin }) => origin.slice(0, 2))).toEqual([
      [0, 2],
      [2, 4],
      [4, 6],
      [6, 7],
    ]);
    expect(roundsOf(2, 9)).toHaveLength(2);
  });
});

describe('a step in parts', () => {
  const cases = [
    {},
    { backward: use('streambp', { chunk: 8, logits: 10 }), activations: use('int8') },
    { loss: use('cut-cross-entropy'), optimizer: use('galore', { rank: 4, every: 1 }), activations: use('column-row-sampling') },
  ];
  for (const slots of cases)
    it(`has the bits of one that is whole: ${
      Object.values(slots)
        .map(({ name }) => name)
        .join(', ') || 'plain'
    }`, async () => {
      const plan = planOf(slots, { layers: 1 });
      const opened = await softwareDevice();
      const trained = async (device: Opened, longest?: number) => {
        const recipe = recipeOf(plan);
        const trainer = await createTrainer(device, recipe, initialWeights(plan.model, 1), 1, longest ? { longest } : {});
        try {
          const [found, weights]: [number[], Float32Array[]] = [[], []];
          for (const step of [0, 1]) found.push(await trainer.step(step, batchAt(TEXT, step, 1, 2, 19, 256), 1e-3));
          for (const { weight, layer } of trainer.trained) weights.push(await trainer.weight(weight.name, layer));
          return { found, weights, bytes: trainer.program.predicted.buffers };
        } finally {
          trainer.destroy();
        }
      };
      const whole = await trained(opened);
      const inParts = await trained(opened, 1e-6);
      expect(inParts.found).toEqual(whole.found);
      expect(inParts.weights).toEqual(whole.weights);
      // Each part has its parameters.
      expect(inParts.bytes).toBeGreaterThan(whole.bytes);
    });

  it('fits an adapter of few workgroups along a dimension', async () => {
    const opened = await softwareDevice();
    const limits = { maxComputeWorkgroupsPerDimension: 3 };
    const device = new Proxy(opened.device, {
      get: (target, key) => {
        if (key === 'limits')
          return new Proxy(target.limits, { get: (all, name) => limits[name as never] ?? all[name as never] });
        const value = target[key as keyof GPUDevice];
        return typeof value === 'function' ? (value as () => unknown).bind(target) : value;
      },
    });
    const plan = planOf({ optimizer: use('none') }, { layers: 1 });
    const losses: number[] = [];
    for (const on of [opened, { ...opened, device }]) {
      const trainer = await createTrainer(on, recipeOf(plan), initialWeights(plan.model, 1), 1);
      losses.push(await trainer.step(0, batchAt(TEXT, 0, 1, 2, 19, 256), 0));
      trainer.destroy();
    }
    expect(losses[1]).toBe(losses[0]);
  });
});
