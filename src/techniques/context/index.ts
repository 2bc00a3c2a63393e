import { number } from '../arguments';
import { cardsArgument, ONE_CARD_ENGINE } from '../cards';
import { arxiv } from '../spec';
import type { Technique } from '../technique';

export const context: Technique = {
  spec: {
    name: 'context',
    slot: 'parallel',
    shares: 'tokens',
    exact: true,
    summary: 'Context parallelism: a sequence is spread over cards, and keys and values go round in a ring.',
    formula:
      'tokens / n on a card; two more blocks of keys and values, in backward with their float32 gradients, and a float32 sum of outputs',
    cost: 'keys and values pass (n − 1)/n of the sequence a layer in forward, twice that in backward; hidden behind attention where blocks are long',
    args: [cardsArgument("Cards that share one sequence's tokens.")],
    excludes: [
      ONE_CARD_ENGINE,
      {
        slot: 'attention',
        names: ['eager', 'math'],
        why: 'blocks are joined by their log-sum-exp, which only fused kernels give',
      },
      { slot: 'backward', names: ['streambp', 'seco'], why: 'both cut the sequence, and nobody has put one inside the other' },
    ],
    citation: arxiv('2310.01889', 'Ring Attention with Blockwise Transformers for Near-Infinite Context'),
  },
  rewrite: (recipe, args) => {
    const n = number(args, 'n');
    if (n === 1) return recipe;
    // Each card has a piece from the front and one from the back, so that all attend to equally many pairs.
    const sequence = 2 * Math.ceil(recipe.sequence / (2 * n));
    return { ...recipe, sequence, cards: { ...recipe.cards, context: n } };
  },
  refuses: ({ model, sequence }, args) => {
    if (['bloom', 't5', 'bert', 'roberta', 'vit'].includes(model.family))
      return `${model.family} adds a bias to its scores or looks both ways, which ring attention is not written for`;
    const pieces = 2 * number(args, 'n');
    return pieces > 2 && sequence < pieces
      ? `\`sequence\` is ${sequence}, and ${pieces / 2} cards share ${pieces} pieces of it`
      : undefined;
  },
  warns: ({ sequence }, args) => {
    const n = number(args, 'n');
    const [pieces, size] = [2 * n, Math.ceil(sequence / (2 * n))];
    return n > 1 && sequence % pieces !== 0
      ? `\`sequence\` is ${sequence}, which ${n} cards cannot share in ${pieces} equal pieces: it is padded to ${pieces * size}`
      : undefined;
  },
};
