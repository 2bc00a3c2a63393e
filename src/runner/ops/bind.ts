/** How an op of a tape becomes dispatches of kernels. Each technique that brings ops has such binders in its `run.ts`. */
import type { Linear, LinearOp, Storage } from '../../tape/linear';
import prelude from '../kernels/prelude.wgsl';
import type { Tuning } from '../tuning';

/** What changes from step to step. */
export interface StepState {
  /** Steps done before this one. */
  index: number;
  seed: number;
  learningRate: number;
  /** Rows with a target. */
  valid: number;
  /** Whether it is the turn of a weight's lazy ops; absent: every so many steps, as the ops say. */
  due?: (weight: string) => boolean;
}

type Source<T> = T | ((state: StepState) => T);
/** One word of a kernel's parameters. */
export type Word = { u: Source<number> } | { f: Source<number> };
export const u = (value: Source<number>): Word => ({ u: value });
export const f = (value: Source<number>): Word => ({ f: value });
export const bool = (value: boolean): Word => u(value ? 1 : 0);

export interface Binding {
  storage: number;
  /** Words of four bytes that the kernel addresses from the storage's start. */
  words: number;
}

export interface Dispatch {
  /** Names the compiled kernel: equal keys have equal code. */
  key: string;
  code(): string;
  bindings: Binding[];
  params: Word[];
  groups: [number, number, number];
  /** Of a kernel that runs in one workgroup, one after another: it finds the first and the one after the last in `p.origin.xy`. */
  rounds?: number;
  flops: number;
}

/** The rows that an op works on this time. */
export interface RowRange {
  /** Rows, positions and the first of each. */
  count: number;
  row: number;
  positions: number;
  position: number;
  batch: number;
}

export interface Bound {
  op: LinearOp;
  tuning: Tuning;
  number(name: string): number;
  text(name: string): string;
  flag(name: string): boolean;
  rows: RowRange;
  /** First row of an operand, by its place among reads, then writes. */
  row(operand: number): number;
  /** Storage of an operand, by its place among reads, then writes. */
  storage(operand: number): number;
  read(index: number): number;
  write(index: number): number;
  temp(index: number): number;
  elements(storage: number): number;
}

export type Binder = (bound: Bound) => Dispatch[];
export type Binders = { [op: string]: Binder };

export function boundOf(linear: Linear, op: LinearOp, tuning: Tuning): Bound {
  const attrs = op.node.attrs ?? {};
  const operands = [...op.reads, ...op.writes];
  const number = (name: string): number => {
    const value = attrs[name];
    if (typeof value !== 'number') throw new Error(`runner: ${op.node.op} has no number ${name}`);
    return value;
  };
  const sliced = new Set(`${attrs.sliced ?? ''}`.split(',').filter(Boolean).map(Number));
  const rows =
    attrs.rows === undefined
      ? { count: 0, row: 0, positions: 0, position: 0, batch: 1 }
      : rowsOf(op, number, attrs.tiled === true);
  const at = (list: readonly number[], index: number): number => {
    const storage = list[index];
    if (storage === undefined) throw new Error(`runner: ${op.node.op} has no operand ${index}`);
    return storage;
  };
  return {
    op,
    tuning,
    number,
    text: (name) => `${attrs[name] ?? ''}`,
    flag: (name) => attrs[name] === true,
    rows,
    row: (operand) => (sliced.has(operand) ? rows.row : 0),
    storage: (operand) => at(operands, operand),
    read: (index) => at(op.reads, index),
    write: (index) => at(op.writes, index),
    temp: (index) => at(op.temps, index),
    elements: (storage) => ((linear.storages[storage] as Storage).shape as number[]).reduce((product, size) => product * size, 1),
  };
}

function rowsOf(op: LinearOp, number: (name: string) => number, tiled: boolean): RowRange {
  const batch = number('batch');
  const chunk = number('chunk');
  if (chunk === 0) return { count: number('rows'), row: 0, positions: number('rows') / batch, position: 0, batch };
  const index = (tiled ? op.path[0] : op.path[op.path.length - 1]) ?? 0;
  const position = index * chunk;
  const positions = Math.min(chunk, number('sequence') - position);
  return { count: positions * batch, row: position * batch, positions, position, batch };
}

const WIDTH = 64;

/** Workgroups of 64 for `count` invocations. */
export const grid = (count: number): [number, number, number] => [Math.ceil(count / WIDTH), 1, 1];

export const words = (list: readonly [storage: number, words: number][]): Binding[] =>
  list.map(([storage, count]) => ({ storage, words: count }));

/** A dispatch of a kernel from a file, with the shared prelude before it. */
export function kernel(
  name: string,
  source: string,
  spec: {
    bindings: [storage: number, words: number][];
    params: Word[];
    groups: [number, number, number];
    rounds?: number;
    flops?: number;
    constants?: string;
  },
): Dispatch {
  const constants = spec.constants ?? '';
  return {
    key: constants ? `${name} ${constants}` : name,
    code: () => `${prelude}\n${constants}\n${source}`,
    bindings: words(spec.bindings),
    params: spec.params,
    groups: spec.groups,
    ...(spec.rounds === undefined ? {} : { rounds: spec.rounds }),
    flops: spec.flops ?? 0,
  };
}
