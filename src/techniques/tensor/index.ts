import { fullLogits } from '../../tape/pytorch/loss';
import { flag, number } from '../arguments';
import { cardsArgument, ONE_CARD_ENGINE } from '../cards';
import { arxiv } from '../spec';
import type { Technique } from '../technique';
import { vocabParallelLoss } from './loss';
import { sequenceSharing, tensorModel, tensorSharing } from './memory';

export const tensor: Technique = {
  spec: {
    name: 'tensor',
    slot: 'parallel',
    shares: 'matrices',
    exact: true,
    summary: 'Tensor parallelism: every matrix is cut, by heads, inner width and vocabulary, and partial results are summed.',
    formula:
      'weights, gradients and states of matrices / n; inner activations / n; with sequence parallelism all activations / n, and one gathered input for a moment',
    cost: 'two all-reduces of the hidden states a layer in forward and two in backward, which nothing hides',
    args: [
      cardsArgument('Cards that share every matrix product.'),
      {
        name: 'sequence',
        type: { kind: 'boolean' },
        default: false,
        doc: 'Sequence parallelism: norms, residuals and dropout work on tokens / n.',
      },
      {
        name: 'keep-gathered',
        type: { kind: 'boolean' },
        default: false,
        doc: 'With sequence parallelism, keep the gathered inputs for backward (torchtitan, nanotron) rather than gather them again (Megatron-LM).',
      },
      {
        name: 'fused-loss',
        type: { kind: 'boolean' },
        default: true,
        doc: "Megatron-LM's vocabulary-parallel cross-entropy, whose backward works in place; off, PyTorch's own operators on each part.",
      },
      {
        name: 'loss-in-place',
        type: { kind: 'boolean' },
        default: true,
        doc: 'With `fused-loss`, the softmax takes the place of the float32 logits; off, it is a copy beside them (nanotron).',
      },
    ],
    excludes: [ONE_CARD_ENGINE],
    usual: [{ sequence: true }],
    citation: arxiv('1909.08053', 'Megatron-LM: Training Multi-Billion Parameter Language Models Using Model Parallelism'),
  },
  rewrite: (recipe, args) => {
    const n = number(args, 'n');
    if (n === 1) return recipe;
    const sequence = flag(args, 'sequence');
    const keeps = flag(args, 'keep-gathered');
    return {
      ...recipe,
      model: tensorModel(recipe.model, n),
      cards: { ...recipe.cards, tensor: n, sequence: !sequence ? 'whole' : keeps ? 'kept' : 'gathered-again' },
      pytorch: {
        ...recipe.pytorch,
        sharing: sequence ? sequenceSharing(n, keeps) : tensorSharing(n),
        // A loss that never has all logits stays as it is.
        loss:
          recipe.pytorch.loss === fullLogits && flag(args, 'fused-loss')
            ? vocabParallelLoss(flag(args, 'loss-in-place'))
            : recipe.pytorch.loss,
      },
    };
  },
  refuses: ({ model, slots }, args) => {
    const n = number(args, 'n');
    const uneven = (['heads', 'ffn'] as const).find((key) => model[key] % n !== 0);
    if (uneven) return `\`${uneven}\` is ${model[uneven]}, which ${n} cards cannot share evenly`;
    const { kvHeads } = model;
    if (kvHeads % n !== 0 && n % kvHeads !== 0)
      return `\`kv-heads\` is ${kvHeads}: ${n} cards can neither share them evenly nor each have a whole number of copies`;
    const backward = slots.backward?.name ?? '';
    if (n > 1 && flag(args, 'sequence') && ['streambp', 'seco'].includes(backward))
      return `\`${backward}\` cuts the sequence itself, so that the cards cannot share it: leave \`sequence\` out`;
    return undefined;
  },
};
