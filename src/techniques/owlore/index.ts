import { number, word } from '../arguments';
import { lisa, STATES } from '../lisa';
import { sampledLayers } from '../lisa/memory';
import { arxiv } from '../spec';
import type { Technique } from '../technique';

export const owlore: Technique = {
  spec: {
    name: 'owlore',
    slot: 'train',
    exact: false,
    summary: 'LISA with layers drawn by how many outliers they have, and GaLore inside them.',
    formula: "gradients of `layers` layers, embedding, head and final norm; GaLore's states for the same",
    cost: 'as LISA and GaLore; outliers are counted once, before',
    args: [
      { name: 'layers', type: { kind: 'count', min: 1, max: 10000 }, default: 5, doc: 'Layers that learn at a time.' },
      { name: 'every', type: { kind: 'count', min: 1 }, default: 50, doc: 'Steps until others are drawn.' },
      STATES,
    ],
    usual: [],
    needs: [
      { slot: 'optimizer', names: ['galore'], why: "OwLore's sampled layers learn by GaLore; with another optimizer it is LISA" },
    ],
    excludes: lisa.spec.excludes ?? [],
    citation: arxiv(
      '2405.18380',
      'OwLore: Outlier-weighed Layerwise Sampled Low-Rank Projection for Memory-Efficient LLM Fine-tuning',
    ),
  },
  rewrite: (recipe, args) => sampledLayers(recipe, number(args, 'layers'), word(args, 'states') === 'kept'),
};
