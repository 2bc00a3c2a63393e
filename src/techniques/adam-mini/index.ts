import type { DType } from '../../plan/types';
import { word } from '../arguments';
import { arxiv } from '../spec';
import type { Technique } from '../technique';
import { adamMiniStates, adamMiniStep } from './memory';
import { adamMiniRule } from './webgpu';

export const adamMini: Technique = {
  spec: {
    name: 'adam-mini',
    slot: 'optimizer',
    exact: false,
    summary: 'Adam with one second moment for a block of parameters: a head of q or k, a row of any other matrix.',
    formula: 'parameters · bytes(states) + bytes(states) for each block',
    cost: 'elementwise; one learning rate for each block',
    args: [
      {
        name: 'states',
        type: { kind: 'choice', of: ['fp32', 'bf16', 'fp16'] },
        default: 'fp32',
        doc: 'Type of both moments; the released code keeps float32.',
      },
    ],
    usual: [],
    citation: arxiv('2406.16793', 'Adam-mini: Use Fewer Learning Rates To Gain More'),
  },
  rewrite: (recipe, args) => {
    const states = word(args, 'states') as DType;
    return {
      ...recipe,
      layerwise: false,
      states: adamMiniStates(recipe.model, states),
      pytorch: { ...recipe.pytorch, optimizerStep: (step, parameters) => adamMiniStep(step, parameters, states) },
    };
  },
  webgpu: (recipe) => ({ ...recipe, webgpu: { ...recipe.webgpu, optimizer: adamMiniRule(recipe.model) } }),
};
