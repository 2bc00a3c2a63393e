import { weightsOf } from '../../plan/weights';
import type { PytorchStep } from '../../tape/pytorch/context';
import { addedWeights } from '../../tape/pytorch/parameters';
import type { Tensor } from '../../tape/trace';

/**
 * An MLP over chunks of its rows. Forward keeps the input alone; backward runs each chunk again, differentiates it and adds
 * to the weights' gradients (DeepSpeed's and Liger's TiledMLP).
 */
export function tiled(step: PytorchStep, input: Tensor, chunk: number, plain: (input: Tensor) => Tensor): Tensor {
  const { trace } = step;
  const width = input.shape.at(-1) ?? 1;
  const rows = input.shape.reduce((product, size) => product * size, 1) / width;
  const size = Math.min(chunk, rows);
  const chunks = Math.ceil(rows / size);
  const view = (of: Tensor, category: 'activations' | 'temporary'): Tensor =>
    trace.tensor('chunk', [size, width], of.dtype, category, 0);
  const empty = (name: string, category: 'activations' | 'temporary'): Tensor => {
    const made = trace.tensor(name, input.shape, input.dtype, category);
    trace.op({ op: 'aten.empty', writes: [made], moved: 0 });
    return made;
  };
  const output = empty('tiled', 'activations');
  const forward = (): void =>
    trace.noGrad(() => {
      const slice = view(input, 'activations');
      const part = plain(slice);
      trace.op({ op: 'aten.copy_', reads: [part], writes: [output] });
      trace.release(part, slice);
    });
  // Autocast's copies of the weights are made for the first chunk.
  forward();
  trace.repeat({ axis: 'chunk', count: chunks - 1, from: 1 }, [], () => {
    forward();
    return [];
  });
  trace.record({
    label: 'mlp',
    output,
    inputs: [input, ...learners(step)],
    saved: [input],
    backward: (g) => {
      const through = input.requiresGrad ? empty('input.gradient', 'temporary') : null;
      const one = (): void => {
        const slice = view(input, 'activations');
        slice.requiresGrad = input.requiresGrad;
        const { value, nodes } = trace.capture(() => plain(slice));
        trace.release(value);
        step.endAutocast('here');
        const [part] = step.backward(nodes, value, view(g, 'temporary'), [slice]);
        if (through) trace.op({ op: 'aten.copy_', reads: part ? [part] : [], writes: [through] });
        trace.release(part, slice);
      };
      // The first chunk makes the weights' gradients, the others add to them.
      one();
      trace.repeat({ axis: 'chunk', count: chunks - 1, from: 1 }, [], () => {
        one();
        return [];
      });
      return [through];
    },
  });
  return output;
}

/** Parameters inside a layer's MLP: what makes its output need a gradient where its input does not. */
function learners(step: PytorchStep): Tensor[] {
  const { layer } = weightsOf(step.recipe.model);
  return [...layer, ...addedWeights(step.recipe, layer)]
    .filter(({ name }) => /^(mlp|experts|router|shared)\b/.test(name) && step.has(name))
    .map(({ name }) => step.parameter(name));
}
