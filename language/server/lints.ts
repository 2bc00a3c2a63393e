/** Costs that estimators do not tell: each with its price for this plan, and the change that avoids it. */
import { formatBytes } from '../../src/plan/format';
import type { Plan, TechniqueSlot, Use } from '../../src/plan/types';
import { estimate } from '../../src/planner/estimate';
import { DEFAULT_USE, findSpec } from '../../src/techniques/registry';
import { complete } from '../../src/techniques/spec';
import type { Analysis, PlanAnalysis } from './analyze';
import type { EstimateCache } from './estimates';
import type { Code, Problem } from './problems';
import { ownStatement, setKey, useText } from './rewrite';

interface Lint {
  code: Code;
  slot: TechniqueSlot;
  /** What the slot would hold instead; undefined where the lint does not apply. `use` is complete. */
  instead(use: Use, plan: Plan): Use | undefined;
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
];

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
    const use = data.slots[lint.slot] ?? DEFAULT_USE[lint.slot];
    const spec = use && findSpec(lint.slot, use.name);
    const alternative = use && spec && lint.instead(complete(spec, use), data);
    if (!use || !alternative) continue;
    const written: Use = {
      name: alternative.name,
      args: alternative.name === use.name ? { ...use.args, ...difference(complete(spec, use), alternative) } : {},
    };
    const { peak } = yield* cache.answer(['lint', lint.code, data], () =>
      priced({ ...data, slots: { ...data.slots, [lint.slot]: written } }),
    );
    const saved = made.estimate.peak.allocated - peak;
    if (saved < Math.max(WORTH.bytes, WORTH.share * made.estimate.usable)) continue;
    const edit = setKey(analysis, plan, lint.slot, useText(lint.slot, written));
    problems.push({
      severity: 'information',
      code: lint.code,
      message: `${lint.cost}: ${formatBytes(saved)} of the peak in plan \`${plan.name}\`. With \`${useText(lint.slot, written)}\` ${lint.but}`,
      span: own?.value ?? plan.span,
      fixes: [{ title: `${useText(lint.slot, written)}: −${formatBytes(saved)}`, ...edit }],
    });
  }
  return problems;
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
