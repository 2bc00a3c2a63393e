import { number, word } from '../arguments';
import { int4Activations } from '../int4';
import { packInteger } from '../int8/memory';
import { integerKept, type Rounding } from '../int8/webgpu';
import type { Technique } from '../technique';

export const int2Activations: Technique = {
  spec: {
    ...int4Activations.spec,
    name: 'int2',
    summary: 'Keep what crosses from forward to backward in 2-bit codes, rounded stochastically or to nearest.',
    formula: '¼ + 4/group bytes an element in place of 2 or 4',
    cost: 'quantize and dequantize each saved tensor; much noise in gradients',
  },
  rewrite: (recipe, args) => ({
    ...recipe,
    pytorch: { ...recipe.pytorch, pack: (trace, tensor) => packInteger(trace, tensor, 2, number(args, 'group')) },
  }),
  webgpu: (recipe, args) => ({
    ...recipe,
    webgpu: { ...recipe.webgpu, kept: integerKept(2, number(args, 'group'), word(args, 'rounding') as Rounding) },
  }),
};
