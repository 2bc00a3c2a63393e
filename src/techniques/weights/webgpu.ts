import type { Weight } from '../../plan/weights';
import type { Tensor, Trace } from '../../tape/trace';
import { make } from '../../tape/webgpu/ops';
import type { StoredData, UnpackRule } from '../../tape/webgpu/rules';
import { decodeGroups, encodeGroups, type Grouping } from './grouped';
import { decodeHalf, encodeHalf, type Half } from './halves';
import { decodeNf4, encodeNf4, type Nf4 } from './nf4';

const isMatrix = (weight: Weight): boolean => weight.role === 'linear';

/** Matrices of the layers are stored in NF4; a float32 matrix is made at each use. */
export const nf4Unpack = (double: boolean): UnpackRule => ({
  applies: isMatrix,
  emit: (trace, weight, parts) => {
    const matrix = make(trace, 'matrix', weight.shape, 'temporary');
    trace.op({ op: 'nf4_unpack', label: weight.name, reads: parts as Tensor[], writes: [matrix] });
    return matrix;
  },
  encode: (values) => {
    const stored = encodeNf4(values, double);
    if (!stored.double) return { codes: stored.codes, absmax: stored.absmax };
    return {
      codes: stored.codes,
      'absmax.codes': stored.double.codes,
      'absmax.absmax': stored.double.absmax,
      'absmax.offset': Float32Array.of(stored.double.offset),
    };
  },
  decode: (stored, count) => {
    const bytes = (name: string) => new Uint8Array(bufferOf(stored, name));
    const floats = (name: string) => new Float32Array(bufferOf(stored, name));
    const nf4: Nf4 = double
      ? {
          codes: bytes('codes'),
          absmax: new Float32Array(),
          double: {
            codes: bytes('absmax.codes'),
            absmax: floats('absmax.absmax'),
            offset: floats('absmax.offset')[0] as number,
          },
        }
      : { codes: bytes('codes'), absmax: floats('absmax') };
    return decodeNf4(nf4, count);
  },
});

/**
 * Matrices of the layers as integer codes in groups. `learns`: a matrix that was updated is stored again, rounded
 * stochastically; else only what the host writes is read.
 */
export const groupedUnpack = (grouping: Grouping, learns: boolean): UnpackRule => ({
  applies: isMatrix,
  emit: (trace, weight, parts) => unpackGroups(trace, weight.name, parts, weight.shape, grouping),
  ...(learns
    ? {
        store: (trace: Trace, weight: Weight, matrix: Tensor, parts: readonly Tensor[]) =>
          packGroups(trace, weight.name, matrix, parts, grouping, { stochastic: true }),
      }
    : {}),
  encode: (values) => ({ ...encodeGroups(values, grouping) }),
  decode: (stored, count) =>
    decodeGroups(
      { codes: new Uint8Array(bufferOf(stored, 'codes')), scales: new Uint16Array(bufferOf(stored, 'scales')) },
      grouping,
      count,
    ),
});

/**
 * Matrices of the layers and the head in 16-bit floats, two to a word; products and updates are made in float32, and what was
 * updated is rounded to the nearest again. Core WGSL has the conversions: no adapter's feature is needed.
 */
export const halfUnpack = (half: Half): UnpackRule => ({
  applies: ({ role }) => role === 'linear' || role === 'head',
  emit: (trace, weight, parts) => {
    const matrix = make(trace, 'matrix', weight.shape, 'temporary');
    trace.op({ op: 'halves_unpack', label: weight.name, reads: parts.slice(0, 1), writes: [matrix], attrs: { half } });
    return matrix;
  },
  store: (trace, weight, matrix, parts) => {
    trace.op({ op: 'halves_pack', label: weight.name, reads: [matrix], writes: parts.slice(0, 1), attrs: { half } });
  },
  encode: (values) => ({ weight: Uint16Array.from(values, (value) => encodeHalf(value, half)) }),
  decode: (stored, count) =>
    Float64Array.from(new Uint16Array(bufferOf(stored, 'weight')).subarray(0, count), (bits) => decodeHalf(bits, half)),
});

/** A new float32 tensor with what codes and scales stand for; the caller owns it. */
export function unpackGroups(
  trace: Trace,
  label: string,
  parts: readonly Tensor[],
  shape: readonly number[],
  { bits, wide, group }: Grouping,
  into = make(trace, 'matrix', shape, 'temporary'),
  attrs: { [name: string]: number | string } = {},
): Tensor {
  trace.op({
    op: 'group_unpack',
    label,
    reads: parts.slice(0, 2),
    writes: [into],
    attrs: { bits, wide, group, ...attrs },
  });
  return into;
}

/** Writes codes and scales of a tensor. */
export function packGroups(
  trace: Trace,
  label: string,
  tensor: Tensor,
  parts: readonly Tensor[],
  grouping: Grouping,
  { stochastic, attrs = {} }: { stochastic: boolean; attrs?: { [name: string]: number | string } },
): void {
  const { bits, wide, group } = checked(grouping);
  trace.op({
    op: 'group_pack',
    label,
    reads: [tensor],
    writes: parts.slice(0, 2),
    attrs: { bits, wide, group, stochastic, ...attrs },
  });
}

function checked(grouping: Grouping): Grouping {
  const lanes = 32 / grouping.wide;
  if (grouping.group % lanes !== 0)
    throw new Error(`the runner packs ${lanes} codes to a word: a group of ${grouping.group} must be a multiple of ${lanes}`);
  return grouping;
}

/** The bytes of a part, from its start. */
function bufferOf(stored: StoredData, name: string): ArrayBuffer {
  const part = stored[name];
  if (!part) throw new Error(`runner: a stored matrix has no part ${name}`);
  return part.buffer.slice(part.byteOffset, part.byteOffset + part.byteLength);
}
