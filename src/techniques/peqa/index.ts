import { number } from '../arguments';
import { withProduct } from '../product';
import { learningProduct, storing } from '../quantized';
import { noExperts } from '../relations';
import { arxiv } from '../spec';
import type { Technique } from '../technique';
import { codesAndZeros, scalesFor, stepSizes } from './memory';

export const peqa: Technique = {
  spec: {
    name: 'peqa',
    slot: 'train',
    exact: false,
    summary: 'Quantize the matrices once; only their scales learn.',
    formula: 'bits/8 bytes a weight + a zero and a scale for each group; gradients and states for the scales alone',
    cost: "dequantized at every use; a scale's gradient needs the matrix's input and its full gradient for a moment",
    args: [
      { name: 'bits', type: { kind: 'count', min: 2, max: 8 }, default: 4, doc: 'Width of a code; 5 to 8 take a byte.' },
      {
        name: 'group',
        type: { kind: 'count', min: 0, max: 65536 },
        default: 0,
        doc: 'Weights that share a scale; 0 for one scale a row.',
      },
    ],
    usual: [],
    excludes: [{ slot: 'weights', names: ['*'], why: 'PEQA quantizes the weights itself' }],
    citation: arxiv(
      '2305.14152',
      'Memory-Efficient Fine-Tuning of Compressed Large Language Models via sub-4-bit Integer Quantization',
    ),
  },
  refuses: noExperts('PEQA'),
  rewrite: (recipe, args) => {
    const [bits, group] = [number(args, 'bits'), number(args, 'group')];
    return {
      ...recipe,
      adapters: null,
      trains: (weight) => weight.role === 'adapter',
      stored: storing(recipe, (weight) => codesAndZeros(weight, bits, group)),
      added: (model) => ({ ...recipe.added(model), layer: stepSizes(model, group) }),
      pytorch: withProduct(recipe, (step, call, plain) => {
        const scales = scalesFor(step, call.name);
        return scales ? learningProduct(step, call, scales) : plain();
      }).pytorch,
    };
  },
};
