import { pagedStates } from '../adamw8bit/memory';
import { flag, word } from '../arguments';
import { insideBackward } from '../relations';
import { arxiv } from '../spec';
import type { Technique } from '../technique';
import { adamStates, adamStep, type StateType } from './memory';
import { ADAM, adamwRule } from './webgpu';

export const adamw: Technique = {
  spec: {
    name: 'adamw',
    slot: 'optimizer',
    exact: true,
    summary: 'Adam with decoupled weight decay: two moments for each trained parameter.',
    formula:
      '2 · parameters · bytes(states) + 4 · parameters with a master copy; foreach: + parameters · bytes(states) for a moment',
    cost: 'elementwise; reads and writes every state once a step',
    args: [
      {
        name: 'states',
        type: { kind: 'choice', of: ['fp32', 'bf16', 'fp16', 'parameter'] },
        default: 'fp32',
        doc: 'Type of the two moments; `parameter` follows each parameter, as torch.optim does.',
      },
      { name: 'master', type: { kind: 'boolean' }, default: false, doc: 'Keep a float32 copy of each trained parameter.' },
      {
        name: 'foreach',
        type: { kind: 'boolean' },
        default: true,
        doc: 'Update all parameters at once: faster, and the square roots of all second moments exist together.',
      },
      { name: 'fused', type: { kind: 'boolean' }, default: false, doc: 'One fused kernel: no temporaries.' },
      {
        name: 'paged',
        type: { kind: 'boolean' },
        default: false,
        doc: "bitsandbytes' PagedAdamW: states of large tensors live in managed memory and page to the host under pressure.",
      },
      {
        name: 'in-backward',
        type: { kind: 'boolean' },
        default: false,
        doc: 'Update each parameter as soon as its gradient is complete, which ends there. Not with accumulation or global clipping.',
      },
    ],
    usual: [{ fused: true }, { states: 'bf16', fused: true }],
    citation: arxiv('1711.05101', 'Decoupled Weight Decay Regularization'),
  },
  refuses: insideBackward('AdamW in backward', 'in-backward'),
  rewrite: (recipe, args) => {
    const states = word(args, 'states') as StateType;
    const paged = flag(args, 'paged');
    // bitsandbytes updates in one kernel a tensor.
    const form = flag(args, 'fused') || paged ? 'fused' : flag(args, 'foreach') ? 'foreach' : 'loop';
    const kept = adamStates(states, flag(args, 'master'));
    return {
      ...recipe,
      layerwise: flag(args, 'in-backward') ? 'parameter' : false,
      states: (weight, parameter) => (paged ? pagedStates(weight, kept(weight, parameter)) : kept(weight, parameter)),
      pytorch: { ...recipe.pytorch, optimizerStep: (step, parameters) => adamStep(step, parameters, states, form) },
    };
  },
  webgpu: (recipe) => ({ ...recipe, webgpu: { ...recipe.webgpu, optimizer: adamwRule(ADAM) } }),
};
