import type { PytorchStep } from '../../tape/pytorch/context';
import { thereAndBack } from '../../tape/pytorch/there-and-back';
import type { GradNode, Tensor } from '../../tape/trace';

/** Forward keeps what each op's backward reads; backward walks the layers in reverse and lets it go. */
export function standardPytorch(step: PytorchStep): void {
  const { trace } = step;
  const passes: { stretch: (typeof step.stretches)[number]; input: Tensor; output: Tensor; nodes: GradNode[] }[] = [];
  thereAndBack(step, {
    fromInput: false,
    forward: (embedded) => {
      let x = embedded;
      for (const stretch of step.stretches) {
        step.enter(stretch);
        [x] = trace.repeat({ axis: 'layer', ...stretch }, [x], ([entry]) => {
          const input = entry as Tensor;
          const { value: output, nodes } = trace.capture(() => step.layer(input));
          trace.release(input);
          passes.push({ stretch, input, output, nodes });
          return [output];
        }) as [Tensor];
      }
      return x;
    },
    backward: (seed) => {
      let gradient: Tensor | null = seed;
      for (const { stretch, input, output, nodes } of passes.reverse()) {
        if (!gradient) break;
        step.enter(stretch);
        [gradient = null] = trace.repeat({ axis: 'layer', ...stretch, reverse: true }, [gradient], ([above]) => {
          const [through] = step.backward(nodes, output, above as Tensor, [input]);
          step.afterLayerBackward();
          return [through ?? null];
        });
      }
      return gradient;
    },
  });
}
