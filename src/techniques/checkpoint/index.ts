import { flag, number } from '../arguments';
import type { Technique } from '../technique';
import { checkpointPytorch, recomputedCore } from './memory';

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
    citation: {
      title: 'Training Deep Nets with Sublinear Memory Cost',
      id: 'arXiv:1604.06174',
      url: 'https://arxiv.org/abs/1604.06174',
    },
  },
  rewrite: (recipe, args) => ({
    ...recipe,
    pytorch: {
      ...recipe.pytorch,
      ...(flag(args, 'selective')
        ? { attentionCore: recomputedCore }
        : {
            recomputesLayers: true,
            schedule: (step) =>
              checkpointPytorch(step, {
                every: number(args, 'every'),
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
