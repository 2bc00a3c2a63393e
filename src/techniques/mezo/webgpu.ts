import type { Tensor } from '../../tape/trace';
import { make } from '../../tape/webgpu/ops';
import type { ForwardStep } from '../../tape/webgpu/rules';

/**
 * Two forward passes at w ± epsilon · z and one move back and against the slope between them: Malladi et al.,
 * arXiv:2305.17333. The direction z is never stored. Beside inference it keeps one more loss a row, and one number.
 */
export const twoPoint =
  (epsilon: number) =>
  ({ trace, all, loss, pass, each }: ForwardStep): void => {
    const move = (length: number, directional?: Tensor) =>
      each((weight, parameter, site) =>
        trace.op({
          op: 'mezo_perturb',
          label: weight.name,
          reads: [parameter, ...(directional ? [directional] : [])],
          writes: [parameter],
          attrs: { epsilon: length, site },
        }),
      );
    move(epsilon);
    pass(loss);
    move(-2 * epsilon);
    const other = make(trace, 'loss.other', [all.count], 'temporary');
    pass(other);
    trace.phase('optimizer');
    const directional = make(trace, 'directional', [1], 'temporary');
    trace.op({
      op: 'mezo_directional',
      label: 'loss',
      reads: [loss, other],
      writes: [directional, loss],
      attrs: { epsilon },
    });
    trace.release(other);
    move(epsilon, directional);
    trace.release(directional);
  };
