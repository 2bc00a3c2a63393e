import { describe, expect, it } from 'vitest';
import type { Plan } from '../../../src/plan/types';
import { estimate } from '../../../src/planner/estimate';
import { trafficOf } from '../../../src/planner/host';
import { simulate } from '../../../src/tape/simulate';
import { stageLayers, waitingOn } from '../../../src/techniques/pipeline/memory';
import { lowerRecipe, recipeOnCard } from '../../../src/techniques/recipe-of';
import { llama8B } from '../bytes';
import { atTurn, nano1b, perLayer, plan, spread, use } from './cards';

const on = (n: number, args = {}, accumulate = 16, layers = 16): Plan =>
  spread(plan({}, { model: { ...llama8B, layers }, batch: 1, sequence: 512, accumulate }), [use('pipeline', { n, ...args })]);

/** What a layer's saved tensors are, times how often they are kept on the first stage for one layer more there. */
const kept = (of: Plan, stages: number): number => stages * perLayer(of, (one) => atTurn(one).activations);

describe('pipeline parallelism', () => {
  const one = kept(on(1), 1);

  it('keeps min(n, m) micro-batches of layers / n on the first stage: all layers once', () => {
    expect(kept(on(4), 4)).toBe(4 * one);
    expect(kept(on(8), 8)).toBe(8 * one);
    expect(kept(on(8, {}, 2), 8)).toBe(2 * one);
    expect(kept(on(4, { schedule: 'gpipe' }), 4)).toBe(16 * one);
  });

  // Narayanan et al., arXiv:2104.04473: 1 + (p − 1)/(p·v) times what 1F1B keeps.
  it.each([2, 4])('keeps 1 + (n − 1)/(n·v) times as much when interleaved over %i pieces', (v) => {
    const plans = on(4, { schedule: 'interleaved', pieces: v }, 16, 32);
    expect(kept(plans, 4) / (4 * one)).toBeCloseTo(1 + 3 / (4 * v), 10);
  });

  it('has the logits of one micro-batch, interleaved or not: its last piece is straight before its backward', () => {
    const logits = (schedule: string): number => {
      const of = on(4, { schedule }, 16, 32);
      return simulate(lowerRecipe(of, recipeOnCard(of, 3))).categories.logits;
    };
    expect(logits('interleaved')).toBe(logits('1f1b'));
    expect(logits('gpipe')).toBeGreaterThan(logits('1f1b'));
  });

  it('sends activations on and gradients back, at each end of each piece', () => {
    const hidden = 512 * llama8B.hidden * 2;
    const sent = (args: object): number[] => {
      const of = on(4, args, 16, 32);
      return [0, 1, 3].map((stage) => trafficOf(lowerRecipe(of, recipeOnCard(of, stage))).cards / (16 * hidden));
    };
    expect(sent({})).toEqual([1, 2, 1]);
    expect(sent({ schedule: 'interleaved', pieces: 4 })).toEqual([7, 8, 7]);
  });

  it('keeps one micro-batch fewer on each later stage', () => {
    for (const [index, inFlight] of [4, 3, 2, 1].entries())
      expect(waitingOn(index, 4, 5, 16, 1)).toEqual({ layers: 5 * (inFlight - 1), microBatches: inFlight - 1 });
  });

  it('has every weight on one stage', () => {
    const weights = (of: Plan, stage: number): number =>
      simulate(lowerRecipe(of, recipeOnCard(of, stage))).persistent.weights - 2 * llama8B.headDim;
    const parts = [0, 1, 2, 3].map((stage) => weights(on(4), stage));
    expect(parts.reduce((sum, bytes) => sum + bytes)).toBe(weights(on(1), 0));
    expect(parts[1]).toBe(parts[2]);
  });

  it('gives layers that are left over to the inner stages first, and as many as is said to the ends', () => {
    expect(stageLayers(126, 8)).toEqual([15, 16, 16, 16, 16, 16, 16, 15]);
    expect(stageLayers(7, 4)).toEqual([2, 2, 2, 1]);
    expect(stageLayers(24, 8, { first: 4 })).toEqual([4, 3, 3, 3, 3, 3, 3, 2]);
    expect(stageLayers(24, 4, { first: 7, last: 3 })).toEqual([7, 7, 7, 3]);
  });

  it('waits (n − 1)/m of the time, and 1/v of that when interleaved', () => {
    const time = (args: object, accumulate: number): number => estimate(on(4, args, accumulate)).time.step;
    const [few, many] = [time({}, 4), time({}, 400)];
    // Per micro-batch, but for the optimizer's step, which both have once.
    expect((few / 4 / (many / 400)) * (1 + 3 / 400)).toBeGreaterThan(1 + 3 / 4 - 0.01);
    expect(time({ schedule: 'interleaved', pieces: 4 }, 4)).toBeLessThan(few);
  });

  it('peaks near what nanotron measured on the first of 8 stages, 43.00 GiB, and of 4, 38.14', () => {
    const bench = (n: number, replicas: number, first: number): number =>
      estimate(
        spread(
          plan(
            {
              gradients: 'fp32',
              optimizer: use('adamw', { master: true, fused: true }),
              engine: use('pytorch', { 'hold-output': false }),
            },
            { model: nano1b, batch: 4, sequence: 4096, accumulate: 128 },
          ),
          // It places layers by their cost, the head counting as two and a half.
          [
            use('zero', { stage: 1, n: replicas, 'reduce-bucket': 1, 'allgather-bucket': 1 }),
            use('pipeline', { n, 'first-layers': first }),
          ],
        ),
      ).peak.allocated /
      2 ** 30;
    expect(Math.abs(bench(8, 1, 4) / 43.0022 - 1)).toBeLessThan(0.05);
    expect(Math.abs(bench(4, 2, 7) / 38.1414 - 1)).toBeLessThan(0.05);
  });
});
