/** Offload against the bytes of ZeRO-Offload (Ren et al., arXiv:2101.06840) and the units of ZeRO-Infinity (Rajbhandari et al., arXiv:2104.07857). */
import { describe, expect, it } from 'vitest';
import type { Plan } from '../../../src/plan/types';
import { elements, parameterCount, weightsOf } from '../../../src/plan/weights';
import { estimate } from '../../../src/planner/estimate';
import { simulate } from '../../../src/tape/simulate';
import { conflictsOf, refusalsOf } from '../../../src/techniques/compatibility';
import { tapeOf } from '../../../src/techniques/recipe-of';
import { llama7B } from '../bytes';
import { most, named, plan, spread, use } from './cards';

const on = (offload: Parameters<typeof spread>[2], stated = {}, rest = {}): Plan =>
  spread(plan({ backward: 'checkpoint', ...stated }, { model: llama7B, batch: 1, sequence: 64, ...rest }), [], offload);

describe('offload', () => {
  const P = parameterCount(llama7B);
  const layer = weightsOf(llama7B).layer.reduce((sum, weight) => sum + elements(weight), 0);

  it('of the optimizer takes states and their temporaries off the card: 8P bytes on the host', () => {
    const { host } = estimate(on(['optimizer']));
    expect(simulate(tapeOf(on(['optimizer']))).persistent.optimizer).toBe(0);
    expect(host).toEqual({ cpu: 8 * P, nvme: 0, moved: 4 * P });
    expect(estimate(on([use('optimizer', { to: 'nvme' })])).host).toEqual({
      cpu: 0,
      nvme: 8 * P,
      moved: 4 * P,
      drive: 2 * 8 * P,
    });
  });

  it('of gradients too leaves 2P of weights: what ZeRO-Offload has on one card, with 2P down and 2P up a step', () => {
    const both = on(['gradients', 'optimizer'], { optimizer: use('adamw', { master: true }) });
    const { peak } = simulate(tapeOf(both));
    // Beside the weights, a layer and the head or the embedding at work.
    expect(peak).toBeLessThan(2 * P + 3 * 2 * layer);
    expect(estimate(both).host).toEqual({ cpu: (12 + 2) * P, nvme: 0, moved: 4 * P });
  });

  it('of weights has a layer and the next one on the card, brought up for each pass', () => {
    const all = on(['weights', 'gradients', 'optimizer']);
    expect(simulate(tapeOf(all)).persistent.weights).toBe(2 * llama7B.headDim);
    expect(most({ ...all, model: { ...llama7B, vocab: 8 } }, named(/unsharded$|next$/))).toBe(2 * 2 * layer);
    const { host } = estimate(all);
    expect(host?.cpu).toBe((2 + 2 + 8) * P);
    // Layers and embedding twice, the head once; gradients down, updated weights stay where they are.
    const head = llama7B.vocab * llama7B.hidden + llama7B.hidden;
    expect(host?.moved).toBe(2 * (2 * P - head) + 2 * P + 2 * P);
  });

  it('on a drive, weights are read for each pass and written once a step, and a drive is slower than the host', () => {
    const drive = (...names: string[]): Plan => on([...names.map((name) => use(name, { to: 'nvme' })), 'gradients']);
    const both = estimate(drive('optimizer', 'weights'));
    const head = llama7B.vocab * llama7B.hidden + llama7B.hidden;
    // States there and back; layers and embedding twice, the head once, and all of them anew.
    expect(both.host?.drive).toBe(2 * 8 * P + 2 * (2 * P - head) + 2 * P);
    const host = estimate(on(['optimizer', 'gradients', 'weights']));
    expect(host.host?.drive).toBeUndefined();
    expect(both.time.step).toBeGreaterThan(2 * host.time.step);
  });

  it('takes time over the host’s link', () => {
    const time = (offload: string[]): number => estimate(on(offload, { optimizer: use('adamw', { fused: true }) })).time.step;
    expect(time(['optimizer'])).toBeGreaterThan(time([]));
    expect(time(['weights', 'gradients', 'optimizer'])).toBeGreaterThan(time(['optimizer']));
  });

  it('makes the step at the host’s speed: 2.57 s for 10¹⁰ parameters (Ren et al., Table 4), of a card’s part alone', () => {
    const passes = estimate(on([], { optimizer: 'none' })).time.step;
    const seconds = (parallel: Parameters<typeof spread>[1]): number => {
      const one = on(['optimizer']);
      return estimate(spread(one, parallel, ['optimizer'])).time.step;
    };
    expect(seconds([]) - passes).toBeCloseTo((2.57 * P) / 1e10, 9);
    expect(seconds([use('zero', { stage: 1, n: 8 })])).toBeLessThan(seconds([]));
  });

  it('asks for what it needs', () => {
    expect(conflictsOf(on(['gradients'])).map(({ kind }) => kind)).toEqual(['needs']);
    expect(refusalsOf(on(['weights']))).toHaveLength(1);
    expect(refusalsOf(on(['weights'], { train: 'lora' }))).toEqual([]);
    expect(conflictsOf(on(['optimizer'], { optimizer: 'none' })).map(({ kind }) => kind)).toEqual(['excludes']);
  });
});
