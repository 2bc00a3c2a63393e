import { number, word } from '../arguments';
import { scalesFor, stepSizes } from '../peqa/memory';
import { withProduct } from '../product';
import { learningProduct, storing } from '../quantized';
import { anyOf, noExperts } from '../relations';
import { arxiv } from '../spec';
import type { Technique } from '../technique';
import { blockRecipe, packedCodes } from './memory';

/** What a plan may state and have only one layer on the card. */
const PLAIN: ReadonlySet<string> = new Set(['standard', 'exact', 'cross-entropy']);

export const efficientQat: Technique = {
  spec: {
    name: 'efficient-qat',
    slot: 'train',
    exact: false,
    summary:
      'Quantization-aware training in two stages: one block at a time by reconstruction, then only the step sizes, end to end.',
    formula:
      'end-to-end: packed codes (3 bits take 3.2) + a scale that learns and a zero for each group; blocks: 18 bytes a parameter of one layer',
    cost: 'dequantized at every use; the first stage runs the calibration data through every block twice',
    args: [
      {
        name: 'stage',
        type: { kind: 'choice', of: ['end-to-end', 'blocks'] },
        default: 'end-to-end',
        doc: 'Step sizes of the whole model, or all weights of one layer against its own output.',
      },
      { name: 'bits', type: { kind: 'count', min: 2, max: 8 }, default: 2, doc: 'Width of a code.' },
      { name: 'group', type: { kind: 'count', min: 16, max: 65536 }, default: 64, doc: 'Weights that share a step size.' },
    ],
    usual: [],
    excludes: [
      { slot: 'weights', names: ['*'], why: 'EfficientQAT keeps the weights in its own codes' },
      {
        slot: 'optimizer',
        names: [
          'galore',
          'q-galore',
          'natural-galore',
          'apollo',
          'apollo-mini',
          'fira',
          'frugal',
          'cosmos',
          'muon',
          'lomo',
          'adalomo',
          'mezo',
          'sparse-mezo',
          'qzo',
        ],
        why: 'step sizes are vectors, and a block is trained by Adam: there is nothing for them to save',
      },
    ],
    citation: arxiv('2407.11062', 'EfficientQAT: Efficient Quantization-Aware Training for Large Language Models'),
  },
  refuses: anyOf(noExperts('EfficientQAT'), ({ slots, lists }, args) => {
    if (word(args, 'stage') !== 'blocks') return undefined;
    const end = (['backward', 'activations', 'loss'] as const).flatMap((slot) => slots[slot] ?? []);
    const other = [...end, ...(lists.parallel ?? []), ...(lists.offload ?? [])].find(({ name }) => !PLAIN.has(name));
    return other && `its first stage trains one layer at a time on one card, and \`${other.name}\` is for a whole step`;
  }),
  rewrite: (recipe, args) => {
    const [bits, group] = [number(args, 'bits'), number(args, 'group')];
    if (word(args, 'stage') === 'blocks') return blockRecipe(recipe, group);
    return {
      ...recipe,
      adapters: null,
      trains: (weight) => weight.role === 'adapter',
      stored: storing(recipe, (weight) => packedCodes(weight, bits, group)),
      added: (model) => ({ ...recipe.added(model), layer: stepSizes(model, group) }),
      pytorch: withProduct(recipe, (step, call, plain) => {
        const scales = scalesFor(step, call.name);
        return scales ? learningProduct(step, call, scales) : plain();
      }).pytorch,
    };
  },
};
