import { FAMILIES } from '../../plan/families';
import type { Heads } from '../../tape/pytorch/attention';
import type { PytorchStep, Stretch } from '../../tape/pytorch/context';
import { segmentsOf } from '../../tape/pytorch/stretches';
import type { GradNode, OpSpec, Tensor } from '../../tape/trace';
import { packToHost } from '../activation-offload/memory';

export interface Segments {
  /** Layers in one. */
  every: number;
  /** Their inputs wait in the host's memory. */
  offload: boolean;
  /** Backward runs inside backward. */
  reentrant?: boolean;
  /** One layer in so many is run again; the others keep what they keep. */
  oneIn?: number;
  /** Picks, during one run of a segment, the ops whose results are kept. */
  keeps?: ((step: PytorchStep) => Picks) | undefined;
}

type Picks = (op: OpSpec) => boolean;

/** Some layers of a segment: each function takes over what it is given. */
interface Run {
  forward(input: Tensor): Tensor;
  backward(gradient: Tensor): Tensor;
  /** After the last layer's backward. */
  end?(): void;
}

/**
 * torch.utils.checkpoint around segments of `every` layers: forward keeps each segment's input,
 * backward runs the segment's forward again and differentiates it. Chen et al., arXiv:1604.06174.
 */
export function checkpointPytorch(step: PytorchStep, options: Segments): void {
  const { trace, recipe } = step;
  const { every, oneIn = 1 } = options;
  trace.phase('forward');
  const embedded = trace.capture(() => step.embed());
  // Trainers make the embedding's output require a gradient, or a frozen embedding would stop the backward of everything.
  embedded.value.requiresGrad = true;
  let x = embedded.value;
  const passes: { segment: Stretch; runs: Run[] }[] = [];
  for (const plain of segmentsOf(recipe, Math.max(every, oneIn))) {
    const segment = oneIn > 1 ? { ...plain, oneByOne: true } : plain;
    [x] = trace.repeat({ axis: 'layer', ...segment }, [x], ([entry]) => {
      const runs = runsOf(step, segment, options);
      passes.push({ segment, runs });
      return [runs.reduce((current, run) => run.forward(current), entry as Tensor)];
    }) as [Tensor];
  }
  step.enter(null);
  const backward = step.head(x);
  step.endAutocast('everywhere');
  trace.phase('backward');
  let gradient = backward();
  for (const { segment, runs } of passes.reverse()) {
    if (!gradient) break;
    [gradient = null] = trace.repeat({ axis: 'layer', ...segment, reverse: true }, [gradient], ([seed]) => [
      runs.reduceRight((through, run) => run.backward(through), seed as Tensor),
    ]);
  }
  step.enter(null);
  if (gradient && embedded.nodes.length) step.backward(embedded.nodes, embedded.value, gradient);
  else trace.release(gradient);
  for (const { segment, runs } of passes) {
    if (!runs.some(({ end }) => end)) continue;
    trace.repeat({ axis: 'layer', ...segment }, [], () => {
      for (const { end } of runs) end?.();
      return [];
    });
  }
}

/** A segment's layers together, or each of them by itself, the last of `oneIn` run again. */
function runsOf(step: PytorchStep, segment: Stretch, options: Segments): Run[] {
  const offsets = Array.from({ length: segment.stride }, (_, offset) => offset);
  const { oneIn = 1 } = options;
  if (oneIn === 1) return [again(step, segment, offsets, options)];
  return offsets.map((at) => (at === oneIn - 1 ? again(step, segment, [at], options) : kept(step, segment, at)));
}

/** A layer that keeps what its backward reads. */
function kept(step: PytorchStep, segment: Stretch, offset: number): Run {
  let pass: { input: Tensor; value: Tensor; nodes: GradNode[] };
  return {
    forward: (input) => {
      step.enter(segment, offset);
      pass = { input, ...step.trace.capture(() => step.layer(input)) };
      step.trace.release(input);
      return pass.value;
    },
    backward: (gradient) => {
      step.enter(segment, offset);
      const [through] = step.backward(pass.nodes, pass.value, gradient, [pass.input]) as [Tensor];
      step.afterLayerBackward();
      return through;
    },
  };
}

/** Layers of which the input is kept, and the results of the ops that `keeps` picks. */
function again(step: PytorchStep, segment: Stretch, offsets: readonly number[], options: Segments): Run {
  const { trace } = step;
  const { offload, reentrant = false, keeps = () => () => false } = options;
  const holds = reentrant && step.recipe.pytorch.gathering?.holdsInputs === true;
  let boundary: Tensor;
  let results: Tensor[];
  let stays: Tensor;
  /** Each layer in turn; takes over the first one's input. */
  const run = (from: Tensor, layer: (input: Tensor) => Tensor): Tensor =>
    offsets.reduce((current, offset) => {
      step.enter(segment, offset);
      const next = layer(current);
      trace.release(current);
      return next;
    }, from);
  return {
    forward: (input) => {
      boundary = input;
      if (offload) trace.keep(boundary, (tensor) => packToHost(trace, tensor));
      else trace.keep(boundary);
      const layer = (current: Tensor): Tensor => trace.noGrad(() => step.layer(current));
      const { value, kept: held } = trace.keepResults(keeps(step), () => run(input, layer));
      results = held;
      value.requiresGrad = true;
      return value;
    },
    backward: (gradient) => {
      const layers: { input: Tensor; value: Tensor; nodes: GradNode[] }[] = [];
      trace.restore(boundary);
      const output = trace.reuseResults(keeps(step), results, () =>
        run(trace.hold(boundary), (input) => {
          const pass = trace.capture(() => step.layer(input));
          layers.push({ input, ...pass });
          return pass.value;
        }),
      );
      // The inner backward is called from a function of the outer one: what that names lives until it returns.
      const named = reentrant ? [trace.hold(output), trace.hold(gradient)] : [];
      trace.release(output);
      step.endAutocast('here');
      let through = gradient;
      for (const [index, { input, value, nodes }] of [...layers.entries()].reverse()) {
        step.enter(segment, offsets[index] ?? 0);
        [through] = step.backward(nodes, value, through, [input]) as [Tensor];
        step.afterLayerBackward();
      }
      const { shape, dtype, category } = gradient;
      trace.release(...named);
      if (holds) {
        // One gradient of the stream for each layer: this layer's own is on its way to the layer before.
        stays = trace.tensor('held.gradient', shape, dtype, category);
        trace.op({ op: 'buffer', label: 'held.gradient', writes: [stays], moved: 0 });
      } else trace.done(boundary);
      return through;
    },
    ...(holds
      ? {
          end: () => {
            trace.done(boundary);
            trace.release(stays);
          },
        }
      : {}),
  };
}

/**
 * The ops whose results PyTorch's selective checkpointing keeps under the usual policy: fused attention, the sums that
 * sequence parallelism scatters, and of the matrix products, counted in the order of a layer's forward, all but every
 * `second` one (torchtitan, parallelize_llama.py: `aten.mm`, `aten._scaled_dot_product_*_attention`,
 * `reduce_scatter_tensor`). Products with a bias (`addmm`), of experts (grouped) and with quantized weights are none of
 * these: they run again. The last product of most families' layers is only added to the residual stream: kept without being
 * read, but for a compiled layer, whose graph of backward asks for what it reads.
 */
export function productsAndAttention({ options, recipe }: PytorchStep, second: 'kept' | 'again'): Picks {
  const unread = options.compile && !FAMILIES[recipe.model.family].postNorms;
  let products = 0;
  return ({ op, reads: [, weight] = [] }) => {
    if (op !== 'aten.mm') return op === 'sdpa' || op === 'aten.reduce_scatter';
    if (weight?.shape.length !== 2) return false;
    products += 1;
    return (second === 'kept' || products % 2 === 1) && !(unread && weight.name.startsWith('mlp.down'));
  };
}

/**
 * Attention's core alone is run again from queries, keys and values (Korthikanti et al., arXiv:2205.05198, §5). A fused
 * kernel keeps nothing else worth the while, and is left as it is.
 */
export function recomputedCore(step: PytorchStep, heads: Heads, plain: (heads: Heads) => Tensor): Tensor {
  const { trace, recipe } = step;
  const { position } = FAMILIES[recipe.model.family];
  if (recipe.pytorch.attention === 'sdpa' && position !== 'alibi' && position !== 'relative') return plain(heads);
  const inputs = [heads.q, heads.k, heads.v];
  const core = (): Tensor => {
    for (const input of inputs) trace.hold(input);
    return plain(heads);
  };
  const output = trace.noGrad(core);
  trace.record({
    output,
    inputs,
    saved: inputs,
    backward: (g) => {
      const { value, nodes } = trace.capture(core);
      trace.release(value);
      return step.backward(nodes, value, trace.hold(g), inputs);
    },
  });
  trace.release(...inputs);
  return output;
}
