import { flag } from '../arguments';
import { arxiv } from '../spec';
import type { Technique } from '../technique';
import { adafactorStates, adafactorStep } from './memory';
import { adafactorRule } from './webgpu';

export const adafactor: Technique = {
  spec: {
    name: 'adafactor',
    slot: 'optimizer',
    exact: false,
    summary: 'Adam whose second moment of a matrix is kept as one row and one column.',
    formula: '4 · (m + n) bytes for each m × n matrix, 4 a parameter for vectors; + 4 · parameters with momentum',
    cost: 'float32 copies of one parameter and its gradient at a time; updates are clipped by their size',
    args: [{ name: 'momentum', type: { kind: 'boolean' }, default: false, doc: 'Keep a first moment too, of every parameter.' }],
    citation: arxiv('1804.04235', 'Adafactor: Adaptive Learning Rates with Sublinear Memory Cost'),
  },
  rewrite: (recipe, args) => ({
    ...recipe,
    layerwise: false,
    states: adafactorStates(flag(args, 'momentum')),
    pytorch: { ...recipe.pytorch, optimizerStep: adafactorStep },
  }),
  webgpu: (recipe, args) => ({ ...recipe, webgpu: { ...recipe.webgpu, optimizer: adafactorRule(flag(args, 'momentum')) } }),
};
