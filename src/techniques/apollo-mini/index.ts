import { apolloWebgpu, EVERY, PROJECTION, scaleOf } from '../apollo';
import { apolloStates, apolloStep } from '../apollo/memory';
import { word } from '../arguments';
import { adaptersAreLowRank, wholeMatrices } from '../relations';
import { arxiv } from '../spec';
import type { Technique } from '../technique';

export const apolloMini: Technique = {
  spec: {
    name: 'apollo-mini',
    slot: 'optimizer',
    exact: false,
    summary: "APOLLO at rank 1, with one scale for a whole matrix: almost no state for the layers' matrices.",
    formula:
      'for each m × n matrix of the layers: 2 · max(m, n) elements, + min(m, n) where the projection is kept; others as Adam',
    cost: 'one product of each gradient with a vector; one scale a matrix',
    args: [PROJECTION, EVERY, scaleOf(128)],
    excludes: [adaptersAreLowRank('APOLLO-Mini'), ...wholeMatrices('APOLLO-Mini')],
    citation: arxiv('2412.05270', 'APOLLO: SGD-like Memory, AdamW-level Performance'),
  },
  rewrite: (recipe, args) => {
    const kept = word(args, 'projection') === 'kept';
    return {
      ...recipe,
      layerwise: false,
      states: apolloStates(1, kept),
      pytorch: {
        ...recipe.pytorch,
        optimizerStep: (step, parameters) => apolloStep(step, parameters, 1, kept, 'apollo-mini'),
      },
    };
  },
  learning: { rate: () => 0.01 },
  webgpu: apolloWebgpu('tensor'),
};
