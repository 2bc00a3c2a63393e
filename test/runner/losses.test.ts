/** Losses whose logits are never whole: their gradients, what they leave out, and their bytes. */
import { describe, expect, it } from 'vitest';
import type { CheckEvent } from '../../src/runner/checks/context';
import { checkOf } from '../../src/runner/checks/registry';
import { contextOf, trained } from './contexts';
import { planOf, use } from './plans';

describe('cut cross-entropy', () => {
  // One tile; several of both kinds, the last of each short; words enough that the filter has something to leave out.
  for (const [filter, model, sequence] of [
    [false, {}, 19],
    [false, { vocab: 601 }, 150],
    [false, { vocab: 98 }, 20],
    [true, { vocab: 600 }, 150],
    [true, { vocab: 9000 }, 40],
  ] as const)
    it(`${filter ? 'with' : 'without'} the filter, ${model.vocab ?? 256} words, ${sequence} positions`, async () => {
      const checks: CheckEvent[] = [];
      const tested = use('cut-cross-entropy', { filter });
      await checkOf(
        'loss',
        'cut-cross-entropy',
      )?.(await contextOf(planOf({ loss: tested }, model, { sequence }), 'loss', tested, checks));
      expect(checks).toHaveLength(filter ? 7 : 3);
      for (const check of checks) expect(check.passed, JSON.stringify(check)).toBe(true);
    });

  it('takes the bytes that are predicted, and learns', async () => {
    const { losses, predicted, counted } = await trained({ loss: use('cut-cross-entropy', { filter: true }) }, { vocab: 600 });
    expect(counted).toEqual(predicted);
    expect(losses.at(-1)).toBeLessThan(losses[0] as number);
  });
});
