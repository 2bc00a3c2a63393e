/** MeZO against its paper (Malladi et al., arXiv:2305.17333): inference memory, OPT-30B on one 80 GB card, no gradients, no states. */
import { describe, expect, it } from 'vitest';
import { findModel } from '../../src/plan/presets/models';
import type { Model } from '../../src/plan/types';
import { llama8B, mostOf, peak, persistent, plan, short, small, states, temporaries, use } from './bytes';

describe('mezo', () => {
  it('runs OPT-30B within 80 GB, where Adam with float32 moments would need more than 350 GB', () => {
    const opt = findModel('facebook/opt-30b') as Model;
    const at = { model: opt, batch: 1, sequence: 400 };
    const mezo = plan({ precision: 'fp16', optimizer: 'mezo' }, at);
    expect(peak(mezo) / 1e9).toBeLessThan(80);
    expect(peak(mezo) / persistent(mezo).weights).toBeLessThan(1.05);
    expect(peak(plan({ precision: 'fp16' }, at)) / 1e9).toBeGreaterThan(350);
  });

  it('makes three copies of the largest tensor: 3.2 GB for a 128256 × 4096 embedding in bfloat16', () => {
    const bytes = temporaries(short(llama8B, { optimizer: 'mezo' }), /^mezo\.perturb/);
    expect((bytes / 1e9).toFixed(1)).toBe('3.2');
    expect(bytes).toBe(3 * 2 * 128256 * 4096);
    expect(temporaries(short(llama8B, { optimizer: use('mezo', { fused: true }) }), /^mezo\.perturb/)).toBe(0);
  });

  it('fused, costs what inference costs', () => {
    const inference = plan({ train: 'frozen', optimizer: 'none' });
    expect(peak(plan({ optimizer: use('mezo', { fused: true }) }))).toBe(peak(inference));
  });

  it('has no gradients and keeps no activations of a layer', () => {
    const one = (layers: number) => plan({ optimizer: 'mezo' }, { model: { ...small, layers } });
    expect(mostOf(one(4), /gradient$/)).toBeLessThanOrEqual(4);
    expect(states(one(4))).toBe(0);
    expect(peak(one(8)) - persistent(one(8)).weights).toBe(peak(one(4)) - persistent(one(4)).weights);
  });

  it('moves only the adapters where they are what learns', () => {
    const bytes = temporaries(
      short(small, { optimizer: 'mezo', train: use('lora', { rank: 8, targets: ['up'] }) }),
      /^mezo\.update/,
    );
    expect(bytes).toBe(3 * 4 * 8 * 1408);
  });
});
