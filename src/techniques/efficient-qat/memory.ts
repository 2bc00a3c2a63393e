import { type Weight, weightsOf } from '../../plan/weights';
import * as aten from '../../tape/pytorch/aten';
import { type PytorchStep, streamType, tokensOf } from '../../tape/pytorch/context';
import type { Part, Recipe } from '../../tape/recipe';
import type { GradNode, Tensor } from '../../tape/trace';
import { fakeQuantized } from '../fake-quantization';
import { scalesFor, stepSizes } from '../peqa/memory';
import { isQuantizable } from '../quantized';

/** 32-bit words of codes, as many whole codes in a word as fit: 10 of 3 bits. */
const words = (codes: number, bits: number): number => Math.ceil(codes / Math.floor(32 / bits));

/**
 * Codes packed along the input features, a zero for each group packed along the outputs, and the group of each input feature; the
 * step sizes are parameters (OpenGVLab/EfficientQAT, int_linear_real.py).
 */
export function packedCodes({ shape }: Weight, bits: number, group: number): Part[] {
  const [outputs = 1, inputs = 1] = shape;
  return [
    { name: 'codes', shape: [outputs, words(inputs, bits)], dtype: 'int32' },
    { name: 'zeros', shape: [words(outputs, bits), Math.ceil(inputs / group)], dtype: 'int32' },
    { name: 'groups', shape: [inputs], dtype: 'int32' },
  ];
}

/**
 * The first stage: one layer on the card, its original beside a float32 copy that learns through its rounding, so that its
 * output comes near the original's. Everything else, the calibration data too, waits on the host.
 */
export function blockRecipe(recipe: Recipe, group: number): Recipe {
  const layer = weightsOf(recipe.model).layer;
  const inside = new Set(layer.map(({ name }) => name));
  const originals = layer
    .filter(isQuantizable)
    .map((weight): Weight => ({ ...weight, name: `${weight.name}.original`, role: 'router' }));
  const original = new Set(originals.map(({ name }) => name));
  return {
    ...recipe,
    model: { ...recipe.model, layers: 1 },
    adapters: null,
    autocast: recipe.compute !== 'fp32',
    parameters: 'fp32',
    trains: (weight) => isQuantizable(weight) || weight.role === 'adapter',
    stored: (weight) => {
      if (original.has(weight.name)) return [{ name: 'weight', shape: weight.shape, dtype: recipe.compute }];
      if (!inside.has(weight.name) && weight.role !== 'adapter') return [];
      return [{ name: 'weight', shape: weight.shape, dtype: 'fp32' }];
    },
    added: (model) => ({ layer: [...originals, ...stepSizes(model, group)], outside: [], shared: [] }),
    pytorch: {
      ...recipe.pytorch,
      schedule: reconstruct,
      product: (step, call, plain) => {
        const scales = scalesFor(step, call.name);
        if (!scales) return plain();
        const matrix = fakeQuantized(step, call.weight.shape, [call.weight, scales], [call.weight, scales]);
        const output = aten.mm(step.trace, call.input, matrix, call.category);
        step.trace.release(matrix);
        return output;
      },
    },
  };
}

/** One layer forward, the squared distance to its original's output, and back. */
function reconstruct(step: PytorchStep): void {
  const { trace, recipe, rows } = step;
  const shape = [tokensOf(rows), recipe.model.hidden];
  trace.phase('forward');
  const made = (name: string): Tensor => trace.tensor(name, shape, streamType(recipe), 'activations');
  const [input, target] = [made('calibration.input'), made('calibration.target')];
  trace.op({ op: 'input', label: 'calibration', writes: [input, target] });
  const layer = { from: 0, count: 1, stride: 1 };
  step.enter(layer);
  let pass: { value: Tensor; nodes: GradNode[] } | undefined;
  const [output] = trace.repeat({ axis: 'layer', ...layer }, [input], ([entry]) => {
    pass = trace.capture(() => step.layer(entry as Tensor));
    trace.release(entry);
    step.endAutocast('here');
    return [pass.value];
  }) as [Tensor];
  trace.phase('backward');
  trace.repeat({ axis: 'layer', ...layer, reverse: true }, [output], ([reached]) => {
    const gradient = trace.tensor('reconstruction.gradient', shape, target.dtype, 'temporary');
    trace.op({ op: 'aten.mse_loss_backward', reads: [reached as Tensor, target], writes: [gradient] });
    trace.release(reached, target);
    if (pass) step.backward(pass.nodes, pass.value, gradient);
    step.afterLayerBackward();
    return [null];
  });
  step.enter(null);
}
