import type { Binders } from './bind';
import { copied } from './copy';

/** What a micro-batch takes of the step's inputs, and where its losses go. */
export const microBinders: Binders = {
  micro_take: (bound) => {
    const count = bound.elements(bound.write(0));
    return copied(bound, count, (bound.op.micro ?? 0) * count, 0);
  },
  micro_put: (bound) => {
    const count = bound.elements(bound.read(0));
    return copied(bound, count, 0, (bound.op.micro ?? 0) * count);
  },
};
