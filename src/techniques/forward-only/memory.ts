import type { PytorchStep } from '../../tape/pytorch/context';
import type { Tensor } from '../../tape/trace';

/** `count` forward passes of a micro-batch, each to its loss; `between` writes what goes before each and after the last. */
export function forwardPasses(step: PytorchStep, count: number, between: () => void = () => {}): void {
  const { trace } = step;
  trace.phase('forward');
  for (let pass = 0; pass < count; pass++) {
    between();
    let x = step.embed();
    for (const stretch of step.stretches) {
      step.enter(stretch);
      [x] = trace.repeat({ axis: 'layer', ...stretch }, [x], ([entry]) => {
        const output = step.layer(entry as Tensor);
        trace.release(entry);
        return [output];
      }) as [Tensor];
    }
    step.enter(null);
    const end = step.head(x);
    step.endAutocast('everywhere');
    trace.release(end());
    step.endPass();
  }
  between();
}
