/** From a plan and its run block to the plan that the runner executes: the same techniques on a small Llama-like model. */
import type { Model, Plan, RunSettings, TechniqueSlot, Use } from '../plan/types';
import { TECHNIQUE_SLOTS } from '../plan/types';
import type { RunEvent } from '../protocol';
import { wholeBlock } from '../techniques/adamw8bit/webgpu';
import { useOf } from '../techniques/recipe-of';
import { findTechnique } from '../techniques/registry';
import { RunnerError } from './errors';
import { rateOf } from './learning';

type PlanEvent = Extract<RunEvent, { type: 'plan' }>;

export interface ProxyRun {
  plan: Plan;
  /** The same model and batch without any technique. */
  plain: Plan;
  settings: RunSettings;
  event: PlanEvent;
  learningRate: number;
  plainLearningRate: number;
}

/** Tokens of a chunk, and dimensions of a subspace or an adapter, at least. */
const SMALLEST_CHUNK = 16;
const SMALLEST_RANK = 4;
/** Widest head that the attention kernels hold in registers. */
const WIDEST_HEAD = 256;
/** Micro-batches of a step at most. */
const MOST_MICRO_BATCHES = 4;
/** Dimensions beyond which a proxy is no proxy: refused before anything is allocated. */
const MOST = 2 ** 31;

/** Errors: `run` where the run block's dimensions do not fit together. */
export function proxyOf(plan: Plan, run: RunSettings): ProxyRun {
  checkDimensions(run);
  const scaled: PlanEvent['scaled'] = [];
  const unproved: PlanEvent['unproved'] = [];
  const slots: Plan['slots'] = { engine: { name: 'webgpu', args: {} } };
  const techniques: string[] = [];
  for (const slot of TECHNIQUE_SLOTS) {
    const stated = plan.slots[slot];
    if (!stated || slot === 'engine' || slot === 'allocator' || slot === 'gradients' || slot === 'precision') continue;
    if (!findTechnique(slot, stated.name)?.webgpu) {
      unproved.push({ technique: stated.name, why: `the runner does not execute ${slot} ${stated.name}; its default stands in` });
      continue;
    }
    const use = useOf(plan, slot) as Use;
    slots[slot] = scale(use, plan, run, scaled);
    techniques.push(use.name);
    if (use.args.paged === true)
      unproved.push({ technique: `${use.name}(paged)`, why: 'WebGPU has no managed memory: the states stay on the device' });
  }
  const precision = inSixteenBits(plan);
  if (precision) {
    slots.precision = { name: `amp-${precision.half}`, args: {} };
    if (precision.pure) slots.weights ??= { name: precision.half, args: {} };
    techniques.push(slots.precision.name);
    unproved.push({ technique: precision.name, why: 'products and the residual stream are in fp32; what is kept is in 16 bits' });
  }
  const stored = slots.weights?.name;
  if (plan.slots.optimizer?.name === 'mezo' && (stored === 'fp16' || stored === 'bf16'))
    unproved.push({ technique: stored, why: 'matrices that MeZO moves are kept in fp32' });
  const usual = useOf(plan, 'precision')?.name ?? 'fp32';
  if (!precision && usual !== 'fp32')
    unproved.push({ technique: usual, why: `the runner computes and stores in fp32: a ${usual} plan runs as its fp32 proxy` });
  for (const [list, uses] of Object.entries(plan.lists))
    for (const { name } of uses ?? []) unproved.push({ technique: name, why: `the runner has one device and no ${list}` });
  const accumulate = Math.min(plan.accumulate, MOST_MICRO_BATCHES);
  if (plan.accumulate > accumulate)
    scaled.push({
      technique: 'accumulate',
      argument: 'accumulate',
      from: plan.accumulate,
      to: accumulate,
      why: `each adds to the same gradients: ${accumulate} show it`,
    });
  unproved.push(...otherThan(plan.model));
  const proxy: Plan = {
    ...plan,
    model: modelOf(plan.model, run),
    batch: run.batch,
    sequence: run.sequence,
    accumulate,
    slots,
    lists: {},
  };
  const plain: Plan = { ...proxy, name: 'plain', slots: { engine: { name: 'webgpu', args: {} } } };
  return {
    plan: proxy,
    plain,
    settings: run,
    event: { type: 'plan', plan: plan.name, techniques, scaled, unproved, proxy: run },
    learningRate: run.learningRate ?? rateOf(proxy),
    plainLearningRate: run.learningRate ?? rateOf(plain),
  };
}

/** A plain Llama of the run's dimensions, with what else a plan says of its model. */
const modelOf = (model: Model, run: RunSettings): Model => ({
  ...model,
  name: `${model.name} (proxy)`,
  source: 'block',
  family: 'llama',
  layers: run.layers,
  hidden: run.hidden,
  heads: run.heads,
  kvHeads: run.kvHeads,
  headDim: run.hidden / run.heads,
  ffn: run.ffn,
  vocab: run.vocab,
  positions: 0,
  dropout: 0,
  experts: 0,
  activeExperts: 0,
  sharedFfn: 0,
  slidingWindow: 0,
  attentionBias: false,
  fusedQkv: false,
  classes: 0,
  encoderLayers: 0,
});

/** What a model has that its proxy has not. */
function otherThan({ family, slidingWindow, fusedQkv }: Model): PlanEvent['unproved'] {
  const llama = family === 'llama' || family === 'mistral';
  return [
    ...(llama ? [] : [{ technique: family, why: `the proxy has Llama-like layers in place of ${family}'s` }]),
    ...(slidingWindow > 0 ? [{ technique: 'sliding-window', why: 'the proxy attends to the whole sequence' }] : []),
    ...(fusedQkv ? [{ technique: 'fused-qkv', why: 'the proxy makes q, k and v by a matrix each' }] : []),
  ];
}

/** A 16-bit precision that the plan states; where it says nothing, the proxy is in fp32. */
function inSixteenBits({ slots }: Plan): { name: string; half: 'fp16' | 'bf16'; pure: boolean } | undefined {
  const name = slots.precision?.name ?? '';
  const half = (['fp16', 'bf16'] as const).find((kind) => name === kind || name === `amp-${kind}`);
  return half && { name, half, pure: name === half };
}

/** Ranks follow the width, tokens the sequence, periods the number of steps. */
function scale(use: Use, plan: Plan, run: RunSettings, scaled: PlanEvent['scaled']): Use {
  const args = { ...use.args };
  const set = (argument: string, to: number, why: string) => {
    const from = Number(args[argument]);
    if (to === from) return;
    args[argument] = to;
    scaled.push({ technique: use.name, argument, from, to, why });
  };
  const width = run.hidden / plan.model.hidden;
  const length = run.sequence / plan.sequence;
  const clamp = (value: number, low: number, high: number) => Math.max(Math.min(low, high), Math.min(high, Math.round(value)));
  const smallest = Math.min(run.hidden, (run.hidden / run.heads) * run.kvHeads, run.ffn);
  if ('rank' in args)
    set(
      'rank',
      clamp(Number(args.rank) * Math.min(1, width), Math.min(SMALLEST_RANK, Number(args.rank)), smallest),
      `by the widths, ${run.hidden} to ${plan.model.hidden}, ${SMALLEST_RANK} at least`,
    );
  // The factor alpha / rank of an adapter's product stays what it was.
  const shrunk = Number(args.rank) / Number(use.args.rank);
  if ('alpha' in args && shrunk !== 1) set('alpha', Number(args.alpha) * shrunk, 'with the rank, so that alpha / rank stays');
  for (const argument of ['chunk', 'logits'])
    if (argument in args)
      set(
        argument,
        clamp(Number(args[argument]) * Math.min(1, length), Math.min(SMALLEST_CHUNK, Number(args[argument])), run.sequence),
        `by the sequences, ${run.sequence} to ${plan.sequence}, ${SMALLEST_CHUNK} at least`,
      );
  if ('block' in args) set('block', wholeBlock(Number(args.block)), 'the runner packs four codes to a word');
  if ('every' in args && use.name === 'checkpoint')
    set('every', Math.min(Number(args.every), run.layers), `the proxy has ${run.layers} layers`);
  else if ('every' in args)
    set(
      'every',
      Math.min(Number(args.every), Math.max(1, Math.floor(run.steps / 2))),
      `so that a refresh falls inside ${run.steps} steps`,
    );
  return { name: use.name, args };
}

function checkDimensions(run: RunSettings): void {
  const refuse = (message: string) => {
    throw new RunnerError('run', `The run block does not fit together: ${message}.`);
  };
  const counts: (keyof RunSettings)[] = ['layers', 'hidden', 'heads', 'kvHeads', 'ffn', 'vocab', 'sequence', 'batch', 'steps'];
  for (const name of counts) {
    const value = run[name];
    if (typeof value !== 'number' || !Number.isInteger(value) || value < 1) refuse(`${name} must be a whole number above 0`);
  }
  if (run.hidden % run.heads !== 0) refuse(`hidden ${run.hidden} is no multiple of heads ${run.heads}`);
  if (run.heads % run.kvHeads !== 0) refuse(`heads ${run.heads} is no multiple of kv-heads ${run.kvHeads}`);
  const headDim = run.hidden / run.heads;
  if (headDim % 2 !== 0) refuse(`a head of ${headDim} cannot be rotated by halves`);
  if (headDim > WIDEST_HEAD) refuse(`a head of ${headDim} is wider than ${WIDEST_HEAD}`);
  if (run.batch * run.sequence * Math.max(run.ffn, run.vocab, run.hidden) > MOST)
    refuse('one activation would have more than two thousand million elements');
  if (run.learningRate !== undefined && !(run.learningRate > 0 && run.learningRate < 1e3))
    refuse('learning-rate must lie between 0 and 1000');
}

/** The plan with some slots put back to their defaults or set. */
export function withSlots(plan: Plan, changes: { [slot in TechniqueSlot]?: Use | null }): Plan {
  const slots: Plan['slots'] = { ...plan.slots };
  for (const [slot, use] of Object.entries(changes) as [TechniqueSlot, Use | null][])
    if (use) slots[slot] = use;
    else delete slots[slot];
  return { ...plan, slots };
}
