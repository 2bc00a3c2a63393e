import type { PytorchStep } from '../../tape/pytorch/context';
import type { ParameterGroup } from '../../tape/pytorch/rules';
import { updateOneByOne } from '../update';

/** The update is made in float32: copies of a narrower parameter and of its gradient (OpenLMLab/LOMO). */
export function lomoStep(step: PytorchStep, parameters: readonly ParameterGroup[]): void {
  updateOneByOne(step, parameters, {
    label: 'lomo',
    temporaries: (group) =>
      group.dtype === 'fp32'
        ? []
        : [
            ['gradient.float', 4 * group.elements],
            ['parameter.float', 4 * group.elements],
          ],
    moved: (group) => 3 * group.bytes,
  });
}
