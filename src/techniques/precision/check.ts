import type { TechniqueCheck } from '../../runner/checks/context';
import { movesWithin } from '../../runner/checks/effect';
import { roundTrip } from '../weights/check';
import type { Half } from '../weights/halves';

/** Bits of a 16-bit float's fraction. */
const FRACTION = { fp16: 10, bf16: 7 } as const;

/** What is kept in 16 bits is the nearest of its values, and gradients move by no more than that. */
export const checkKept =
  (half: Half): TechniqueCheck =>
  async (context) => {
    await roundTrip(context, half);
    const unit = 2 ** -(FRACTION[half] + 1);
    const { layers } = context.plan.model;
    await movesWithin(
      context,
      (1 + 8 * unit) ** layers - 1,
      `a kept value is off by 1/${1 / unit} of itself at most, a layer’s gradient reads eight tensors of them, and ${layers} layers follow one another`,
    );
  };
