import type { PytorchStep } from '../../tape/pytorch/context';
import type { GradNode, Tensor } from '../../tape/trace';

/** Forward keeps what each op's backward reads; backward walks the layers in reverse and lets it go. */
export function standardPytorch(step: PytorchStep): void {
  const { trace } = step;
  trace.phase('forward');
  const embedded = trace.capture(() => step.embed());
  let x = embedded.value;
  const passes: { stretch: (typeof step.stretches)[number]; input: Tensor; output: Tensor; nodes: GradNode[] }[] = [];
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
  step.enter(null);
  const backward = step.head(x);
  step.endAutocast('everywhere');
  trace.phase('backward');
  let gradient = backward();
  for (const { stretch, input, output, nodes } of passes.reverse()) {
    if (!gradient) break;
    step.enter(stretch);
    [gradient = null] = trace.repeat({ axis: 'layer', ...stretch, reverse: true }, [gradient], ([seed]) => {
      const [through] = step.backward(nodes, output, seed as Tensor, [input]);
      step.afterLayerBackward();
      return [through ?? null];
    });
  }
  step.enter(null);
  if (gradient && embedded.nodes.length) step.backward(embedded.nodes, embedded.value, gradient);
  else trace.release(gradient);
}
