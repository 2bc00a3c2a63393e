import { FUSED } from '../../tape/pytorch/context';
import type { Technique } from '../technique';

export const engines: readonly Technique[] = [
  {
    spec: {
      name: 'pytorch',
      slot: 'engine',
      exact: true,
      summary: "What PyTorch's autograd keeps and what its operators allocate for a moment.",
      formula: 'op by op',
      cost: 'none',
      args: [
        {
          name: 'transformers',
          type: { kind: 'string', examples: ['4.45', '4.46', '4.50', '5'] },
          default: '5',
          doc: 'Version of transformers: decides where logits are raised to float32 and how labels are shifted.',
        },
        {
          name: 'torch',
          type: { kind: 'string', examples: ['1.10', '2.1', '2.13'] },
          default: '2.13',
          doc: "Version of PyTorch: softmax kept its input too before 1.11; SDPA's fallback computes in float32 from 2.5 on.",
        },
        {
          name: 'hold-output',
          type: { kind: 'boolean' },
          default: true,
          doc: "The model's output object, and its logits, is held during backward.",
        },
        {
          name: 'hold-graph',
          type: { kind: 'boolean' },
          default: false,
          doc: 'The training loop holds a loss, and its graph, until the next one is there (LitGPT; not Trainer): inputs that `keep-inputs` keeps outlive their backward.',
        },
        {
          name: 'raise-output',
          type: { kind: 'boolean' },
          default: false,
          doc: "16-bit logits come out of the model as a float32 copy, as accelerate's mixed precision (Trainer with `bf16: true`) returns them.",
        },
        {
          name: 'kernels',
          type: { kind: 'choice', of: ['cuda', 'cpu'] },
          default: 'cuda',
          doc: 'Whose kernels: their temporaries and dropout masks differ.',
        },
        {
          name: 'compile',
          type: { kind: 'boolean' },
          default: false,
          doc: 'Layers run through torch.compile: norms, activations, dropout and rotary are fused and recomputed from what matrix products read and write.',
        },
        {
          name: 'compile-loss',
          type: { kind: 'boolean' },
          default: true,
          doc: 'With `compile`, the loss of full logits too: it keeps the logits in their own type and a few numbers a row, and float32 ones never exist (torchtitan from April 2025 on).',
        },
        {
          name: 'fused',
          type: { kind: 'list', of: FUSED },
          default: [],
          doc: 'Parts of a layer with a kernel of their own in the place of written-out operators (Liger has all three, nanotron `norm`): a norm keeps its input and a number a row, rotary turns queries and keys in place, a gated MLP keeps gate and up alone and makes their gradients in them.',
        },
        {
          name: 'sequence-first',
          type: { kind: 'boolean' },
          default: false,
          doc: "Tokens come before rows in memory, as in nanotron: with more than one row attention's output is copied into that order, and kept in both.",
        },
      ],
    },
    rewrite: (recipe) => recipe,
  },
  {
    spec: {
      name: 'webgpu',
      slot: 'engine',
      exact: true,
      summary: 'The runner that ships with Memplan: fused kernels in float32.',
      formula: 'op by op',
      cost: 'none',
      args: [],
    },
    rewrite: (recipe) => recipe,
  },
];
