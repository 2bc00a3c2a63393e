import type { Technique } from '../technique';
import { packToHost } from './memory';

export const activationOffload: Technique = {
  spec: {
    name: 'offload',
    slot: 'activations',
    exact: true,
    summary: 'What crosses from forward to backward waits in pinned host memory.',
    formula: 'saved tensors in host memory; on the card, only the one that an op reads',
    cost: 'every saved byte over the link twice',
    args: [],
    usual: [],
    citation: {
      title: 'torch.autograd.graph.save_on_cpu',
      id: 'PyTorch',
      url: 'https://pytorch.org/docs/stable/autograd.html#torch.autograd.graph.save_on_cpu',
    },
  },
  rewrite: (recipe) => ({ ...recipe, pytorch: { ...recipe.pytorch, pack: packToHost } }),
};
