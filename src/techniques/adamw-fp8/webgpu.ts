import { elements } from '../../plan/weights';
import type { Part } from '../../tape/recipe';
import type { OptimizerRule } from '../../tape/webgpu/rules';
import { type AdamSettings, adamAttrs } from '../adamw/webgpu';
import { wholeBlock } from '../adamw8bit/webgpu';

/** Float32 numbers of a group. */
const ownNumbers = (expand: boolean): number => (expand ? 3 : 1);

/** Both moments in E4M3; a group's own numbers lie together. */
export function adamwFp8Rule(stated: number, expand: boolean, settings: AdamSettings): OptimizerRule {
  const group = wholeBlock(stated);
  const attrs = { ...adamAttrs(settings), group, expand };
  return {
    states: (weight) =>
      ['exp_avg', 'exp_avg_sq'].flatMap((name): Part[] => [
        { name, shape: weight.shape, dtype: 'fp8' },
        { name: `${name}.groups`, shape: [Math.ceil(elements(weight) / group), ownNumbers(expand)], dtype: 'fp32' },
      ]),
    update: ({ trace, weight, parameter, gradient, states }) => {
      const kept = [...states];
      const writes = [parameter, ...kept];
      trace.op({ op: 'adamw_fp8', label: weight.name, reads: [gradient, ...kept, parameter], writes, attrs });
    },
  };
}
