/** LoRA-FA against its paper (Zhang et al., arXiv:2308.03303, §3): B alone learns, and no input of a target is kept. */
import { describe, expect, it } from 'vitest';
import { trainedParameters } from '../../src/planner/parameters';
import { recipeOf } from '../../src/techniques/recipe-of';
import { highest, persistent, plan, short, small, use } from './bytes';

const targets = ['q', 'v', 'up'];
const with_ = (name: string) => ({ train: use(name, { rank: 8, targets, 'adapter-precision': 'bf16' }) });

describe('lora-fa', () => {
  it("halves the trained parameters of square targets, and keeps LoRA's weights", () => {
    const square = { ...small, kvHeads: 8 };
    const of = (name: string) => short(square, { train: use(name, { rank: 8, targets: ['q', 'o'] }) });
    expect(2 * trainedParameters(recipeOf(of('lora-fa')))).toBe(trainedParameters(recipeOf(of('lora'))));
    expect(persistent(of('lora-fa')).weights).toBe(persistent(of('lora')).weights);
    expect(2 * persistent(of('lora-fa')).optimizer).toBe(persistent(of('lora')).optimizer);
  });

  it('keeps neither of the two norm outputs that LoRA keeps in a layer', () => {
    const kept = (name: string, layers: number) =>
      highest(plan(with_(name), { model: { ...small, layers } }), 'forward') -
      persistent(plan(with_(name), { model: { ...small, layers } })).weights;
    const layer = (name: string) => kept(name, 4) - kept(name, 3);
    // q and v read one, up the other: tokens · hidden in bfloat16, each.
    expect(layer('lora') - layer('lora-fa')).toBe(2 * 2 * 256 * 512 * 2 - adamDifference);
  });
});

/** Moments lie in the forward peak too; one layer's differ by LoRA's A factors. */
const adamDifference = -8 * 8 * 3 * 512;
