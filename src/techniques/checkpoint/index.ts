import { flag, number, word } from '../arguments';
import { arxiv } from '../spec';
import type { Technique } from '../technique';
import { checkpointPytorch, productsAndAttention, recomputedCore, type Segments } from './memory';

/** What `save` keeps of a segment beside its input. */
const KEEPS: { readonly [save: string]: Segments['keeps'] } = {
  products: (step) => productsAndAttention(step, 'kept'),
  'every-second-product': (step) => productsAndAttention(step, 'again'),
};

export const checkpoint: Technique = {
  spec: {
    name: 'checkpoint',
    slot: 'backward',
    exact: true,
    summary: "Keep each segment's input and run its forward again in backward.",
    formula: 'layers/every · tokens · hidden (the boundaries) + the saved set of one segment',
    cost: 'one more forward of the layers: about a third more compute',
    args: [
      { name: 'every', type: { kind: 'count', min: 1, max: 1024 }, default: 1, doc: 'Layers in one segment.' },
      {
        name: 'selective',
        type: { kind: 'boolean' },
        default: false,
        doc: "Run only attention's scores, softmax and products again, and keep everything else; a fused kernel needs none of it.",
      },
      {
        name: 'one-in',
        type: { kind: 'count', min: 1, max: 1024 },
        default: 1,
        doc: 'Run one layer in so many again, and keep everything of the others (torchtitan: `selective`, n).',
      },
      {
        name: 'save',
        type: { kind: 'choice', of: ['inputs', 'products', 'every-second-product'] },
        default: 'inputs',
        doc: "What is kept beside a segment's input: nothing, or the results of matrix products and fused attention (PyTorch's selective checkpointing; torchtitan's `selective op` leaves out every second product).",
      },
      {
        name: 'offload',
        type: { kind: 'boolean' },
        default: false,
        doc: "Keep the segments' inputs in host memory; they cross the link twice.",
      },
      {
        name: 'reentrant',
        type: { kind: 'boolean' },
        default: false,
        doc: "use_reentrant: backward runs inside backward, and a segment's output and its gradient stay until the segment is done.",
      },
    ],
    usual: [{}, { every: 2 }, { every: 4 }],
    citation: arxiv('1604.06174', 'Training Deep Nets with Sublinear Memory Cost'),
  },
  refuses: (_, args) => {
    const [apart, saves] = [number(args, 'one-in') > 1, word(args, 'save') !== 'inputs'];
    if (flag(args, 'selective') && (apart || saves))
      return '`selective` runs attention again in every layer and keeps all else: leave it out, or `one-in` and `save`';
    if (apart && number(args, 'every') > 1)
      return '`every` puts layers together and `one-in` leaves layers out: state one of them';
    if (saves && flag(args, 'reentrant')) return "PyTorch keeps single operators' results only without `reentrant`";
    return undefined;
  },
  warns: ({ slots }, args) =>
    flag(args, 'selective') && [undefined, 'flash', 'sdpa'].includes(slots.attention?.name)
      ? '`selective` runs attention again so that its scores need not be kept, and fused attention keeps none: it saves nothing here'
      : undefined,
  rewrite: (recipe, args) => ({
    ...recipe,
    pytorch: {
      ...recipe.pytorch,
      ...(flag(args, 'selective')
        ? { attentionCore: recomputedCore }
        : {
            recomputesLayers: true,
            reentrant: flag(args, 'reentrant'),
            schedule: (step) =>
              checkpointPytorch(step, {
                every: number(args, 'every'),
                oneIn: number(args, 'one-in'),
                keeps: KEEPS[word(args, 'save')],
                offload: flag(args, 'offload'),
                reentrant: flag(args, 'reentrant'),
              }),
          }),
    },
  }),
  webgpu: (recipe, args) => ({
    ...recipe,
    webgpu: { ...recipe.webgpu, backward: { keep: 'input', every: number(args, 'every'), chunk: 0 } },
  }),
};
