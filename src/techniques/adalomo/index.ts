import { adafactorStates, adafactorStep } from '../adafactor/memory';
import { lomo } from '../lomo';
import { oneMicroBatch } from '../relations';
import { arxiv } from '../spec';
import type { Technique } from '../technique';

export const adalomo: Technique = {
  spec: {
    name: 'adalomo',
    slot: 'optimizer',
    exact: false,
    summary: 'LOMO with a factored second moment: adaptive steps inside backward.',
    formula: '4 · (m + n) bytes for each m × n matrix; gradients: the largest parameter in place of all of them',
    cost: "as LOMO, and Adafactor's float32 copies of one parameter",
    args: [],
    usual: [],
    excludes: lomo.spec.excludes ?? [],
    citation: arxiv('2310.10195', 'AdaLomo: Low-memory Optimization with Adaptive Learning Rate'),
  },
  refuses: oneMicroBatch('AdaLomo'),
  rewrite: (recipe) => ({
    ...recipe,
    layerwise: 'parameter',
    states: adafactorStates(false),
    pytorch: { ...recipe.pytorch, optimizerStep: adafactorStep },
  }),
};
