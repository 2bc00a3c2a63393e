/** Costs that estimators do not tell: each with its price for this plan, and the change that avoids it. */
import { formatBytes } from '../../src/plan/format';
import { isListSlot, type Plan, type Slot, type Use } from '../../src/plan/types';
import { parameterCount } from '../../src/plan/weights';
import { estimate } from '../../src/planner/estimate';
import { findSpec, findTechnique, usesIn } from '../../src/techniques/registry';
import { complete } from '../../src/techniques/spec';
import type { Analysis, PlanAnalysis } from './analyze';
import type { EstimateCache } from './estimates';
import type { Code, Problem } from './problems';
import { ownStatement, setKey, useText } from './rewrite';

interface Lint {
  code: Code;
  slot: Slot;
  /** What would stand in its place; undefined where the lint does not apply. `use` is complete. */
  instead(use: Use, plan: Plan): Use | undefined;
  /** It is a mistake whatever it costs. */
  always?: true;
  /** What costs it, as the beginning of a sentence. */
  cost: string;
  /** What the change gives up. */
  but: string;
}

const changed = (use: Use, name: string, value: Use['args'][string]): Use => ({
  name: use.name,
  args: { ...use.args, [name]: value },
});

const LINTS: readonly Lint[] = [
  {
    code: 'lora-dropout',
    slot: 'train',
    instead: (use) => (typeof use.args.dropout === 'number' && use.args.dropout > 0 ? changed(use, 'dropout', 0) : undefined),
    cost: 'Dropout before the adapters keeps a mask and a dropped copy of every target’s input',
    but: 'the adapters then train without dropout',
  },
  {
    code: 'fp32-adapters',
    slot: 'train',
    instead: (use, plan) =>
      use.args['adapter-precision'] === 'fp32' && plan.slots.precision?.name !== 'fp32'
        ? changed(use, 'adapter-precision', 'bf16')
        : undefined,
    cost: 'Adapters in float32 keep a float32 copy of every target’s input',
    but: 'the adapters are then updated in bfloat16',
  },
  {
    code: 'foreach-temporaries',
    slot: 'optimizer',
    instead: (use) => (use.args.foreach === true ? changed(use, 'foreach', false) : undefined),
    cost: 'The foreach optimizer makes its temporaries for all parameters at once',
    but: 'the optimizer step launches more kernels',
  },
  {
    code: 'held-logits',
    slot: 'engine',
    instead: (use) => (use.args['hold-output'] === true ? changed(use, 'hold-output', false) : undefined),
    cost: 'The training loop holds the model’s output, and its logits, during backward',
    but: 'the loop must drop the output before `backward()`',
  },
  {
    code: 'full-logits',
    slot: 'loss',
    instead: (use) => (use.name === 'cross-entropy' ? { name: 'cut-cross-entropy', args: {} } : undefined),
    cost: 'Cross-entropy makes the logits of all tokens at once',
    but: 'the head’s product is computed again in backward',
  },
  {
    code: 'stored-attention',
    slot: 'attention',
    instead: (use) => (use.name === 'eager' || use.name === 'math' ? { name: 'sdpa', args: {} } : undefined),
    cost: 'Attention that is written out keeps its scores and probabilities, which grow with the square of the sequence',
    but: 'the kernel is fused, and attention weights cannot be returned (`output_attentions`)',
  },
  {
    code: 'attention-mask',
    slot: 'attention',
    instead: (use) => (use.args.mask === true ? changed(use, 'mask', false) : undefined),
    cost: 'An explicit mask repeats keys and values to every query head, and each layer keeps a copy of it',
    but: 'batches must be packed, or padded on the right and their mask dropped',
  },
  {
    code: 'autocast-copies',
    slot: 'precision',
    instead: (use) => (use.name.startsWith('amp-') ? { name: use.name.slice('amp-'.length), args: {} } : undefined),
    cost: 'Autocast keeps float32 weights, a cast copy of each until its backward, and a float32 residual stream',
    but: 'weights, gradients and states are kept in 16 bits too',
  },
  {
    code: 'reentrant-trains-nothing',
    slot: 'backward',
    instead: (use, plan) => (use.args.reentrant === true && frozenEmbedding(plan) ? changed(use, 'reentrant', false) : undefined),
    always: true,
    cost: 'Reentrant checkpoints pass gradients only where an input requires one, and the embedding is frozen: unless its output is made to require a gradient (`enable_input_require_grads`), nothing trains',
    but: 'every parameter that learns gets its gradient',
  },
  {
    code: 'reentrant-checkpoints',
    slot: 'backward',
    instead: (use, plan) =>
      use.args.reentrant === true && !frozenEmbedding(plan) ? changed(use, 'reentrant', false) : undefined,
    cost: 'A reentrant checkpoint holds its output and the output’s gradient until the whole segment is differentiated',
    but: 'nothing is given up',
  },
  {
    code: 'large-buckets',
    slot: 'parallel',
    instead: (use, plan) => (use.name === 'zero' ? withinModel(use, parameterCount(plan.model)) : undefined),
    cost: 'ZeRO’s buckets are larger than the model: each is allocated whole',
    but: 'nothing is given up: a bucket never holds more than all parameters',
  },
  {
    code: 'second-bucket',
    slot: 'parallel',
    instead: (use) =>
      use.name === 'zero' && use.args['overlap-comm'] === true ? changed(use, 'overlap-comm', false) : undefined,
    cost: '`overlap_comm` keeps a second reduce bucket',
    but: 'gradients are reduced after backward has filled a bucket, not beside it',
  },
  {
    code: 'gradient-buckets',
    slot: 'parallel',
    instead: (use) =>
      use.name === 'data' && use.args['bucket-view'] === false && use.args.n !== 1
        ? changed(use, 'bucket-view', true)
        : undefined,
    cost: 'DDP’s buckets are a second copy of all gradients',
    but: 'gradients are views of the buckets, which must not be detached in place',
  },
  {
    code: 'whole-gradients',
    slot: 'parallel',
    instead: (use) => (use.name === 'fsdp' && use.args.sync === false ? changed(use, 'sync', true) : undefined),
    cost: 'Without synchronization every card keeps whole gradients until the last micro-batch',
    but: 'gradients are reduced with every micro-batch',
  },
];

/** What learns is beside or inside layers alone: no gradient reaches the embedding. */
const frozenEmbedding = ({ slots }: Plan): boolean =>
  slots.train !== undefined && !['full', 'lisa', 'owlore'].includes(slots.train.name);

const BUCKETS = ['reduce-bucket', 'allgather-bucket', 'prefetch-bucket', 'live-parameters'];

/** ZeRO's buckets cut to the model; undefined where none is larger. */
function withinModel(use: Use, parameters: number): Use | undefined {
  const larger = BUCKETS.filter((name) => Number(use.args[name]) > parameters);
  if (larger.length === 0) return undefined;
  return { name: use.name, args: { ...use.args, ...Object.fromEntries(larger.map((name) => [name, parameters])) } };
}

/** Below this share of the card, and this many bytes, a cost is not worth a remark. */
const WORTH = { share: 0.01, bytes: 64 * 1024 ** 2 };

/** Lints of a plan, yielding after every estimate. A cost that is inherited is remarked on where it is stated. */
export function* lintsOn(analysis: Analysis, plan: PlanAnalysis, cache: EstimateCache): Generator<void, Problem[]> {
  const { plan: data } = plan;
  const problems: Problem[] = [];
  const made = data && cache.brief(data);
  if (!data || !made || 'failure' in made) return problems;
  for (const lint of LINTS) {
    const own = ownStatement(analysis, plan, lint.slot);
    // A default is remarked on in the plan that others extend.
    if (!own && (plan.stated.has(lint.slot) || plan.base !== undefined)) continue;
    for (const [index, use] of usesIn(data, lint.slot).entries()) {
      const changed = alternative(lint, use, data);
      if (!changed) continue;
      const other = withUse(data, lint.slot, index, changed);
      const { peak } = yield* cache.answer(['lint', lint.code, data], () => priced(other));
      const saved = made.estimate.peak.allocated - peak;
      if (!lint.always && saved < Math.max(WORTH.bytes, WORTH.share * made.estimate.usable)) continue;
      const text = textOf(other, lint.slot);
      const edit = setKey(analysis, plan, lint.slot, text);
      problems.push({
        severity: lint.always ? 'warning' : 'information',
        code: lint.code,
        message: `${lint.cost}: ${formatBytes(saved)} of the peak in plan \`${plan.name}\`. With \`${text}\` ${lint.but}`,
        span: own?.value ?? plan.span,
        fixes: [{ title: `${text}: ${saved < 0 ? '+' : '−'}${formatBytes(Math.abs(saved))}`, ...edit }],
      });
    }
  }
  problems.push(...unproved(analysis, plan, cache));
  return problems;
}

/** What would be written in place of a use: its own arguments and those that change, not the defaults. */
function alternative(lint: Lint, use: Use, plan: Plan): Use | undefined {
  const spec = findSpec(lint.slot, use.name);
  const instead = spec && lint.instead(complete(spec, use), plan);
  if (!instead || instead.name !== use.name) return instead;
  return { name: use.name, args: { ...use.args, ...difference(complete(spec, use), instead) } };
}

function withUse(plan: Plan, slot: Slot, index: number, use: Use): Plan {
  if (!isListSlot(slot)) return { ...plan, slots: { ...plan.slots, [slot]: use } };
  return { ...plan, lists: { ...plan.lists, [slot]: (plan.lists[slot] ?? []).with(index, use) } };
}

/** A slot as it would be written. */
function textOf(plan: Plan, slot: Slot): string {
  const texts = usesIn(plan, slot).map((use) => useText(slot, use));
  return isListSlot(slot) && texts.length !== 1 ? `[${texts.join(', ')}]` : (texts[0] ?? '');
}

/** Slots that say how a framework computes: the proxy has its own ways, and proves nothing of them. */
const FRAMEWORK: ReadonlySet<Slot> = new Set<Slot>(['engine', 'allocator', 'gradients', 'precision']);

/** Techniques of a plan with a `run` block that its proxy does not execute. */
function unproved(analysis: Analysis, plan: PlanAnalysis, cache: EstimateCache): Problem[] {
  const { plan: data } = plan;
  if (!data || !plan.hasRun) return [];
  return data.order.flatMap((slot): Problem[] => {
    const own = ownStatement(analysis, plan, slot);
    const left = usesIn(data, slot).filter(({ name }) => !FRAMEWORK.has(slot) && !findTechnique(slot, name)?.webgpu);
    if (!own || left.length === 0) return [];
    const made = cache.get(data);
    const steps = 'estimate' in made ? made.estimate.waterfall.filter((step) => step.slot === slot) : [];
    const saved = steps.reduce((sum, { before, after }) => sum + before - after, 0);
    const names = left.map(({ name }) => `\`${name}\``).join(', ');
    const price = `${saved < 0 ? '+' : '−'}${formatBytes(Math.abs(saved))}`;
    const message = `“Run on GPU” does not prove ${names}: its runner does not execute ${left.length > 1 ? 'them' : 'it'}, and ${price} in plan \`${plan.name}\` rest on the estimate alone`;
    return [{ severity: 'information', code: 'unproved-technique', message, span: own.value }];
  });
}

/** Arguments of `to` that `from` has otherwise. */
const difference = (from: Use, to: Use): Use['args'] =>
  Object.fromEntries(Object.entries(to.args).filter(([name, value]) => from.args[name] !== value));

// biome-ignore lint/correctness/useYield: an estimate is one step
function* priced(plan: Plan): Generator<void, { peak: number }> {
  try {
    return { peak: estimate({ ...plan, order: [] }).peak.allocated };
  } catch {
    return { peak: Number.POSITIVE_INFINITY };
  }
}
