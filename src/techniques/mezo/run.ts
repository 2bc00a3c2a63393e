import normal from '../../runner/kernels/normal.wgsl';
import { type Binders, f, grid, kernel, u } from '../../runner/ops/bind';
import { stream } from '../../runner/ops/model';
import directional from './kernels/directional.wgsl';
import perturb from './kernels/perturb.wgsl';

/** Set apart from the streams of dropout, rounding and subspaces. */
const DIRECTION_SITES = 5001;

/** The stream that the direction of one weight is drawn from. */
export const directionOf = (layer: number | undefined, site: number) => stream(layer ?? 0, DIRECTION_SITES + site);

const MOVE = 'fn length() -> f32 { return p.epsilon; }';
/** Back to the middle, and along the direction against its slope. */
const UPDATE = `@group(0) @binding(1) var<storage, read_write> directional: array<f32>;
fn length() -> f32 { return p.epsilon - p.rate * directional[0]; }`;

export const mezoBinders: Binders = {
  mezo_perturb: (bound) => {
    const count = bound.elements(bound.write(0));
    const updates = bound.op.reads.length > 1;
    return [
      kernel(updates ? 'mezo_update' : 'mezo_perturb', `${normal}\n${updates ? UPDATE : MOVE}\n${perturb}`, {
        bindings: [[bound.write(0), count], ...(updates ? [[bound.read(1), 1] as [number, number]] : [])],
        params: [
          u(count),
          u(directionOf(bound.op.layer, bound.number('site'))),
          f(bound.number('epsilon')),
          f((state) => state.learningRate),
        ],
        groups: grid(count),
      }),
    ];
  },
  mezo_directional: (bound) => {
    const count = bound.elements(bound.read(0));
    return [
      kernel('mezo_directional', directional, {
        bindings: [
          [bound.read(0), count],
          [bound.read(1), count],
          [bound.write(0), 1],
        ],
        params: [u(count), f((state) => 1 / (2 * bound.number('epsilon') * state.valid))],
        groups: [1, 1, 1],
      }),
    ];
  },
};
