import { number } from '../arguments';
import { ADAPTERS, wholeMatrices } from '../relations';
import type { Technique } from '../technique';
import { muonStates, muonStep } from './memory';
import { muonRule } from './webgpu';

export const muon: Technique = {
  spec: {
    name: 'muon',
    slot: 'optimizer',
    exact: false,
    summary: "Momentum of the layers' matrices, orthogonalised by Newton–Schulz steps; AdamW for the rest.",
    formula: 'one momentum a matrix element, two moments for everything else; 4 · (m · n + min(m, n)²) bytes for a moment',
    cost: '`steps` times three products of each matrix with itself',
    args: [{ name: 'steps', type: { kind: 'count', min: 1, max: 100 }, default: 5, doc: 'Newton–Schulz steps.' }],
    usual: [],
    excludes: [
      { slot: 'train', names: ADAPTERS, why: "an adapter's factors are thin: Muon orthogonalises full matrices" },
      ...wholeMatrices('Muon'),
    ],
    citation: {
      title: 'Muon: An optimizer for hidden layers in neural networks',
      id: 'KellerJordan/Muon',
      url: 'https://kellerjordan.github.io/posts/muon/',
    },
  },
  rewrite: (recipe, args) => ({
    ...recipe,
    layerwise: false,
    states: muonStates,
    pytorch: {
      ...recipe.pytorch,
      optimizerStep: (step, parameters) => muonStep(step, parameters, number(args, 'steps')),
    },
  }),
  webgpu: (recipe, args) => ({ ...recipe, webgpu: { ...recipe.webgpu, optimizer: muonRule(number(args, 'steps')) } }),
};
