/** AdaLomo against its formula (Lv et al., arXiv:2310.10195): Adafactor's rows and columns, LOMO's gradients. */
import { describe, expect, it } from 'vitest';
import { highest, short, small, states } from './bytes';

describe('adalomo', () => {
  it("keeps Adafactor's rows and columns", () => {
    expect(states(short(small, { optimizer: 'adalomo' }))).toBe(states(short(small, { optimizer: 'adafactor' })));
  });

  it("differs from LOMO by those states and by its update's temporaries", () => {
    const [lomo, adalomo] = ['lomo', 'adalomo'].map((name) => short(small, { optimizer: name })) as [
      ReturnType<typeof short>,
      ReturnType<typeof short>,
    ];
    const embedding = small.vocab * small.hidden;
    expect(highest(adalomo, 'backward') - highest(lomo, 'backward')).toBe(states(adalomo) + 8 * embedding);
  });
});
