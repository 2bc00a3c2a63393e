import type { Weight } from '../../plan/weights';
import type { Tensor } from '../../tape/trace';
import { type AdamSettings, adamAttrs, adamwRule, type InnerRule } from '../adamw/webgpu';
import { blockwiseStates, SMALLEST_QUANTIZED, staysWide } from './memory';

/** A block in whole words of four codes: no two blocks share one. */
export const wholeBlock = (block: number): number => Math.ceil(block / 4) * 4;

/** Blockwise 8-bit Adam; tensors under 4096 elements keep float32 moments. Paging needs managed memory, which WebGPU has not. */
export function adamw8bitRule(stated: number, settings: AdamSettings, wideEmbeddings = false): InnerRule {
  const block = wholeBlock(stated);
  const plain = adamwRule(settings);
  const states = blockwiseStates(block, false, wideEmbeddings);
  const attrs = { ...adamAttrs(settings), block };
  return {
    states: (weight: Weight) => states(weight, 'fp32'),
    update: (update) => {
      if (staysWide(update.weight, wideEmbeddings)) return plain.update(update);
      const kept = [...update.states];
      update.trace.op({
        op: 'adamw8bit',
        label: update.weight.name,
        reads: [update.gradient, ...kept, update.parameter],
        writes: [update.parameter, ...kept],
        attrs,
      });
    },
    direction: (trace, gradient: Tensor, kept, scale, label) => {
      const count = gradient.shape.reduce((product, size) => product * size, 1);
      if (count < SMALLEST_QUANTIZED) return plain.direction(trace, gradient, kept, scale, label);
      trace.op({
        op: 'adamw8bit_direction',
        label,
        reads: [gradient, ...kept],
        writes: [gradient, ...kept],
        attrs: { ...attrs, scale },
      });
    },
  };
}
