import { number } from '../arguments';
import { OWN_PRODUCTS, withProduct } from '../product';
import { arxiv } from '../spec';
import type { Technique } from '../technique';
import { sampled } from './memory';
import { sampleRule } from './webgpu';

export const columnRowSampling: Technique = {
  spec: {
    name: 'column-row-sampling',
    slot: 'activations',
    exact: false,
    summary:
      "Keep a sample of each trained matrix's input rows: the heaviest for certain, others by lot; gradients stay unbiased.",
    formula: 'share · tokens · in elements + 8 bytes a sampled row, in place of tokens · in, for each matrix that learns',
    cost: 'noise in the gradients of weights; those of activations are exact. Norms and activations keep what they kept',
    args: [
      {
        name: 'share',
        type: { kind: 'number', min: 0, max: 1 },
        default: 0.1,
        doc: 'Share of the rows that is kept; at least 10 rows are.',
      },
    ],
    usual: [],
    excludes: [
      { slot: 'precision', names: ['fp8'], why: OWN_PRODUCTS },
      { slot: 'train', names: ['efficient-qat', 'lr-qat'], why: OWN_PRODUCTS },
    ],
    cautions: [
      {
        slot: 'backward',
        names: ['checkpoint', 'streambp', 'seco', 'reversible', 'sequence-chunked-mlp'],
        why: 'what runs again must draw the same rows again, so the random state has to be kept',
      },
    ],
    citation: arxiv('2305.15265', 'Winner-Take-All Column Row Sampling for Memory Efficient Adaptation of Language Model'),
  },
  rewrite: (recipe, args) => withProduct(recipe, (step, call, plain) => sampled(step, call, number(args, 'share'), plain)),
  webgpu: (recipe, args) => ({ ...recipe, webgpu: { ...recipe.webgpu, sampled: sampleRule(number(args, 'share')) } }),
};
