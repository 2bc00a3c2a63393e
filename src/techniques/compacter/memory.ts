import type { Weight } from '../../plan/weights';
import * as aten from '../../tape/pytorch/aten';
import type { PytorchStep } from '../../tape/pytorch/context';
import type { Tensor } from '../../tape/trace';

export interface Shape {
  hidden: number;
  bottleneck: number;
  /** Kronecker products in a sum. */
  division: number;
  rank: number;
  branches: readonly ('attn' | 'mlp')[];
}

const HALVES = ['down', 'up'] as const;

/** [rows, columns] of an adapter's matrix. */
const sizeOf = ({ hidden, bottleneck }: Shape, half: 'down' | 'up'): [number, number] =>
  half === 'down' ? [bottleneck, hidden] : [hidden, bottleneck];

/**
 * A matrix is Σ Aᵢ ⊗ sᵢ·tᵢ: `division` squares Aᵢ that all layers share, and thin factors of its own with rank · (rows +
 * columns) elements together; and a bias (Karimi Mahabadi et al., §4).
 */
export function adaptersOf(shape: Shape): { layer: Weight[]; shared: Weight[] } {
  const adapter = (name: string, size: readonly number[]): Weight => ({ name, shape: size, role: 'adapter' });
  const layer = shape.branches.flatMap((branch) =>
    HALVES.flatMap((half) => {
      const [rows, columns] = sizeOf(shape, half);
      const name = `${branch}.adapter.${half}`;
      return [
        adapter(`${name}.left`, [rows, shape.rank]),
        adapter(`${name}.right`, [shape.rank, columns]),
        adapter(`${name}.bias`, [rows]),
      ];
    }),
  );
  const { division } = shape;
  return { layer, shared: HALVES.map((half) => adapter(`adapter.${half}.shared`, [division, division, division])) };
}

/** output + up(gelu(down(output))); each matrix is multiplied out, and kept for the gradient that goes through it. */
export function adapt(step: PytorchStep, branch: 'attn' | 'mlp', output: Tensor, shape: Shape): Tensor {
  const { trace } = step;
  if (!shape.branches.includes(branch)) return output;
  return trace.within(`${branch}.adapter`, () => {
    const low = half(step, branch, 'down', output, shape);
    const active = aten.pointwise(trace, 'gelu', low, 'input');
    trace.release(low);
    const high = half(step, branch, 'up', active, shape);
    trace.release(active);
    const sum = aten.add(trace, output, high);
    trace.release(high, output);
    return sum;
  });
}

function half(step: PytorchStep, branch: string, side: 'down' | 'up', input: Tensor, shape: Shape): Tensor {
  const { trace, recipe } = step;
  const name = `${branch}.adapter.${side}`;
  const factors = [`adapter.${side}.shared`, `${name}.left`, `${name}.right`].map((one) => step.parameter(one));
  const bias = step.parameter(`${name}.bias`);
  const size = sizeOf(shape, side);
  const matrix = trace.tensor(`${side}.matrix`, size, recipe.compute, 'activations');
  // The sum is taken over the products laid side by side.
  const products = trace.tensor('products', [shape.division, ...size], recipe.compute, 'temporary');
  trace.op({ op: 'kronecker', reads: factors, writes: [matrix], temps: [products] });
  trace.record({
    output: matrix,
    inputs: factors,
    saved: [],
    backward: (g) => factors.map((factor) => aten.gradientOf(trace, 'kronecker_backward', factor, [g])),
  });
  const narrow = aten.to(trace, input, recipe.compute);
  const output = aten.addmm(trace, narrow, matrix, bias);
  trace.release(narrow, matrix);
  return output;
}
