/**
 * A tape made ready to run: placed in arenas, every op bound to its kernels, pipelines compiled and bind groups made once.
 * Running a step only records dispatches and submits them.
 */
import { type Linear, type LinearOp, linearise, type Storage } from '../tape/linear';
import { place } from '../tape/place';
import { simulate } from '../tape/simulate';
import type { Tape } from '../tape/types';
import { align } from '../tape/webgpu/rules';
import type { Clock } from './clock';
import type { Opened } from './device';
import { RunnerError } from './errors';
import { Ledger } from './ledger';
import { type Binders, boundOf, type Dispatch, type StepState } from './ops/bind';
import { HEADER_WORDS, type Part, partsOf, roundsOf } from './parts';
import { pipelinesOf } from './pipelines';
import { LONGEST, meter, secondsOf } from './submits';
import { type AdapterClass, tuningOf } from './tuning';

/** Bytes of one dispatch's parameters at most, and the alignment of a dynamic uniform offset. */
const PARAMETERS = 128;
const PARAMETER_STRIDE = 256;

export interface Predicted {
  /** Highest live tensor bytes of a step: the simulation of the tape. */
  live: number;
  /** Bytes of the arenas: what the placement needs. */
  arena: number;
  /** Bytes of every buffer: arenas, parameters, and the buffer that losses are read through. */
  buffers: number;
}

export type Visit = (op: LinearOp, words: ReadonlyMap<number, number>) => Promise<void>;

export interface Program {
  predicted: Predicted;
  linear: Linear;
  /** Storages that persist, by name; a layer's carry its number after an @: `attn.q.weight@0`. */
  find(name: string, layer?: number): number;
  has(name: string, layer?: number): boolean;
  write(storage: number, data: ArrayBufferView<ArrayBuffer>): void;
  read(storage: number): Promise<ArrayBuffer>;
  /** Runs one step and waits for it; with a clock, each op in a pass of its own that the clock times. */
  step(state: StepState, clock?: Clock): Promise<void>;
  /** Runs one step op by op; `visit` is called after each with the op and the words from the start of each storage that it addressed. */
  watch(state: StepState, visit: Visit): Promise<void>;
  /** Most bytes that were bound in the arena at once, by its own books. */
  highWater(): number;
  dispatches: number;
  destroy(): void;
}

interface Prepared extends Dispatch {
  pipeline: GPUComputePipeline;
  ranges: GPUBindGroup;
  /** With the offset of each one's parameters in the uniform buffer. */
  parts: (Timed & { at: number })[];
}

/** A part, with the seconds that it takes at most. */
interface Timed extends Part {
  seconds: number;
}

interface Action {
  /** Index of the op. */
  op: number;
  /** Runs in steps that this divides, or where it is the turn of a weight. */
  every: number;
  lazy: string | undefined;
  dispatches: Prepared[];
  binds: number[];
  unbinds: number[];
}

/** What a run may take at most, in bytes. */
export interface Cap {
  /** Of tensors that live at once, by the arena's books. */
  live?: number;
  /** Of the arena's buffers. */
  arena?: number;
}

/** Prepares a tape. `binders` has one for every op of it. No part of a dispatch takes longer than `longest` seconds. Errors: `limits`, `out-of-memory`, `kernel`, `shader`. */
export async function prepare(
  opened: Opened,
  tape: Tape,
  binders: Binders,
  cap: Cap = {},
  longest: number = LONGEST,
): Promise<Program> {
  const { device } = opened;
  const linear = linearise(tape);
  checkBindings(linear, device.limits.maxStorageBufferBindingSize);
  const segment = Math.floor(Math.min(device.limits.maxBufferSize, 2 ** 32) / PARAMETER_STRIDE) * PARAMETER_STRIDE;
  const { offsets, extent } = place(linear, segment);
  if (cap.arena !== undefined && extent > cap.arena)
    throw new RunnerError('out-of-memory', `The step's arena needs ${extent} bytes and was given ${cap.arena}.`);

  const tuning = tuningOf(opened);
  const bound = linear.ops.map((op) => {
    if (op.phase === 'setup') return [];
    const binder = binders[op.node.op];
    if (!binder) throw new RunnerError('kernel', `The runner has no kernel for the op ${op.node.op}.`);
    return binder(boundOf(linear, op, tuning));
  });
  const dispatches = bound.flat();
  const most = device.limits.maxComputeWorkgroupsPerDimension;
  const cutUp = new Map(dispatches.map((dispatch) => [dispatch, inPieces(dispatch, tuning.class, most, longest)]));
  const slots = [...cutUp.values()].reduce((sum, parts) => sum + parts.length, 0);
  const losses = linear.storages.find((storage) => storage.name === 'loss.loss' || storage.name === 'loss');
  const readBytes = losses?.bytes ?? 0;
  const uniformBytes = Math.max(PARAMETER_STRIDE, slots * PARAMETER_STRIDE);
  const predicted: Predicted = { live: simulate(tape).peak, arena: extent, buffers: extent + uniformBytes + readBytes };

  device.pushErrorScope('out-of-memory');
  device.pushErrorScope('validation');
  const arenas: GPUBuffer[] = [];
  for (let start = 0; start < extent; start += segment)
    arenas.push(
      device.createBuffer({
        size: Math.min(segment, extent - start),
        usage: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST,
      }),
    );
  const uniforms = device.createBuffer({ size: uniformBytes, usage: GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST });
  const reader =
    readBytes > 0 ? device.createBuffer({ size: readBytes, usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST }) : null;
  const destroy = () => {
    for (const buffer of [...arenas, uniforms, ...(reader ? [reader] : [])]) buffer.destroy();
    // Dawn gives memory back with the next submit that completes.
    device.queue.submit([]);
  };
  const refused = [await device.popErrorScope(), await device.popErrorScope()].find(Boolean);
  if (refused) {
    destroy();
    throw new RunnerError(
      'out-of-memory',
      `The adapter could not give ${extent} bytes for this run's arena: ${firstLine(refused.message)}`,
    );
  }

  const rangeOf = (storage: number): { buffer: GPUBuffer; offset: number; size: number } => {
    const offset = offsets[storage] as number;
    return {
      buffer: arenas[Math.floor(offset / segment)] as GPUBuffer,
      offset: offset % segment,
      size: (linear.storages[storage] as Storage).bytes,
    };
  };

  // ---- pipelines and bind groups, each made once ----
  const widths = new Set(dispatches.map((dispatch) => dispatch.bindings.length));
  const layouts = new Map<number, GPUBindGroupLayout>();
  for (const width of widths)
    layouts.set(
      width,
      device.createBindGroupLayout({
        entries: Array.from({ length: width }, (_, binding) => ({
          binding,
          visibility: GPUShaderStage.COMPUTE,
          buffer: { type: 'storage' as const },
        })),
      }),
    );
  const uniformLayout = device.createBindGroupLayout({
    entries: [{ binding: 0, visibility: GPUShaderStage.COMPUTE, buffer: { type: 'uniform', hasDynamicOffset: true } }],
  });
  const uniformGroup = device.createBindGroup({
    layout: uniformLayout,
    entries: [{ binding: 0, resource: { buffer: uniforms, size: PARAMETERS } }],
  });
  const pipelines = await pipelinesOf(device, dispatches, ({ bindings }) =>
    device.createPipelineLayout({ bindGroupLayouts: [layouts.get(bindings.length) as GPUBindGroupLayout, uniformLayout] }),
  );
  const groups = new Map<string, GPUBindGroup>();
  const groupOf = (dispatch: Dispatch): GPUBindGroup => {
    const ranges = dispatch.bindings.map((binding) => rangeOf(binding.storage));
    const key = ranges.map(({ buffer, offset, size }) => `${arenas.indexOf(buffer)}:${offset}+${size}`).join(' ');
    let group = groups.get(key);
    if (!group) {
      group = device.createBindGroup({
        layout: layouts.get(ranges.length) as GPUBindGroupLayout,
        entries: ranges.map((resource, binding) => ({ binding, resource })),
      });
      groups.set(key, group);
    }
    return group;
  };

  // ---- what each storage is used for: the arena's books count what kernels and the host address ----
  const addressed = new Float64Array(linear.storages.length);
  const touch = (storage: number, bytes: number) => {
    const declared = (linear.storages[storage] as Storage).bytes;
    if (bytes > declared)
      throw new Error(`runner: ${(linear.storages[storage] as Storage).name} is addressed to ${bytes} of ${declared} bytes`);
    addressed[storage] = Math.max(addressed[storage] as number, bytes);
  };
  for (const dispatch of dispatches) for (const { storage, words } of dispatch.bindings) touch(storage, words * 4);

  let at = 0;
  const actions: Action[] = [];
  linear.ops.forEach((op, index) => {
    if (op.phase === 'setup') return;
    actions.push({
      op: index,
      every: Number(op.node.attrs?.every ?? 1),
      lazy: op.node.attrs?.lazy === undefined ? undefined : keyOf(`${op.node.attrs.lazy}`, op.layer),
      dispatches: (bound[index] ?? []).map((dispatch) => ({
        ...dispatch,
        pipeline: pipelines.get(dispatch.key) as GPUComputePipeline,
        ranges: groupOf(dispatch),
        parts: (cutUp.get(dispatch) ?? []).map((part) => ({ ...part, at: PARAMETER_STRIDE * at++ })),
      })),
      binds: op.allocs,
      unbinds: op.frees,
    });
  });

  const ledger = new Ledger(cap.live);
  const leftovers = linear.storages.flatMap((storage, index) =>
    !storage.persistent && storage.to === linear.ops.length ? [index] : [],
  );
  const persistent = linear.storages.flatMap((storage, index) => (storage.persistent ? [index] : []));
  const written = new Set<number>();
  const parameters = new DataView(new ArrayBuffer(uniformBytes));
  const dynamic = dispatches.some((dispatch) => dispatch.params.some((word) => typeof Object.values(word)[0] === 'function'));
  let filled = false;
  const fillParameters = (state: StepState) => {
    if (filled && !dynamic) return;
    for (const { op, dispatches } of actions) {
      // Every micro-batch draws its own numbers.
      const micro = linear.ops[op]?.micro ?? 0;
      const own = micro === 0 ? state : { ...state, seed: state.seed ^ Math.imul(micro, 0x9e3779b1) };
      for (const { params, parts } of dispatches)
        for (const { at, origin } of parts) {
          origin.forEach((value, index) => {
            parameters.setUint32(at + index * 4, value, true);
          });
          params.forEach((word, index) => {
            const source = 'u' in word ? word.u : word.f;
            const value = typeof source === 'function' ? source(own) : source;
            const to = at + (HEADER_WORDS + index) * 4;
            if ('u' in word) parameters.setUint32(to, value >>> 0, true);
            else parameters.setFloat32(to, value, true);
          });
        }
    }
    filled = true;
    device.queue.writeBuffer(uniforms, 0, parameters.buffer);
  };

  const bind = (storage: number) => {
    const { name, layer, bytes } = linear.storages[storage] as Storage;
    ledger.bind(keyOf(name, layer), offsets[storage] as number, bytes, align(addressed[storage] as number));
  };
  const write = (storage: number, data: ArrayBufferView<ArrayBuffer>) => {
    const { buffer, offset } = rangeOf(storage);
    touch(storage, data.byteLength);
    device.queue.writeBuffer(buffer, offset, data.buffer, data.byteOffset, data.byteLength);
    written.add(storage);
  };
  const settle = async (work: Promise<unknown>): Promise<void> => {
    await Promise.race([work, opened.lost]);
  };
  let started = false;
  async function run(state: StepState, visit?: (action: Action) => Promise<void>, clock?: Clock): Promise<void> {
    if (!started) {
      const missing = persistent.find((storage) => !written.has(storage));
      if (missing !== undefined)
        throw new Error(`runner: nothing was written into ${(linear.storages[missing] as Storage).name}`);
      persistent.forEach(bind);
      started = true;
    }
    fillParameters(state);
    const { next } = meter();
    let encoder = device.createCommandEncoder();
    let pass = encoder.beginComputePass();
    const begin = (op: number) => {
      pass = encoder.beginComputePass(clock?.pass(linear.ops[op] as LinearOp));
    };
    const submit = (op: number) => {
      pass.end();
      device.queue.submit([encoder.finish()]);
      encoder = device.createCommandEncoder();
      begin(op);
    };
    for (const action of actions) {
      // Ops that run only every so many steps make and end their workspace among themselves.
      if (!isDue(action, state)) continue;
      for (const storage of action.binds) bind(storage);
      if (clock && action.dispatches.length > 0) {
        pass.end();
        begin(action.op);
      }
      for (const { pipeline, ranges, parts } of action.dispatches)
        for (const { at, groups, seconds } of parts) {
          if (next(seconds)) submit(action.op);
          pass.setPipeline(pipeline);
          pass.setBindGroup(0, ranges);
          pass.setBindGroup(1, uniformGroup, [at]);
          pass.dispatchWorkgroups(...groups);
        }
      if (visit) {
        submit(action.op);
        await visit(action);
      }
      for (const storage of action.unbinds) ledger.unbind(offsets[storage] as number);
    }
    pass.end();
    device.queue.submit([encoder.finish()]);
  }

  /** Tensors that outlive the step without being weights or states (kept gradients) are given up for the next one. */
  const giveUp = () => {
    for (const storage of leftovers) ledger.unbind(offsets[storage] as number);
  };
  const stepByStep = async (state: StepState, visit: (action: Action) => Promise<void>): Promise<void> => {
    await run(state, visit);
    giveUp();
  };

  const read = async (storage: number): Promise<ArrayBuffer> => {
    const { buffer, offset, size } = rangeOf(storage);
    const small = reader !== null && size <= readBytes;
    const staging = small ? reader : device.createBuffer({ size, usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST });
    const encoder = device.createCommandEncoder();
    encoder.copyBufferToBuffer(buffer, offset, staging, 0, size);
    device.queue.submit([encoder.finish()]);
    await settle(staging.mapAsync(GPUMapMode.READ, 0, size));
    const copy = staging.getMappedRange(0, size).slice(0);
    staging.unmap();
    if (!small) staging.destroy();
    return copy;
  };

  const index = new Map<string, number>();
  linear.storages.forEach((storage, at) => {
    // Names of tensors that live and die inside a step repeat; the last is as good as any for reading after it.
    index.set(keyOf(storage.name, storage.layer), at);
  });
  return {
    predicted,
    linear,
    dispatches: dispatches.length,
    find: (name, layer) => {
      const found = index.get(keyOf(name, layer));
      if (found === undefined) throw new Error(`runner: no tensor ${keyOf(name, layer)}`);
      return found;
    },
    has: (name, layer) => index.has(keyOf(name, layer)),
    write,
    read,
    step: async (state, clock) => {
      await run(state, undefined, clock);
      await settle(device.queue.onSubmittedWorkDone());
      giveUp();
    },
    watch: (state, visit) =>
      stepByStep(state, (action) => {
        const words = new Map<number, number>();
        for (const { bindings } of action.dispatches)
          for (const { storage, words: count } of bindings) words.set(storage, Math.max(count, words.get(storage) ?? 0));
        return visit(linear.ops[action.op] as LinearOp, words);
      }),
    highWater: () => ledger.highWater,
    destroy,
  };
}

/** A dispatch in as many parts as keep each below the longest that one may take, as far as it has workgroups or rounds. */
function inPieces({ flops, bindings, groups, rounds }: Dispatch, adapter: AdapterClass, most: number, longest: number): Timed[] {
  const bytes = bindings.reduce((sum, { words }) => sum + words * 4, 0);
  const seconds = secondsOf(adapter, flops, bytes, rounds !== undefined);
  const pieces = Math.max(1, Math.ceil(seconds / longest));
  const size = ([x, y, z]: Part['groups']) => x * y * z;
  return rounds === undefined
    ? partsOf(groups, pieces, most).map((part) => ({ ...part, seconds: (seconds * size(part.groups)) / size(groups) }))
    : roundsOf(rounds, pieces).map((part) => ({ ...part, seconds: (seconds * (part.origin[1] - part.origin[0])) / rounds }));
}

function checkBindings(linear: Linear, limit: number): void {
  const largest = linear.storages.reduce((a, b) => (b.bytes > a.bytes ? b : a));
  if (largest.bytes > limit)
    throw new RunnerError(
      'limits',
      `${largest.name} takes ${largest.bytes} bytes; this adapter binds ${limit} at most. Make the run block smaller.`,
    );
}

const firstLine = (message: string): string => message.split('\n')[0] ?? message;

const keyOf = (name: string, layer: number | undefined): string => (layer === undefined ? name : `${name}@${layer}`);

const isDue = ({ every, lazy }: Action, { index, due }: StepState): boolean =>
  lazy !== undefined && due ? due(lazy) : index % every === 0;
