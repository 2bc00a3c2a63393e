import { number } from '../arguments';
import { cardsArgument, ONE_CARD_ENGINE } from '../cards';
import { arxiv } from '../spec';
import type { Technique } from '../technique';

export const expert: Technique = {
  spec: {
    name: 'expert',
    slot: 'parallel',
    shares: 'experts',
    exact: true,
    summary: 'Expert parallelism: each card has some of the experts, and tokens travel to theirs and back.',
    formula:
      'experts / n; two more tensors of tokens · active experts · hidden, on the way there and back. Tokens are taken to be spread evenly',
    cost: 'two all-to-alls a layer in forward and two in backward, which nothing hides',
    args: [cardsArgument('Cards among which the experts are shared: some or all of those that `data`, `zero` or `fsdp` name.')],
    excludes: [ONE_CARD_ENGINE],
    citation: arxiv('2006.16668', 'GShard: Scaling Giant Models with Conditional Computation and Automatic Sharding'),
  },
  rewrite: (recipe, args) => {
    const n = number(args, 'n');
    if (n === 1) return recipe;
    const { model, cards } = recipe;
    return {
      ...recipe,
      model: { ...model, experts: Math.ceil(model.experts / n), routedExperts: model.experts },
      cards: { ...cards, expert: n },
    };
  },
  refuses: ({ model }, args, { replicas, context }) => {
    const n = number(args, 'n');
    if (model.experts === 0) return `${model.name} has no experts`;
    if (model.experts % n !== 0) return `\`experts\` is ${model.experts}, which ${n} cards cannot share evenly`;
    if ((replicas * context) % n !== 0)
      return `${n} does not divide the ${replicas * context} cards that have copies of the other weights`;
    return undefined;
  },
};
