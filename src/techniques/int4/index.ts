import { number, word } from '../arguments';
import { int8Activations } from '../int8';
import { packInteger } from '../int8/memory';
import { integerKept, type Rounding } from '../int8/webgpu';
import { arxiv } from '../spec';
import type { Technique } from '../technique';

export const int4Activations: Technique = {
  spec: {
    ...int8Activations.spec,
    name: 'int4',
    summary: 'Keep what crosses from forward to backward in 4-bit codes, rounded stochastically or to nearest.',
    formula: '½ + 4/group bytes an element in place of 2 or 4',
    cost: 'quantize and dequantize each saved tensor; more noise in gradients than 8 bits',
    citation: arxiv('2104.14129', 'ActNN: Reducing Training Memory Footprint via 2-Bit Activation Compressed Training'),
  },
  rewrite: (recipe, args) => ({
    ...recipe,
    pytorch: { ...recipe.pytorch, pack: (trace, tensor) => packInteger(trace, tensor, 4, number(args, 'group')) },
  }),
  webgpu: (recipe, args) => ({
    ...recipe,
    webgpu: { ...recipe.webgpu, kept: integerKept(4, number(args, 'group'), word(args, 'rounding') as Rounding) },
  }),
};
