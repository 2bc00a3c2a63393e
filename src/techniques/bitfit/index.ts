import { weightsOf } from '../../plan/weights';
import { arxiv } from '../spec';
import type { Technique } from '../technique';

export const bitfit: Technique = {
  spec: {
    name: 'bitfit',
    slot: 'train',
    exact: false,
    summary: 'Only biases learn, those of norms among them; a model without biases learns nothing.',
    formula: 'gradients and states of the biases; inputs of matrices are not kept',
    cost: 'less capacity than adapters; the base still back-propagates',
    args: [],
    usual: [],
    citation: arxiv('2106.10199', 'BitFit: Simple Parameter-efficient Fine-tuning for Transformer-based Masked Language-models'),
  },
  refuses: ({ model }) =>
    weightsOf(model).layer.some(({ role }) => role === 'bias') ? undefined : `${model.name} has no biases: nothing would learn`,
  rewrite: (recipe) => ({ ...recipe, adapters: null, trains: (weight) => weight.role === 'bias' }),
};
