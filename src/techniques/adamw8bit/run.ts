import { type Binders, type Bound, f, grid, kernel, type StepState, u } from '../../runner/ops/bind';
import { folded } from '../adamw/run';
import source from './kernels/adamw8bit.wgsl';
import map from './kernels/dynamic_map.wgsl';

const NAMES = [
  'gradient: array<f32>',
  'mean_codes: array<u32>',
  'square_codes: array<u32>',
  'mean_max: array<f32>',
  'square_max: array<f32>',
];
const declare = (names: readonly string[]) =>
  names.map((name, index) => `@group(0) @binding(${index}) var<storage, read_write> ${name};`).join('\n');

const UPDATE = `${declare([...NAMES, 'parameter: array<f32>'])}
fn apply(i: u32, change: f32) { parameter[i] = (parameter[i] - change) * p.keep; }`;
const DIRECTION = `${declare(NAMES)}
fn apply(i: u32, change: f32) { gradient[i] = -change; }`;

function bind(bound: Bound, name: string, constants: string, scale: number, parameter: boolean) {
  const count = bound.elements(bound.read(0));
  const block = bound.number('block');
  const blocks = Math.ceil(count / block);
  const words = Math.ceil(count / 4);
  const { rate, epsilon, keep, betas } = folded(bound);
  return [
    kernel(name, `${map}\n${source}`, {
      constants,
      bindings: [
        [bound.read(0), count],
        [bound.read(1), words],
        [bound.read(2), words],
        [bound.read(3), blocks],
        [bound.read(4), blocks],
        ...(parameter ? [[bound.read(5), count] as [number, number]] : []),
      ],
      params: [u(count), u(block), f((state: StepState) => rate(state) * scale), f(epsilon), ...betas, f(keep)],
      groups: grid(blocks),
    }),
  ];
}

export const adamw8bitBinders: Binders = {
  adamw8bit: (bound) => bind(bound, 'adamw8bit', UPDATE, 1, true),
  adamw8bit_direction: (bound) => bind(bound, 'adamw8bit_direction', DIRECTION, bound.number('scale'), false),
};
