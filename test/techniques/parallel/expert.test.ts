/** Expert parallelism against GShard (Lepikhin et al., arXiv:2006.16668): experts / n, and two all-to-alls of the routed rows. */
import { describe, expect, it } from 'vitest';
import type { Plan } from '../../../src/plan/types';
import { simulate } from '../../../src/tape/simulate';
import { refusalsOf } from '../../../src/techniques/compatibility';
import { tapeOf } from '../../../src/techniques/recipe-of';
import { spreadOf } from '../../../src/techniques/spread';
import { experts, keptPerLayer, perLayer, plan, sent, spread, use } from './cards';

const on = (n: number, others: Parameters<typeof spread>[1] = []): Plan =>
  spread(plan({}, { model: experts, batch: 2, sequence: 64 }), [...others, use('expert', { n })]);

describe('expert parallelism', () => {
  const matrices = 3 * experts.ffn * experts.hidden;
  const routed = 2 * 64 * experts.activeExperts * experts.hidden;

  it.each([2, 4, 8])('has 1/%i of the experts, and the whole router', (n) => {
    const weights = (of: Plan): number => perLayer(of, (one) => simulate(tapeOf(one)).persistent.weights);
    expect(weights(on(1)) - weights(on(n))).toBe(2 * (experts.experts - experts.experts / n) * matrices);
  });

  it('works on as many rows as one card alone, and keeps what came rather than what was gathered', () => {
    expect(keptPerLayer(on(4))).toBe(keptPerLayer(on(1)));
  });

  it('sends the routed rows there and back, and their gradients', () => {
    expect(perLayer(on(4), sent)).toBe((4 * 2 * routed * 3) / 4);
  });

  it('is among the cards that have copies, and experts are sharded over what is left of them', () => {
    expect(spreadOf(on(4)).total).toBe(4);
    const both = on(4, [use('fsdp', { n: 8 })]);
    expect(spreadOf(both).total).toBe(8);
    const sharded = (of: Plan): number => perLayer(of, (one) => simulate(tapeOf(one)).persistent.weights);
    expect(sharded(both)).toBe(sharded(spread(on(1), [use('fsdp', { n: 8 })])));
  });

  it('refuses models without experts, and cards that do not divide', () => {
    expect(refusalsOf(on(3)).map(({ why }) => why)).toEqual(['`experts` is 8, which 3 cards cannot share evenly']);
    expect(refusalsOf(on(4, [use('data', { n: 2 })])).map(({ why }) => why)).toEqual([
      '4 does not divide the 2 cards that have copies of the other weights',
    ]);
    expect(refusalsOf({ ...on(2), model: { ...experts, experts: 0 } })).toHaveLength(1);
  });
});
