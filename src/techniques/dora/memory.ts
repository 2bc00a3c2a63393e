import * as aten from '../../tape/pytorch/aten';
import type { PytorchStep } from '../../tape/pytorch/context';
import type { Adapters } from '../../tape/recipe';
import type { Tensor } from '../../tape/trace';

/**
 * `base + (s - 1) · base + s · update · scale` with s = magnitude / ‖W + scale · B · A‖ for each row, the norm detached (PEFT,
 * tuners/lora/dora.py). B · A comes of an identity through both factors; base and update are kept for the magnitude's gradient.
 */
export function joinByMagnitude(step: PytorchStep, name: string, base: Tensor, update: Tensor): Tensor {
  const { trace, recipe } = step;
  const { rank, dtype } = recipe.adapters as Adapters;
  const magnitude = step.parameter(`${name}.magnitude`);
  const [out = 1, width = 1] = step.weight(name).shape;
  // The base in the adapter's type: a copy, unless it is stored so.
  const [stored, ...more] = recipe.stored(step.weight(name));
  const plain = stored?.dtype === dtype && more.length === 0;
  const locals = (
    [
      ['identity', [width, width]],
      ['identity.low', [width, rank]],
      ['merged.update', [out, width]],
    ] as const
  ).map(([label, shape]) => trace.tensor(label, shape, dtype, 'temporary'));
  trace.op({ op: 'dora.product', reads: [], writes: locals, flops: 2 * width * rank * (width + out) });
  const scale = trace.tensor('scale', magnitude.shape, dtype, 'activations');
  trace.op({
    op: 'dora.norm',
    reads: [magnitude, ...locals],
    writes: [scale],
    temps: [
      ...(plain ? [] : [trace.tensor('base.copy', [out, width], dtype, 'temporary')]),
      trace.tensor('merged', [out, width], dtype, 'temporary'),
    ],
  });
  trace.record({
    output: scale,
    inputs: [magnitude],
    saved: [],
    backward: (g) => [aten.gradientOf(trace, 'aten.div', magnitude, [g])],
  });
  const less = aten.shift(trace, scale);
  const first = aten.mul(trace, less, base, dtype);
  const second = aten.mul(trace, scale, update, dtype);
  trace.release(less, scale, update);
  const scaled = aten.scale(trace, second);
  trace.release(second);
  const change = aten.add(trace, first, scaled);
  trace.release(first, scaled, ...locals);
  const sum = aten.add(trace, base, change, change.dtype);
  trace.release(base, change);
  const output = aten.to(trace, sum, recipe.compute);
  trace.release(sum);
  return output;
}
