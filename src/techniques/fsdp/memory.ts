import { bytesOf, bytesPer } from '../../plan/dtypes';
import { remembered } from '../../plan/remembered';
import type { DType } from '../../plan/types';
import { elements, type Weight, weightsOf } from '../../plan/weights';
import { UNSHARDED } from '../../tape/in-flight';
import type { PytorchStep } from '../../tape/pytorch/context';
import { addedWeights } from '../../tape/pytorch/parameters';
import type { Gathering, Reduction, Unit } from '../../tape/pytorch/rules';
import type { Recipe } from '../../tape/recipe';
import type { Tensor } from '../../tape/trace';
import { byRows, ring, shards, toCards } from '../cards';

export interface Sharding {
  n: number;
  /** Units that are gathered ahead of the one that runs. */
  prefetch: number;
  /** A layer's weights go after its forward, and come again for its backward. */
  reshard: boolean;
  /** Gradients are reduced with every micro-batch, rather than kept whole until the last. */
  sync: boolean;
  reduce: DType | 'parameter';
  root: boolean;
  /** The first FSDP: what is gathered is the parameters, with no copy out of it, and nothing waits for a reduce-scatter. */
  flatParameters: boolean;
}

const sum = <T>(list: readonly T[], of: (one: T) => number): number => list.reduce((total, one) => total + of(one), 0);

/**
 * PyTorch's FSDP2 (`fully_shard`) with one unit a layer. Kept from step to step is one of n parts of parameters, gradients
 * and states, by rows. A unit's parameters are gathered into one flat buffer and copied out of it: the buffer of the unit
 * that runs, or of the one that comes next, is there beside the unit's own. Finished gradients are copied into the input
 * of a reduce-scatter, which is let go when the next unit has finished (torch/distributed/fsdp/_fully_shard:
 * foreach_all_gather, foreach_reduce). Under autocast's precisions its mixed precision takes the place of autocast:
 * parameters are gathered in the compute type.
 *
 * Flat buffers are allocated on all_gather_copy_in_stream (foreach_all_gather, get_all_gather_streams), and the sharded
 * gradients, views of a reduce-scatter's output, on reduce_scatter_stream (foreach_reduce). What is copied out of a flat
 * buffer and the input of a reduce-scatter are allocated on the stream that computes. In forward a flat buffer ends when the
 * next unit's is there (AllGatherState), in backward with the copy out of it (wait_for_unshard). Before the first layer,
 * the embedding's buffer is counted as a layer's.
 *
 * The first FSDP (torch/distributed/fsdp/_runtime_utils.py) gathers a unit into the flat parameter that it computes with, in
 * backward the next one's too (BACKWARD_PRE) unless that one's forward left no hooks, as in a reentrant checkpoint, and its
 * root unit stays. Where a unit is frozen, as it is beside adapters, it
 * waits for the gradients of the unit's inputs to let the parameters go (_register_post_backward_reshard_only_hook): the hook
 * on an input names the input's own node of the graph (torch/autograd/graph.py, register_multi_grad_hook), so that inputs
 * which are leaves, as those of a segment that reentrant checkpointing runs again, stay with their gradients until the hooks
 * are taken off at the end of backward.
 */
export function fullySharded(recipe: Recipe, sharding: Sharding): Recipe {
  const used = recipe.autocast ? recipe.compute : recipe.used;
  const among = (weight: Weight): number => shards(recipe, weight, sharding.n);
  return {
    ...recipe,
    autocast: false,
    used,
    stored: (weight) => recipe.stored(weight).map((part) => ({ ...part, shape: byRows(part.shape, among(weight)) })),
    share: (weight) => byRows(recipe.share(weight), among(weight)),
    states: (weight, dtype) => recipe.states({ ...weight, shape: byRows(weight.shape, among(weight)) }, dtype),
    pytorch: {
      ...recipe.pytorch,
      gathering: gatheringOf({ ...recipe, used }, sharding),
      reduction: reductionOf(recipe, sharding),
    },
  };
}

/** The type that a parameter is kept in. */
const typeOf = (recipe: Recipe, weight: Weight): DType => recipe.stored(weight)[0]?.dtype ?? recipe.parameters;

/** The type in which gradients are summed over the cards. */
const sumType = (recipe: Recipe, weight: Weight, { reduce }: Sharding): DType =>
  reduce === 'parameter' ? typeOf(recipe, weight) : reduce;

/** Bytes of a whole weight as it comes to its use. */
export function wholeBytes({ stored, used, parameters }: Recipe, weight: Weight): number {
  const parts = stored(weight);
  if (parts.length === 1 && used && parts[0]?.dtype === parameters) return elements(weight) * bytesPer(used);
  return sum(parts, ({ dtype, shape }) =>
    bytesOf(
      dtype,
      shape.reduce((product, size) => product * size, 1),
    ),
  );
}

function gatheringOf(recipe: Recipe, sharding: Sharding): Gathering {
  const { n, prefetch, reshard, sync, root, flatParameters } = sharding;
  const whole = remembered((weight: Weight): number => wholeBytes(recipe, weight));
  /** Bytes of a unit: whole, what a card sends of them, and of its gradients as they are summed. */
  const sizes = remembered(({ weights }: Unit) => ({
    bytes: sum(weights, whole),
    sent: sum(weights, (weight) => ring(whole(weight), shards(recipe, weight, n))),
    reduced: sum(weights, (weight) =>
      recipe.trains(weight) ? elements(weight) * bytesPer(sumType(recipe, weight, sharding)) : 0,
    ),
  }));
  const gather = (step: PytorchStep, unit: Unit, pass: 'forward' | 'backward'): Tensor[] => {
    const { trace } = step;
    const { name } = unit;
    const { bytes, sent, reduced } = sizes(unit);
    if (bytes === 0) return [];
    const make = (label: string, size: number): Tensor => trace.tensor(label, [size], 'int8', 'weights');
    const gathered = (label: string, size: number): Tensor => Object.assign(make(label, size), { stream: 'all_gather' as const });
    const flat = (size: number): Tensor => gathered('all_gather', size);
    // Outside the layers, and where nothing comes again, the flat buffer ends with the copy out of it.
    const ends = name !== 'layer' || !reshard || prefetch === 0;
    const traffic = toCards(sent, true);
    if (flatParameters) {
      const ahead = pass === 'backward' && !ends && !step.recipe.pytorch.reentrant;
      const there = [gathered(UNSHARDED, bytes), ...(ahead ? [flat(prefetch * bytes)] : [])];
      trace.op({ op: 'all_gather', label: `fsdp.${name}`, writes: there, moved: bytes, traffic });
      return there;
    }
    const unsharded = make(UNSHARDED, bytes);
    const buffer = flat(ends ? bytes : prefetch * bytes);
    // In forward, the buffer of the unit before ends when this unit's is there.
    const before = pass === 'forward' && name !== 'embed' && prefetch > 0 ? [flat(layerBytes(step.recipe))] : [];
    trace.op({ op: 'all_gather', label: `fsdp.${name}`, writes: [buffer], temps: before, moved: buffer.bytes, traffic });
    trace.op({ op: 'split_with_sizes_copy', label: `fsdp.${name}`, reads: [buffer], writes: [unsharded] });
    if (ends) trace.release(buffer);
    if (ends) return [unsharded];
    if (pass === 'forward' || !sync) return [unsharded, buffer];
    // The reduce-scatter of the layer before has not been waited for.
    const input = trace.tensor('reduce_scatter', [reduced], 'int8', 'gradients');
    trace.op({ op: 'buffer', label: `fsdp.${name}`, writes: [input], moved: 0 });
    return [unsharded, buffer, input];
  };
  const layerBytes = remembered((lowered: Recipe): number => {
    const { layer } = weightsOf(lowered.model);
    return sum([...layer, ...addedWeights(lowered, layer)], whole);
  });
  const frozen = !weightsOf(recipe.model).layer.some((weight) => recipe.trains(weight));
  return { gather, stays: !reshard, root, holdsInputs: flatParameters && frozen };
}

function reductionOf(recipe: Recipe, sharding: Sharding): Reduction {
  /** Of a weight's gradient: bytes as they are summed, what a card sends of them, and the part that it keeps. */
  const partOf = remembered((weight: Weight) => {
    const among = shards(recipe, weight, sharding.n);
    const bytes = elements(weight) * bytesPer(sumType(recipe, weight, sharding));
    const dtype = recipe.gradients ?? typeOf(recipe, weight);
    return { bytes, sent: ring(bytes, among), shape: byRows(weight.shape, among), dtype };
  });
  const scatter = (step: PytorchStep, finished: readonly { parameter: Tensor; gradient: Tensor }[]): Tensor[] => {
    const { trace } = step;
    const parts = finished.map(({ parameter }) => partOf(step.weight(parameter.name)));
    const input = trace.tensor('reduce_scatter', [sum(parts, ({ bytes }) => bytes)], 'int8', 'gradients');
    const whole = finished.map(({ gradient }) => gradient);
    trace.op({ op: 'aten.cat', label: 'fsdp.reduce', reads: whole, writes: [input] });
    trace.release(...whole);
    const kept = parts.map(({ shape, dtype }) => {
      const part = trace.tensor('gradient', shape, dtype, 'gradients');
      part.stream = 'reduce_scatter';
      return part;
    });
    const traffic = toCards(
      sum(parts, ({ sent }) => sent),
      true,
    );
    trace.op({ op: 'reduce_scatter', label: 'fsdp.reduce', reads: [input], writes: kept, traffic });
    trace.release(input);
    return kept;
  };
  if (sharding.sync) return { at: 'unit', reduce: scatter };
  return {
    at: 'unit',
    // Whole gradients are summed over the micro-batches in the type of the reduction.
    reduce: (step, finished) =>
      finished.map(({ parameter, gradient }) => {
        const dtype = sumType(recipe, step.weight(parameter.name), sharding);
        gradient.category = 'gradients';
        if (gradient.dtype === dtype) return gradient;
        const wide = step.trace.tensor('gradient.sum', gradient.shape, dtype, 'gradients');
        step.trace.op({ op: 'aten._to_copy', reads: [gradient], writes: [wide] });
        step.trace.release(gradient);
        return wide;
      }),
    settle: (step, gradient, parameter) => scatter(step, [{ parameter, gradient }])[0] as Tensor,
  };
}
