import { bytesPer, isWider } from '../../plan/dtypes';
import { elements, type Weight, weightsOf } from '../../plan/weights';
import type { PytorchStep } from '../../tape/pytorch/context';
import { weightsOnCard } from '../../tape/pytorch/parameters';
import type { Gathering, ParameterGroup, PytorchRules, Reduction } from '../../tape/pytorch/rules';
import type { Buffer, Recipe } from '../../tape/recipe';
import { flat, ring, shards, toCards } from '../cards';

export interface Zero {
  stage: number;
  n: number;
  /** In elements, as DeepSpeed's configuration counts them. */
  reduceBucket: number;
  allgatherBucket: number;
  prefetchBucket: number;
  liveParameters: number;
  persistenceThreshold: number;
  overlap: boolean;
}

/** Parameters that stage 3 updates at a time (sub_group_size). */
const SUB_GROUP = 1e9;

/**
 * DeepSpeed's ZeRO (Rajbhandari et al., arXiv:1910.02054). Three formulas are published for P parameters on n cards: the
 * paper's 2P + 14P/n (stage 2) and 16P/n (stage 3); the documentation's 4P + 16P/n and 18P/n + 4 · the largest layer; and
 * the estimator's in DeepSpeed's code, 2P + 18P/n. They count different moments of one implementation, which is what is
 * written here: the paper's bytes are there through backward (16-bit weights, 16-bit gradients, a float32 master and two
 * moments), and at the step the 16-bit gradients have a float32 copy beside them, 4P/n more (in stage 3 for 10⁹ parameters at a
 * time). Buckets are as large as they are configured, whatever the model's size.
 */
export function zeroSharded(plain: Recipe, zero: Zero): Recipe {
  const recipe = plain.autocast ? halved(plain) : plain;
  const { stage, n } = zero;
  const share = (weight: Weight): number[] => flat(weight, shards(recipe, weight, n));
  const stays = (weight: Weight): boolean => stage < 3 || elements(weight) < zero.persistenceThreshold;
  return {
    ...recipe,
    share,
    stored: (weight) =>
      recipe
        .stored(weight)
        .map((part) =>
          stays(weight) ? part : { ...part, shape: flat({ ...weight, shape: part.shape }, shards(recipe, weight, n)) },
        ),
    states: (weight) => {
      // The optimizer sees the float32 master.
      const states = recipe.states({ ...weight, shape: share(weight) }, 'fp32');
      const master = states.some(({ name }) => name === 'master');
      return master ? states : [...states, { name: 'master', shape: share(weight), dtype: 'fp32' }];
    },
    buffers: [...recipe.buffers, ...buffersOf(recipe, zero, stays)],
    pytorch: {
      ...recipe.pytorch,
      ...(stage === 3 ? { gathering: gatheringOf(recipe, zero, stays) } : {}),
      reduction: {
        ...(stage === 1 ? wholeGradients(recipe, zero) : cutGradients(recipe, n, share)),
        hostBytes: onHost(recipe, stage),
      },
      optimizerStep: stepOf(recipe, zero),
      afterStep: (step) => spread(step, recipe, zero),
    },
  };
}

/** DeepSpeed's own mixed precision takes the place of autocast: the model is in 16 bits, beside its float32 master. */
const halved = (recipe: Recipe): Recipe => ({
  ...recipe,
  autocast: false,
  parameters: recipe.compute,
  stored: (weight) =>
    recipe.stored(weight).map((part) => (part.dtype === recipe.parameters ? { ...part, dtype: recipe.compute } : part)),
});

/** Bytes of the weights on a card, each as often as it is there. */
const total = (recipe: Recipe, of: (weight: Weight) => number): number =>
  weightsOnCard(recipe).reduce((sum, { weight, count }) => sum + count * of(weight), 0);

const gradientBytes = (recipe: Recipe): number => bytesPer(recipe.gradients ?? recipe.compute);

/**
 * Of an element whose gradient the host has: the float32 that its step takes, and where there is one the 16-bit part in which
 * micro-batches are summed (stage 3 has it always). Without it the estimator's 16P on the host, with it 18P.
 */
const onHost = (recipe: Recipe, stage: number): number => {
  const each = gradientBytes(recipe);
  return each < 4 && (stage === 3 || recipe.accumulate > 1) ? 4 + each : 4;
};

/** Stage 1 with wide sums of gradients: DeepSpeed's BF16_Optimizer, Megatron-LM's distributed optimizer. */
const sumsWide = ({ gradients, parameters }: Recipe, { stage }: Zero): boolean =>
  stage === 1 && gradients !== null && isWider(gradients, parameters);

function buffersOf(recipe: Recipe, zero: Zero, stays: (weight: Weight) => boolean): Buffer[] {
  const { stage, reduceBucket, overlap, liveParameters, prefetchBucket } = zero;
  if (sumsWide(recipe, zero)) return [];
  // Gradients on their way to their owners; two buckets take turns where communication overlaps (stages 1 and 2).
  const turns = overlap && stage < 3 ? 2 : 1;
  const bucket: Buffer = {
    name: 'zero.reduce_bucket',
    shape: [turns * reduceBucket * gradientBytes(recipe)],
    dtype: 'int8',
    category: 'gradients',
    lives: stage === 3 ? 'always' : 'backward',
    pieces: turns,
  };
  if (stage < 3) return [bucket];
  // Parameters stay gathered up to stage3_max_live_parameters: at the turn from forward to backward, where most steps peak,
  // the last layers' are all there. The unit that runs and the prefetch bucket are there in any case.
  const size = (weight: Weight): number => (stays(weight) ? 0 : elements(weight));
  const all = total(recipe, size);
  const weights = weightsOnCard(recipe);
  const layer = weightsOf(recipe.model).layer.reduce((sum, weight) => sum + size(weight), 0);
  const unit = Math.max(layer, ...weights.map(({ weight }) => size(weight)));
  const live = Math.min(all, Math.max(liveParameters, unit + prefetchBucket));
  const window: Buffer = {
    name: 'zero.live_parameters',
    shape: [live],
    dtype: recipe.compute,
    category: 'weights',
    lives: 'pass',
    pieces: 1,
  };
  return [window, bucket];
}

/**
 * Stage 1 keeps whole gradients to the end of the last micro-batch. Wide sums are flattened for their way to the other cards a
 * bucket at a time, and only then (BF16_Optimizer's buffered_allreduce_fallback).
 */
const wholeGradients = (recipe: Recipe, zero: Zero): Reduction => ({
  at: 'parameter',
  whole: true,
  reduce: (_, finished) => finished.map(({ gradient }) => gradient),
  settle: ({ trace }, gradient) => {
    const size = Math.min(zero.reduceBucket * gradientBytes(recipe), gradient.bytes);
    const temps = sumsWide(recipe, zero) ? [trace.tensor('zero.reduce_bucket', [size], 'int8', 'temporary')] : [];
    const traffic = toCards(ring(gradient.bytes, zero.n, 1), true);
    trace.op({ op: 'reduce', label: 'zero', reads: [gradient], temps, moved: 0, traffic });
    return gradient;
  },
});

/** Stages 2 and 3: a gradient goes into the bucket as soon as it is there, and of what is reduced a card keeps its own part. */
const cutGradients = (recipe: Recipe, n: number, share: (weight: Weight) => number[]): Reduction => ({
  at: 'parameter',
  reduce: (step, finished) =>
    finished.map(({ parameter, gradient }) => {
      const { trace } = step;
      const weight = step.weight(parameter.name);
      const kept = trace.tensor('gradient.part', share(weight), recipe.gradients ?? gradient.dtype, 'gradients');
      const traffic = toCards(ring(gradient.bytes, shards(recipe, weight, n)), true);
      gradient.category = 'gradients';
      trace.op({ op: 'reduce_scatter', label: 'zero', reads: [gradient], writes: [kept], traffic });
      trace.release(gradient);
      return kept;
    }),
});

/** A unit's parameters come for forward and again for backward; the window holds them. */
const gatheringOf = (recipe: Recipe, { n }: Zero, stays: (weight: Weight) => boolean): Gathering => ({
  gather: ({ trace }, { name, weights }) => {
    const sent = weights.reduce(
      (sum, weight) => (stays(weight) ? sum : sum + ring(elements(weight) * bytesPer(recipe.compute), shards(recipe, weight, n))),
      0,
    );
    if (sent > 0) trace.op({ op: 'all_gather', label: `zero.${name}`, traffic: toCards(sent, true) });
    return [];
  },
  stays: false,
  root: false,
});

/** The step on a card's own part: 16-bit gradients are flattened, then copied to float32 for it. */
const stepOf =
  (recipe: Recipe, { stage }: Zero): PytorchRules['optimizerStep'] =>
  (step, parameters) => {
    const { trace } = step;
    const each = gradientBytes(recipe);
    const own = parameters.reduce((sum, { count, elements: size }: ParameterGroup) => sum + count * size, 0);
    if (own === 0 || each === 4) return recipe.pytorch.optimizerStep(step, parameters);
    const size = stage === 3 ? Math.min(own, SUB_GROUP) : own;
    const wide = trace.tensor('zero.fp32_gradient', [size], 'fp32', 'gradients');
    const flattened = stage === 3 ? [] : [trace.tensor('zero.flat_gradient', [size * each], 'int8', 'temporary')];
    trace.op({ op: 'aten._to_copy', label: 'zero.step', writes: [wide], temps: flattened });
    recipe.pytorch.optimizerStep(step, parameters);
    trace.release(wide);
  };

/** Updated parts go to the other cards, a bucket at a time; stage 3 leaves them where they are. */
function spread({ trace }: PytorchStep, recipe: Recipe, { stage, n, allgatherBucket }: Zero): void {
  if (stage === 3 || n === 1) return;
  const each = bytesPer(recipe.compute);
  const all = total(recipe, (weight) => (recipe.trains(weight) ? elements(weight) : 0));
  const bucket = trace.tensor('zero.allgather_bucket', [Math.min(allgatherBucket, all) * each], 'int8', 'temporary');
  trace.op({ op: 'all_gather', label: 'zero.step', temps: [bucket], traffic: toCards(ring(all * each, n), false) });
}
