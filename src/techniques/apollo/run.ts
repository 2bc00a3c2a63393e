import normal from '../../runner/kernels/normal.wgsl';
import { type Binders, f, grid, kernel, type StepState, u } from '../../runner/ops/bind';
import { stream } from '../../runner/ops/model';
import { hashText } from '../../runner/random';
import { folded } from '../adamw/run';
import apply from './kernels/apply.wgsl';
import channels from './kernels/channels.wgsl';
import limit from './kernels/limit.wgsl';
import project from './kernels/project.wgsl';

/** The stream that a weight's projection is drawn from: the same for every step of a period. */
export const projectionOf = (layer: number | undefined, weight: string, period: number) => (state: StepState) =>
  stream(layer ?? 0, hashText(weight))({ ...state, index: Math.floor(state.index / period) });

export const apolloBinders: Binders = {
  apollo_project: (bound) => {
    const count = bound.elements(bound.write(0));
    const drawn = projectionOf(bound.op.layer, bound.op.node.label, bound.number('period'));
    return [
      kernel('apollo_project', `${normal}\n${project}`, {
        bindings: [[bound.write(0), count]],
        params: [u(count), u(drawn), f(bound.number('deviation'))],
        groups: grid(count),
      }),
    ];
  },
  apollo_channels: (bound) => {
    const [long, small, rank] = [bound.number('long'), bound.number('small'), bound.number('rank')];
    const { betas } = folded(bound);
    return [
      kernel('apollo_channels', channels, {
        bindings: [
          [bound.read(0), long * small],
          [bound.read(1), long * rank],
          [bound.read(2), long * rank],
          [bound.read(3), long * rank],
          [bound.write(2), long * 3],
        ],
        params: [u(long), u(small), u(rank), u(bound.flag('right') ? 1 : 0), f(bound.number('epsilon')), ...betas],
        groups: grid(long),
      }),
    ];
  },
  apollo_limit: (bound) => {
    const all = bound.elements(bound.read(0));
    return [
      kernel('apollo_limit', limit, {
        bindings: [
          [bound.read(0), all],
          [bound.read(1), 1],
        ],
        params: [
          u(all / 3),
          u(bound.flag('tensor') ? 1 : 0),
          u((state) => (state.index === 0 ? 1 : 0)),
          f(Math.sqrt(bound.number('scale'))),
        ],
        groups: [1, 1, 1],
      }),
    ];
  },
  apollo_apply: (bound) => {
    const [long, small] = [bound.number('long'), bound.number('small')];
    const right = bound.flag('right');
    return [
      kernel('apollo_apply', apply, {
        bindings: [
          [bound.read(0), long * small],
          [bound.read(1), long * small],
          [bound.read(2), long * 3],
        ],
        params: [u(long * small), u(right ? small : long), u(right ? 1 : 0), f(folded(bound).rate)],
        groups: grid(long * small),
      }),
    ];
  },
};
