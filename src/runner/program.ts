/**
 * A tape made ready to run: placed in arenas, every op bound to its kernels, pipelines compiled and bind groups made once.
 * Running a step only records dispatches and submits them.
 */
import { keyOf, type Linear, type LinearOp, linearise, type Storage } from '../tape/linear';
import { simulate } from '../tape/simulate';
import type { Tape } from '../tape/types';
import { openBooks } from './books';
import { createBuffers, PARAMETER_STRIDE, placesOf, readBuffer } from './buffers';
import type { Clock } from './clock';
import type { Opened } from './device';
import { RunnerError } from './errors';
import { groupsOf } from './groups';
import { type Binders, boundOf, type Dispatch, type StepState } from './ops/bind';
import { filler } from './parameters';
import { type Part, partsOf, roundsOf } from './parts';
import { type Action, record, type Timed } from './record';
import { LONGEST, secondsOf } from './submits';
import { type AdapterClass, tuningOf } from './tuning';

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
  const places = placesOf(linear, device, cap.arena);

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
  const sizes = { uniforms: Math.max(1, slots) * PARAMETER_STRIDE, reader: losses?.bytes ?? 0 };
  const { extent } = places;
  const predicted: Predicted = { live: simulate(tape).peak, arena: extent, buffers: extent + sizes.uniforms + sizes.reader };
  const buffers = await createBuffers(device, linear, places, sizes);
  const groups = await groupsOf(device, dispatches, buffers);

  const books = openBooks(linear, places.offsets, cap.live);
  for (const dispatch of dispatches) for (const { storage, words } of dispatch.bindings) books.touch(storage, words * 4);

  let at = 0;
  const actions = linear.ops.flatMap((op, index): Action[] => {
    if (op.phase === 'setup') return [];
    const { every = 1, lazy } = op.node.attrs ?? {};
    const dispatches = (bound[index] ?? []).map((dispatch) => ({
      ...dispatch,
      micro: op.micro ?? 0,
      pipeline: groups.pipelineOf(dispatch),
      ranges: groups.rangesOf(dispatch),
      parts: (cutUp.get(dispatch) ?? []).map((part) => ({ ...part, at: PARAMETER_STRIDE * at++ })),
    }));
    return [{ op, every: Number(every), lazy: lazy === undefined ? undefined : keyOf(`${lazy}`, op.layer), dispatches }];
  });
  const prepared = actions.flatMap((action) => action.dispatches);
  const fillParameters = filler(device, buffers.uniforms, sizes.uniforms, prepared);

  const leftovers = linear.storages.flatMap((storage, index) =>
    !storage.persistent && storage.to === linear.ops.length ? [index] : [],
  );
  const persistent = linear.storages.flatMap((storage, index) => (storage.persistent ? [index] : []));
  const written = new Set<number>();
  const write = (storage: number, data: ArrayBufferView<ArrayBuffer>) => {
    const { buffer, offset } = buffers.rangeOf(storage);
    books.touch(storage, data.byteLength);
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
      persistent.forEach(books.bind);
      started = true;
    }
    fillParameters(state);
    await record(device, actions, state, { books, parameters: groups.parameters, visit, clock });
  }

  /** Tensors that outlive the step without being weights or states (kept gradients) are given up for the next one. */
  const giveUp = () => leftovers.forEach(books.unbind);

  const read = async (storage: number): Promise<ArrayBuffer> => {
    const { buffer, offset, size } = buffers.rangeOf(storage);
    const shared = size <= sizes.reader ? buffers.reader : null;
    const staging = shared ?? readBuffer(device, size);
    const encoder = device.createCommandEncoder();
    encoder.copyBufferToBuffer(buffer, offset, staging, 0, size);
    device.queue.submit([encoder.finish()]);
    await settle(staging.mapAsync(GPUMapMode.READ, 0, size));
    const copy = staging.getMappedRange(0, size).slice(0);
    staging.unmap();
    if (!shared) staging.destroy();
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
    watch: async (state, visit) => {
      await run(state, ({ op, dispatches }) => {
        const words = new Map<number, number>();
        for (const { bindings } of dispatches)
          for (const { storage, words: count } of bindings) words.set(storage, Math.max(count, words.get(storage) ?? 0));
        return visit(op, words);
      });
      giveUp();
    },
    highWater: books.highWater,
    destroy: buffers.destroy,
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
