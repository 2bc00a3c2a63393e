/** OwLore (Li et al., arXiv:2405.18380): LISA's gradients, GaLore's states; LLaMA2-7B within 21 GB. */
import { describe, expect, it } from 'vitest';
import { llama7B, matrices, peak, plan, short, small, states, use } from './bytes';

const galore = use('galore', { rank: 16 });

describe('owlore', () => {
  it('fine-tunes LLaMA2-7B in at most 21 GB with checkpointing', () => {
    const owlore = plan(
      { train: 'owlore', optimizer: use('galore', { rank: 128 }), backward: 'checkpoint', loss: 'cut-cross-entropy' },
      { model: llama7B, batch: 1, sequence: 512 },
    );
    expect(peak(owlore) / 1e9).toBeLessThan(21);
  });

  it("keeps GaLore's states of the drawn layers only", () => {
    const two = states(short(small, { train: use('owlore', { layers: 2 }), optimizer: galore }));
    const all = states(short(small, { optimizer: galore }));
    const layer = matrices({ ...small, layers: 1 }, (m, n) => 16 * (Math.min(m, n) + 2 * Math.max(m, n))) + 2 * 2 * small.hidden;
    expect(all - two).toBe(2 * 2 * layer);
  });

  it('is GaLore where all layers learn', () => {
    expect(peak(plan({ train: use('owlore', { layers: 4 }), optimizer: galore }))).toBe(peak(plan({ optimizer: galore })));
  });
});
