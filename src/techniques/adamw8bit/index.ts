import { ADAM } from '../adamw/webgpu';
import { flag, number } from '../arguments';
import { insideBackward } from '../relations';
import { arxiv } from '../spec';
import type { Technique } from '../technique';
import { blockwiseStates } from './memory';
import { adamw8bitRule } from './webgpu';

export const adamw8bit: Technique = {
  spec: {
    name: 'adamw8bit',
    slot: 'optimizer',
    exact: false,
    summary: 'AdamW with both moments in blockwise 8-bit codes.',
    formula: 'parameters · (2 + 8/block); tensors under 4096 elements keep 32-bit states',
    cost: "moments rounded to 8 bits each step; about the speed of AdamW. Paged: what the card has no room for goes over the host's link and back, each step",
    args: [
      { name: 'block', type: { kind: 'count', min: 64, max: 4096 }, default: 256, doc: 'Elements that share one scale.' },
      {
        name: 'paged',
        type: { kind: 'boolean' },
        default: false,
        doc: 'States of large tensors live in managed memory and page to the host under pressure.',
      },
      {
        name: 'wide-embeddings',
        type: { kind: 'boolean' },
        default: false,
        doc: "Keep 32-bit states for embedding tables, a tied head's among them, as Hugging Face's Trainer asks of bitsandbytes.",
      },
      {
        name: 'in-backward',
        type: { kind: 'boolean' },
        default: false,
        doc: 'Update each parameter as soon as its gradient is complete, which ends there. Not with accumulation or global clipping.',
      },
    ],
    usual: [{}, { paged: true }],
    citation: arxiv('2110.02861', '8-bit Optimizers via Block-wise Quantization'),
  },
  refuses: insideBackward('8-bit AdamW in backward', 'in-backward'),
  rewrite: (recipe, args) => ({
    ...recipe,
    layerwise: flag(args, 'in-backward') ? 'parameter' : false,
    states: blockwiseStates(number(args, 'block'), flag(args, 'paged'), flag(args, 'wide-embeddings')),
    pytorch: {
      ...recipe.pytorch,
      // Decoded, updated and encoded in registers, block by block: nothing is allocated.
      optimizerStep: (step, parameters) => {
        step.trace.op({
          op: 'optimizer_update_8bit_blockwise',
          label: 'adamw8bit',
          moved: parameters.reduce((sum, group) => sum + group.count * (3 * group.bytes + 4 * group.elements), 0),
        });
      },
    },
  }),
  webgpu: (recipe, args) => ({
    ...recipe,
    webgpu: { ...recipe.webgpu, optimizer: adamw8bitRule(number(args, 'block'), ADAM, flag(args, 'wide-embeddings')) },
  }),
};
