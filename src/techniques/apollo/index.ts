import type { Use } from '../../plan/types';
import { number, word } from '../arguments';
import { adaptersAreLowRank, wholeMatrices } from '../relations';
import { type Argument, arxiv } from '../spec';
import type { Technique } from '../technique';
import { apolloStates, apolloStep } from './memory';
import { type ApolloSettings, apolloRule } from './webgpu';

export const PROJECTION: Argument = {
  name: 'projection',
  type: { kind: 'choice', of: ['kept', 'seed'] },
  default: 'kept',
  doc: 'Whether the random projection is kept between its refreshes, as the released code does, or drawn again from its seed.',
};

export const EVERY: Argument = {
  name: 'every',
  type: { kind: 'count', min: 1 },
  default: 200,
  doc: 'Steps between two draws of the projection.',
};

export const scaleOf = (standard: number): Argument => ({
  name: 'scale',
  type: { kind: 'number', min: 0 },
  default: standard,
  doc: 'The scaled gradient is multiplied by its square root.',
});

/** The runner's rule of a stated APOLLO or APOLLO-Mini. */
export const apolloWebgpu =
  (factors: ApolloSettings['factors']): NonNullable<Technique['webgpu']> =>
  (recipe, args: Use['args']) => ({
    ...recipe,
    webgpu: {
      ...recipe.webgpu,
      optimizer: apolloRule({
        rank: factors === 'tensor' ? 1 : number(args, 'rank'),
        every: number(args, 'every'),
        scale: number(args, 'scale'),
        kept: word(args, 'projection') === 'kept',
        factors,
      }),
    },
  });

export const apollo: Technique = {
  spec: {
    name: 'apollo',
    slot: 'optimizer',
    exact: false,
    summary: 'The gradient itself, scaled channel by channel by Adam in a small random projection of it.',
    formula:
      'for each m × n matrix of the layers: 2 · rank · max(m, n) elements, + rank · min(m, n) where the projection is kept; others as Adam',
    cost: 'one thin product of each gradient; no SVD; scales are estimates',
    args: [
      { name: 'rank', type: { kind: 'count', min: 1, max: 65536 }, default: 256, doc: 'Dimension of the projection.' },
      PROJECTION,
      EVERY,
      scaleOf(1),
    ],
    excludes: [adaptersAreLowRank('APOLLO'), ...wholeMatrices('APOLLO')],
    citation: arxiv('2412.05270', 'APOLLO: SGD-like Memory, AdamW-level Performance'),
  },
  rewrite: (recipe, args) => {
    const rank = number(args, 'rank');
    const kept = word(args, 'projection') === 'kept';
    return {
      ...recipe,
      layerwise: false,
      states: apolloStates(rank, kept),
      pytorch: {
        ...recipe.pytorch,
        optimizerStep: (step, parameters) => apolloStep(step, parameters, rank, kept, 'apollo'),
      },
    };
  },
  learning: { rate: () => 0.01 },
  webgpu: apolloWebgpu('channel'),
};
