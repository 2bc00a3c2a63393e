import type { Model, Plan, Use } from '../../plan/types';
import type { Stage } from '../../tape/cards';
import { number, word } from '../arguments';
import { cardsArgument, ONE_CARD_ENGINE } from '../cards';
import { arxiv, complete } from '../spec';
import type { Technique } from '../technique';
import { stageLayers, waitingOn } from './memory';

/** Pieces of a stage's layers that a micro-batch goes through one by one. */
const piecesOf = (args: Use['args']): number => (word(args, 'schedule') === 'interleaved' ? number(args, 'pieces') : 1);

/** Layers that are stated of the first and the last stage. */
const endsOf = (args: Use['args']): { first?: number; last?: number } => {
  const [first, last] = [number(args, 'first-layers'), number(args, 'last-layers')];
  return { ...(first ? { first } : {}), ...(last ? { last } : {}) };
};

/** Each stage's layers, and what waits on it. */
function stagesOf(
  { model, accumulate }: { model: Pick<Model, 'layers'>; accumulate: number },
  args: Use['args'],
): { layers: number; waiting: Stage['waiting'] }[] {
  const of = number(args, 'n');
  const pieces = word(args, 'schedule') === 'gpipe' ? 'all' : piecesOf(args);
  return stageLayers(model.layers, of, endsOf(args)).map((layers, index) => ({
    layers,
    waiting: waitingOn(index, of, layers, accumulate, pieces),
  }));
}

/** The arguments of a plan's own pipeline, if it has one. */
function argsIn({ lists }: Plan): Use['args'] | undefined {
  const use = lists.parallel?.find(({ name }) => name === pipeline.spec.name);
  return use && complete(pipeline.spec, use).args;
}

/** The stages of a plan; none where it has no pipeline. */
export function stagesIn(plan: Plan): ReturnType<typeof stagesOf> {
  const args = argsIn(plan);
  return args ? stagesOf(plan, args) : [];
}

/** Share of a step that a plan's stages wait for one another: (n − 1)/m of it, and 1/v of that when interleaved. */
export function bubbleOf(plan: Plan): number {
  const args = argsIn(plan);
  return args ? (number(args, 'n') - 1) / (plan.accumulate * piecesOf(args)) : 0;
}

export const pipeline: Technique = {
  spec: {
    name: 'pipeline',
    slot: 'parallel',
    shares: 'layers',
    exact: true,
    summary: 'Pipeline parallelism: each card has some of the layers, and micro-batches (`accumulate`) go through them.',
    formula:
      'layers / n; the activations of min(n − stage, micro-batches) micro-batches under 1F1B, up to 1 + (n − 1)/(n·pieces) times the first stage’s when interleaved, of all under GPipe',
    cost: 'stages wait (n − 1)/micro-batches of the time, 1/pieces of that when interleaved',
    args: [
      cardsArgument('Stages. The first has the embedding, the last the head.'),
      {
        name: 'schedule',
        type: { kind: 'choice', of: ['1f1b', 'interleaved', 'gpipe'] },
        default: '1f1b',
        doc: 'One forward, one backward; the same over several pieces of each stage; or all forwards before all backwards.',
      },
      {
        name: 'pieces',
        type: { kind: 'count', min: 1, max: 1024 },
        default: 2,
        doc: 'Pieces of each stage when interleaved (virtual stages a card).',
      },
      ...(['first', 'last'] as const).map((end) => ({
        name: `${end}-layers`,
        type: { kind: 'count', min: 0, max: 10_000 } as const,
        default: 0,
        doc: `Layers of the ${end} stage (decoder_${end}_pipeline_num_layers), where it is not to have its even share; 0 leaves it.`,
      })),
    ],
    excludes: [
      ONE_CARD_ENGINE,
      { slot: 'train', names: ['lisa', 'owlore', 'badam'], why: 'the layers that learn in a step would be on one stage' },
      {
        slot: 'train',
        names: ['ladder', 'qst'],
        why: 'the side network reads the embedding and feeds the head, on the same card',
      },
      { slot: 'backward', names: ['seco'], why: 'its chunks go through the whole model and the loss, one after the other' },
      { slot: 'optimizer', names: ['lomo', 'adalomo'], why: 'updates in backward meet micro-batches that are still in flight' },
    ],
    citation: arxiv('2104.04473', 'Efficient Large-Scale Language Model Training on GPU Clusters Using Megatron-LM'),
  },
  // The recipe says which stage it is for.
  rewrite: (recipe, args) => {
    const of = number(args, 'n');
    if (of === 1) return recipe;
    const { index } = recipe.cards.stage;
    const { layers, waiting } = stagesOf(recipe, args)[index] ?? { layers: 0, waiting: recipe.cards.stage.waiting };
    return {
      ...recipe,
      model: { ...recipe.model, layers },
      cards: { ...recipe.cards, stage: { index, of, pieces: piecesOf(args), waiting } },
    };
  },
  refuses: ({ model, accumulate }, args) => {
    const n = number(args, 'n');
    const least = n * piecesOf(args);
    if (model.layers < least) return `${model.layers} layers cannot fill ${least === n ? `${n} stages` : `${least} pieces`}`;
    if (stageLayers(model.layers, n, endsOf(args)).some((layers) => layers < 1))
      return `${model.layers} layers leave a stage without any`;
    if (model.encoderLayers > 0 && n > 1) return 'an encoder and a decoder are not one chain of layers';
    if (piecesOf(args) > 1 && accumulate % n !== 0)
      return `interleaved stages want micro-batches (\`accumulate\`) in multiples of the stages: ${accumulate} is none of ${n}`;
    return undefined;
  },
  warns: ({ accumulate }, args) => {
    const n = number(args, 'n');
    return accumulate < n
      ? `\`accumulate\` is ${accumulate}: with fewer micro-batches than its ${n} stages, some always wait`
      : undefined;
  },
};
