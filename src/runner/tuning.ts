/**
 * Shapes of tiles by class of adapter, measured by `npm run bench:kernels`. Software drivers spend their time on loads, whatever
 * the address: lanes of a quad share what they load there. A GPU has caches for it.
 */
import type { Opened } from './device';

export type AdapterClass = 'swiftshader' | 'llvmpipe' | 'gpu';

export interface Tuning {
  class: AdapterClass;
  /** Matrix products whose four neighbouring invocations share their rows; null without subgroups, or where it is not worth it. */
  matmul: QuadTile | null;
  /**
   * Attention kernels that share loads in quads: query rows of an invocation, keys and (for the gradients of keys) queries of a
   * turn; null where each invocation loads its own.
   */
  attention: { rows: number; keys: number; queries: number } | null;
  /** Arrays in registers are slow: attention kernels are written out. */
  unroll: boolean;
  /** Norms and losses take a row a workgroup, whose neighbours then read neighbouring words, rather than a row an invocation. */
  wideRows: boolean;
}

export interface QuadTile {
  /** Invocations of a workgroup, a multiple of four. */
  lanes: number;
  /** Rows of a workgroup's tile, a multiple of sixteen. */
  rows: number;
  /** Vectors of four columns that an invocation holds of each row. */
  quads: number;
}

const TABLE: { [name in AdapterClass]: Omit<Tuning, 'class'> } = {
  swiftshader: {
    matmul: { lanes: 8, rows: 16, quads: 2 },
    attention: { rows: 2, keys: 2, queries: 2 },
    unroll: true,
    wideRows: false,
  },
  llvmpipe: {
    matmul: { lanes: 16, rows: 16, quads: 1 },
    attention: { rows: 1, keys: 2, queries: 1 },
    unroll: false,
    wideRows: false,
  },
  gpu: { matmul: null, attention: null, unroll: false, wideRows: true },
};

function adapterClass({ architecture, name }: Pick<Opened, 'architecture' | 'name'>): AdapterClass {
  if (architecture === 'swiftshader') return 'swiftshader';
  return /llvmpipe|lavapipe/i.test(`${architecture} ${name}`) ? 'llvmpipe' : 'gpu';
}

export function tuningOf(opened: Pick<Opened, 'architecture' | 'name' | 'features'>): Tuning {
  const kind = adapterClass(opened);
  const tuning = TABLE[kind];
  if (opened.features.includes('subgroups')) return { class: kind, ...tuning };
  return { class: kind, ...tuning, matmul: null, attention: null };
}
