import type { Tensor } from '../../tape/trace';
import { make } from '../../tape/webgpu/ops';
import type { KeptRule } from '../../tape/webgpu/rules';
import type { Format } from './formats';

export interface Float8 {
  format: Format;
  /** Features of a row that share a scale. */
  group: number;
  /** Each group's range is stretched over that of the codes, by a power of its own. */
  expand: boolean;
}

/** What attention itself reads stays as it is: COAT leaves it in the wider type. */
const EXACT = ['q', 'k', 'v', 'o'] as const;

/** Codes of one byte; for each group a bfloat16 scale, or scale, power and middle in float32 where the range is expanded. */
export function float8Kept({ format, group, expand }: Float8): KeptRule {
  const attrs = (shape: readonly number[]) => ({ format, group, expand, columns: shape.at(-1) ?? 1 });
  return {
    exact: EXACT,
    pack: (trace, tensor) => {
      const columns = tensor.shape.at(-1) ?? 1;
      const count = tensor.shape.reduce((product, size) => product * size, 1);
      const groups = [count / columns, Math.ceil(columns / group)];
      const codes = make(trace, `${tensor.name}.codes`, [Math.ceil(count / 4)], 'activations', 'int32');
      const scales = expand
        ? make(trace, `${tensor.name}.scales`, [...groups, 3], 'activations')
        : make(trace, `${tensor.name}.scales`, groups, 'activations', 'bf16');
      trace.op({ op: 'float8', label: tensor.name, reads: [tensor], writes: [codes, scales], attrs: attrs(tensor.shape) });
      return [codes, scales];
    },
    unpack: (trace, [codes, scales], shape) => {
      const restored = make(trace, 'restored', shape, 'activations');
      const reads = [codes as Tensor, scales as Tensor];
      trace.op({ op: 'float8_restore', label: 'restore', reads, writes: [restored], attrs: attrs(shape) });
      return restored;
    },
  };
}
