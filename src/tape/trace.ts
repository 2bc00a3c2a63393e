/**
 * Records a tape. Tensors are counted references: a tensor ends with the op after which nobody holds it,
 * which is how a framework's tensors end. `record` and `backward` are reverse-mode differentiation over what was
 * recorded, so a lowering only says, for each op, what it keeps and what its backward makes.
 */
import { bytesOf } from '../plan/dtypes';
import type { DType } from '../plan/types';
import type { Category, Phase } from '../planner/types';
import { addGradients } from './add-gradients';
import type { GradNode, OpSpec, Packing, Tensor } from './recorded';
import type { OpNode, RepeatNode, Tape, TapeNode } from './types';

export type { GradNode, OpSpec, Packing, Tensor } from './recorded';

export class Trace {
  readonly tensors: Tensor[];
  private readonly root: TapeNode[] = [];
  private body: TapeNode[] = this.root;
  private layerDepth = 0;
  private recording: GradNode[] | null = null;
  /** Dotted name of the stretch being written. */
  private prefix = '';
  private share = 1;
  private crossing = false;
  private readonly packings = new Map<number, Packing & { users: number }>();
  /** Ops whose results are held when they are written, or are there already and not computed again. */
  private results: { which: (spec: OpSpec) => boolean; kept: Tensor[]; reuse: boolean } | null = null;
  /** What was kept as it is once stays so: its later readers find it anyway. */
  private readonly unpacked = new Set<number>();
  /** Compresses what is kept from the forward phase to the backward phase; null keeps it as it is. */
  packer: ((tensor: Tensor) => Packing | null) | null = null;
  /** Adds `extra` into the existing gradient `sum` of a non-leaf tensor; engines differ in whether that allocates. */
  accumulate: (sum: Tensor, extra: Tensor) => Tensor = (sum, extra) => addGradients(this, sum, extra);
  /** Called with each parameter's finished gradient of one backward pass. The callee owns the reference. */
  onParameterGradient: (parameter: Tensor, gradient: Tensor) => void = (_, gradient) => this.release(gradient);

  /** `tensors` of another trace keep their ids, for nodes of it that are taken over. */
  constructor(tensors: readonly Tensor[] = []) {
    this.tensors = [...tensors];
  }

  /** A new tensor, allocated by the first op that names it. The caller holds one reference. */
  tensor(name: string, shape: readonly number[], dtype: DType, category: Category, bytes?: number): Tensor {
    const elements = shape.reduce((product, size) => product * size, 1);
    const tensor: Tensor = {
      id: this.tensors.length,
      name: this.place(name),
      shape,
      dtype,
      category,
      bytes: bytes ?? bytesOf(dtype, elements),
      perLayer: this.layerDepth > 0,
      // All tensors, and all ops, have their fields in the same order: what walks a tape finds one kind of object.
      pieces: undefined,
      stream: undefined,
      host: undefined,
      refs: 1,
      allocated: false,
      requiresGrad: false,
      statistic: false,
      leaf: false,
    };
    this.tensors.push(tensor);
    return tensor;
  }

  /** Emits one op; tensors it names for the first time begin with it. */
  op(spec: OpSpec): OpNode {
    if (!this.results?.which(spec)) return this.emit(spec);
    const { writes = NONE, label } = spec;
    const { kept, reuse } = this.results;
    // The memory of what was kept becomes that of what stands for it.
    if (reuse) this.release(...kept.splice(0, writes.length));
    const node = this.emit(reuse ? { op: 'kept', writes, moved: 0, ...(label === undefined ? {} : { label }) } : spec);
    if (!reuse) kept.push(...writes.map((tensor) => this.hold(tensor)));
    return node;
  }

  private emit(spec: OpSpec): OpNode {
    const { reads = NONE, writes = NONE, temps = NONE } = spec;
    const allocs: number[] = [];
    const moved = this.begin(reads, allocs) + this.begin(writes, allocs) + 2 * this.begin(temps, allocs);
    for (const temp of temps) temp.refs = 0;
    const node: OpNode = {
      kind: 'op',
      op: spec.op,
      label: this.place(spec.label ?? ''),
      reads: reads.map(idOf),
      writes: writes.map(idOf),
      allocs,
      frees: temps.map(idOf),
      flops: (spec.flops ?? 0) * this.share,
      moved: (spec.moved ?? moved) * this.share,
      traffic: spec.traffic && { ...spec.traffic, bytes: spec.traffic.bytes * this.share },
      seconds: spec.seconds && spec.seconds * this.share,
      attrs: spec.attrs,
    };
    this.body.push(node);
    return node;
  }

  /** Notes the tensors that begin with an op; returns the bytes of all of them. */
  private begin(tensors: readonly Tensor[], allocs: number[]): number {
    let bytes = 0;
    for (const tensor of tensors) {
      bytes += tensor.bytes;
      if (tensor.allocated) continue;
      tensor.allocated = true;
      allocs.push(tensor.id);
    }
    return bytes;
  }

  hold(tensor: Tensor): Tensor {
    if (tensor.refs <= 0) throw new Error(`tape: ${tensor.name} is used after its end`);
    tensor.refs += 1;
    return tensor;
  }

  /** Gives up one reference; the tensor ends after the last op emitted where that was the last one. */
  release(...tensors: readonly (Tensor | null | undefined)[]): void {
    for (const tensor of tensors) {
      if (!tensor) continue;
      if (tensor.refs <= 0) throw new Error(`tape: ${tensor.name} is freed twice`);
      tensor.refs -= 1;
      if (tensor.refs > 0 || !tensor.allocated) continue;
      let last = this.body[this.body.length - 1];
      if (last?.kind !== 'op') last = this.op({ op: 'release', label: tensor.name, moved: 0 });
      last.frees.push(tensor.id);
    }
  }

  /** Keeps a tensor for backward: one more reference, or its compressed copy where a packer takes it. */
  keep(tensor: Tensor, packer = this.packer): void {
    let packing = this.packings.size > 0 ? this.packings.get(tensor.id) : undefined;
    if (!packing && this.crossing && packer && !this.unpacked.has(tensor.id)) {
      const packed = packer(tensor);
      if (packed) packing = { ...packed, users: 0 };
      if (packing) this.packings.set(tensor.id, packing);
      else this.unpacked.add(tensor.id);
    }
    if (packing) packing.users += 1;
    else this.hold(tensor);
  }

  /** Whatever `body` keeps of a tensor is kept as its packing: it is sooner made again than kept. Takes over the codes. */
  keptAs<R>(tensor: Tensor, packing: Packing, body: () => R): R {
    this.packings.set(tensor.id, { ...packing, users: 1 });
    const result = body();
    this.forget(tensor);
    return result;
  }

  /** Makes a kept tensor readable again; `done` ends what `keep` began. */
  restore(tensor: Tensor): void {
    const packing = this.packings.get(tensor.id);
    if (!packing) return;
    if (tensor.refs > 0) {
      tensor.refs += 1;
      return;
    }
    tensor.allocated = false;
    tensor.refs = 1;
    packing.unpack(tensor);
  }

  /** Lets a restored tensor go, and its compressed copy after the last reader. */
  done(tensor: Tensor): void {
    this.release(tensor);
    this.forget(tensor);
  }

  private forget(tensor: Tensor): void {
    const packing = this.packings.get(tensor.id);
    if (!packing) return;
    packing.users -= 1;
    if (packing.users > 0) return;
    this.packings.delete(tensor.id);
    this.release(...packing.codes);
  }

  /** Ends what `keep` began without reading it. */
  discard(tensor: Tensor): void {
    if (this.packings.has(tensor.id)) this.forget(tensor);
    else this.release(tensor);
  }

  phase(phase: Phase): void {
    this.crossing = phase === 'forward';
    this.body.push({ kind: 'phase', phase });
  }

  /** Names everything made inside `body` under `label`. */
  within<R>(label: string, body: () => R): R {
    const outer = this.prefix;
    this.prefix = this.place(label);
    try {
      return body();
    } finally {
      this.prefix = outer;
    }
  }

  /**
   * Counts the arithmetic and the traffic of `body`, and of its backward, at a share of what its tensors say: a stretch
   * that stands for iterations of different lengths is written at the longest.
   */
  costing<R>(share: number, body: () => R): R {
    const outer = this.share;
    this.share = outer * share;
    try {
      return body();
    } finally {
      this.share = outer;
    }
  }

  /**
   * A stretch that runs `count` times; recorded once. `body` gets the carried tensors and returns their successors,
   * one for each, or none where the last one ends there. The caller's references to `carried` move into the repeat;
   * the results are the caller's again.
   */
  repeat(
    options: { axis: RepeatNode['axis']; count: number; from?: number; stride?: number; reverse?: boolean },
    carried: readonly Tensor[],
    body: (carried: Tensor[]) => readonly (Tensor | null)[],
  ): Tensor[] {
    if (options.count <= 0) return [...carried];
    const node: RepeatNode = {
      kind: 'repeat',
      axis: options.axis,
      count: options.count,
      from: options.from ?? 0,
      stride: options.stride ?? 1,
      reverse: options.reverse ?? false,
      carry: [],
      body: [],
    };
    const moved = (tensor: Tensor): Tensor => {
      const twin = this.tensor('', tensor.shape, tensor.dtype, tensor.category, tensor.bytes);
      Object.assign(twin, { name: tensor.name, allocated: true, requiresGrad: tensor.requiresGrad, refs: tensor.refs });
      tensor.refs = 0;
      return twin;
    };
    const outer = this.body;
    this.body = node.body;
    if (options.axis === 'layer') this.layerDepth += 1;
    const inside = carried.map(moved);
    const outs = body(inside);
    if (options.axis === 'layer') this.layerDepth -= 1;
    this.body = outer;
    this.body.push(node);
    return carried.flatMap((initial, index) => {
      const entry = inside[index] as Tensor;
      const out = outs[index];
      if (!out) {
        node.carry.push({ initial: initial.id, in: entry.id });
        return [];
      }
      if (out.bytes !== entry.bytes) throw new Error(`tape: ${initial.name} does not carry through its repeat`);
      // What the next iteration ends is of the kind that this one began.
      out.category = entry.category;
      const result = moved(out);
      node.carry.push({ initial: initial.id, in: entry.id, out: out.id, result: result.id });
      return [result];
    });
  }

  /** The nodes that `body` adds to the stretch being written. */
  nodesOf<R>(body: () => R): { value: R; nodes: TapeNode[] } {
    const start = this.body.length;
    const value = body();
    return { value, nodes: this.body.slice(start) };
  }

  /** Adds nodes that were written before. */
  put(nodes: readonly TapeNode[]): void {
    this.body.push(...nodes);
  }

  /** Runs `body` and returns what must be differentiated later; outside of it nothing is kept. */
  capture<R>(body: () => R): { value: R; nodes: GradNode[] } {
    const nodes: GradNode[] = [];
    return { value: this.recordingTo(nodes, body), nodes };
  }

  /** Runs `body` keeping nothing for backward. */
  noGrad<R>(body: () => R): R {
    return this.recordingTo(null, body);
  }

  private recordingTo<R>(nodes: GradNode[] | null, body: () => R): R {
    const outer = this.recording;
    this.recording = nodes;
    try {
      return body();
    } finally {
      this.recording = outer;
    }
  }

  /** Runs `body` and holds what the ops that `which` picks write; the references are the caller's. */
  keepResults<R>(which: (spec: OpSpec) => boolean, body: () => R): { value: R; kept: Tensor[] } {
    const kept: Tensor[] = [];
    return { value: this.withResults({ which, kept, reuse: false }, body), kept };
  }

  /** Runs `body` again, with what `keepResults` held in the place of the ops that made it; takes over the references. */
  reuseResults<R>(which: (spec: OpSpec) => boolean, kept: readonly Tensor[], body: () => R): R {
    return this.withResults({ which, kept: [...kept], reuse: true }, body);
  }

  private withResults<R>(results: NonNullable<Trace['results']>, body: () => R): R {
    const outer = this.results;
    this.results = results;
    try {
      return body();
    } finally {
      this.results = outer;
    }
  }

  get keepsForBackward(): boolean {
    return this.recording !== null;
  }

  /** Says how an op that just ran is differentiated. Nothing is kept where no input needs a gradient. */
  record(node: Omit<GradNode, 'label' | 'share'> & { label?: string }): void {
    if (!this.recording || !node.inputs.some((input) => input.requiresGrad)) return;
    node.output.requiresGrad = true;
    for (const tensor of node.saved) this.keep(tensor);
    const { output, inputs, saved, backward, label = '' } = node;
    this.recording.push({ output, inputs, saved, backward, label: this.place(label), share: this.share });
  }

  /**
   * Differentiates `nodes`, last to first, from `seed`, the gradient of `output` (its reference is taken over).
   * Returns the gradients of `wanted` tensors (null where none flows); the caller holds them.
   */
  backward(nodes: readonly GradNode[], output: Tensor, seed: Tensor, wanted: readonly Tensor[] = []): (Tensor | null)[] {
    const gradients = new Map<number, Tensor>([[output.id, seed]]);
    const pass = (input: Tensor, gradient: Tensor) => {
      if (input.leaf) return this.onParameterGradient(input, gradient);
      const existing = gradients.get(input.id);
      gradients.set(input.id, existing ? this.accumulate(existing, gradient) : gradient);
    };
    this.noGrad(() => {
      for (let last = nodes.length - 1; last >= 0; last--) {
        const node = nodes[last] as GradNode;
        const gradient = gradients.get(node.output.id);
        gradients.delete(node.output.id);
        if (!gradient) {
          for (const tensor of node.saved) this.discard(tensor);
          continue;
        }
        const { prefix, share } = this;
        this.prefix = node.label;
        for (const tensor of node.saved) this.restore(tensor);
        this.share = share * node.share;
        const results = node.backward(gradient);
        this.share = share;
        this.prefix = prefix;
        for (const tensor of node.saved) this.done(tensor);
        this.release(gradient);
        for (let index = 0; index < results.length; index++) {
          const [result, input] = [results[index], node.inputs[index]];
          if (!result || !input) continue;
          if (input.requiresGrad) pass(input, result);
          else this.release(result);
        }
      }
    });
    return wanted.map((tensor) => {
      const gradient = gradients.get(tensor.id) ?? null;
      gradients.delete(tensor.id);
      return gradient;
    });
  }

  finish(): Tape {
    return { tensors: this.tensors, body: this.root };
  }

  private place(name: string): string {
    return this.prefix && name ? `${this.prefix}.${name}` : this.prefix || name;
  }
}

const NONE: readonly Tensor[] = [];
const idOf = (tensor: Tensor): number => tensor.id;
