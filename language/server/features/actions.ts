/** Mends: of mistakes by their fixes, of plans that do not fit by other techniques, each with what it saves and costs. */
import { type CodeAction, CodeActionKind, type Diagnostic, type WorkspaceEdit } from 'vscode-languageserver-types';
import { formatBytes, formatTokens } from '../../../src/plan/format';
import type { Plan } from '../../../src/plan/types';
import { type Answer, findSteps } from '../../../src/planner/answers';
import { apart } from '../../../src/planner/apart';
import { estimate } from '../../../src/planner/estimate';
import { plansOf } from '../../../src/planner/expression';
import { type Fit, fitSteps } from '../../../src/planner/fit';
import type { PlanAnalysis } from '../analyze';
import { type EstimateCache, estimateOf } from '../estimates';
import type { Edit } from '../format';
import { diagnosticOf, editOf } from '../lsp';
import { type Offer, offerSteps } from '../offers';
import { type Price, priceText, triedFits, worth } from '../prices';
import type { Problem } from '../problems';
import { setKey, tokensText } from '../rewrite';
import { overlaps, type Span } from '../span';
import { rewrite } from '../what-if';
import type { View } from '../workspace';

/** Mistakes whose only reading is the nearest word or the right unit: all of a file can be mended at once. */
const SAFE = new Set(['unknown-unit', 'unknown-key', 'unknown-technique', 'unknown-argument', 'unknown-model', 'unknown-device']);
export const FIX_ALL = `${CodeActionKind.SourceFixAll}.memplan`;

const changesOf = ({ document }: View, edits: readonly Edit[]) => ({
  changes: { [document.uri]: edits.map(({ span, text }) => editOf(document, span, text)) },
});

export interface Asked {
  only?: readonly string[] | undefined;
  /** Somebody waits for the list: searches are made for it. Otherwise only what is known of them is offered. */
  waits: boolean;
}

/** What can be done at a place, a search or an estimate a turn. */
export function* codeActionSteps(
  view: View,
  problems: readonly Problem[],
  within: Span,
  cache: EstimateCache,
  { only, waits }: Asked,
): Generator<unknown, CodeAction[]> {
  const wants = (kind: string): boolean => !only || only.some((one) => kind === one || kind.startsWith(`${one}.`));
  const actions: CodeAction[] = [];
  if (wants(CodeActionKind.QuickFix)) {
    for (const problem of problems.filter(({ span }) => overlaps(span, within))) {
      const diagnostics = [diagnosticOf(view, problem)];
      for (const { title, span, text } of problem.fixes ?? []) {
        const preferred = problem.severity === 'error' && problem.fixes?.length === 1;
        actions.push({
          title,
          kind: CodeActionKind.QuickFix,
          diagnostics,
          edit: changesOf(view, [{ span, text }]),
          isPreferred: preferred,
        });
      }
      const plan =
        problem.code === 'exceeds-memory' &&
        view.analysis.plans.find(({ name, whole }) => problem.message.includes(`\`${name}\``) && overlaps(whole, problem.span));
      if (plan) actions.push(...(yield* memoryActions(view, plan, diagnostics, cache, waits)));
    }
  }
  if (wants(FIX_ALL)) {
    const edits = problems.filter(({ code }) => SAFE.has(code)).flatMap(({ fixes }) => fixes?.slice(0, 1) ?? []);
    const clear = edits.filter(({ span }, index) => !edits.slice(0, index).some((other) => overlaps(other.span, span)));
    if (clear.length > 0) actions.push({ title: 'Mend all misspelt words', kind: FIX_ALL, edit: changesOf(view, clear) });
  }
  return actions;
}

/** What a `memplan` action that takes a search is resolved from. */
export interface Pending {
  uri: string;
  plan: string;
  how: 'fit' | 'sequence';
}

/** Most ways to make a plan fit that are offered. */
const WAYS = 8;
/** Most offers of one statement that are shown: the rest costs more for less. */
const SHOWN = 6;

/**
 * Single statements that would lower the peak, by what they save for what they cost; those that make the plan fit come first. The one
 * that saves most is always among them.
 */
function* offersFor(plan: Plan, cache: EstimateCache): Generator<unknown, (Offer & Price)[]> {
  const offers: (Offer & Price)[] = [];
  const found = yield* offerSteps(plan, cache);
  for (const offer of found) {
    offers.push({ ...offer, fits: triedFits(offer.plan, cache) });
    yield;
  }
  const sorted = offers.toSorted((a, b) => Number(b.fits) - Number(a.fits) || worth(b) - worth(a));
  const shown = sorted.slice(0, SHOWN);
  const [most] = offers;
  return !most || shown.includes(most) ? shown : [...shown.slice(0, -1), most];
}

function* memoryActions(
  view: View,
  plan: PlanAnalysis,
  diagnostics: Diagnostic[],
  cache: EstimateCache,
  waits: boolean,
): Generator<unknown, CodeAction[]> {
  const { plan: data } = plan;
  const made = data && cache.brief(data);
  if (!data || !made || 'failure' in made) return [];
  const now = made.estimate;
  const action = (title: string, edits: readonly Edit[], isPreferred: boolean): CodeAction => ({
    title,
    kind: CodeActionKind.QuickFix,
    diagnostics,
    edit: changesOf(view, edits),
    isPreferred,
  });
  const offers = yield* offersFor(data, cache);
  const single = offers.map((offer) =>
    action(`${offer.key} ${offer.text}: ${priceText(offer)}`, [setKey(view.analysis, plan, offer.key, offer.text)], offer.fits),
  );
  const known = waits ? yield* cache.answer({ fit: data }, () => fitSteps(data)) : cache.answered<Fit>({ fit: data });
  // One statement alone is offered above.
  const several = apart((known?.points ?? []).filter(({ edits }) => edits.length > 1))
    .slice(0, WAYS)
    .map(({ edits, plan: changed, estimate: { peak, time } }) => {
      const price = { saved: now.peak.allocated - peak.allocated, pace: time.step / now.time.step, fits: true };
      const texts = edits.map(({ slot, to }) => `${slot} ${to}`).join(' + ');
      return action(
        `Make \`${plan.name}\` fit: ${texts}: ${priceText(price)}`,
        rewrite(view.analysis, plan, data, changed),
        true,
      );
    });
  const longest = waits ? (yield* longestSteps(view, plan, data, cache)).value : undefined;
  const short = longest === undefined ? undefined : cache.trial({ ...data, sequence: longest });
  const shortened =
    longest !== undefined && longest < data.sequence && short && 'allocated' in short
      ? [
          action(
            `sequence ${tokensText(longest)}, the longest that fits: ${priceText({
              saved: now.peak.allocated - short.allocated,
              pace: (short.step / longest) * (data.sequence / now.time.step),
              fits: true,
            })}`,
            [setKey(view.analysis, plan, 'sequence', tokensText(longest))],
            true,
          ),
        ]
      : [];
  const pending = (title: string, how: Pending['how']): CodeAction => ({
    title,
    kind: CodeActionKind.QuickFix,
    diagnostics,
    data: { uri: view.document.uri, plan: plan.name, how } satisfies Pending,
  });
  return [
    ...single,
    ...several,
    ...(known ? [] : [pending(`Make \`${plan.name}\` fit by as many statements as it takes`, 'fit')]),
    ...(waits ? shortened : [pending('Shorten `sequence` to the longest that fits', 'sequence')]),
  ];
}

/** The longest sequence at which a plan fits and holds what it requires: a round one where one is near. */
function* longestSteps(view: View, plan: PlanAnalysis, data: Plan, cache: EstimateCache): Generator<unknown, Answer> {
  const conditions = plan.requires.map(({ condition }) => condition);
  const others = conditions.flatMap(({ left, right }) => [...plansOf(left), ...plansOf(right)]);
  const named = others.map((name) => view.analysis.known.get(name));
  const path = { name: 'sequence' };
  const search = () => findSteps(data, path, 'max', estimate, conditions, estimateOf(view.analysis, cache));
  const found = yield* cache.answer([data, path, 'max', conditions, named], search);
  const { value } = found;
  if (value === undefined || value < 1024) return found;
  const round = Math.floor(value / 256) * 256;
  // The border may be uneven there.
  return estimate({ ...data, sequence: round, order: [] }).fits ? { value: round } : found;
}

/** Searches for the edit of a pending action, a turn after the other; a sentence where there is none. */
export function* resolveSteps(
  view: View,
  { plan: name, how }: Pending,
  cache: EstimateCache,
): Generator<unknown, { edit: WorkspaceEdit } | { problem: string }> {
  const plan = view.analysis.plans.find((one) => one.name === name);
  if (!plan?.plan) return { problem: `Plan \`${name}\` has errors` };
  if (how === 'sequence') {
    const { value, reason } = yield* longestSteps(view, plan, plan.plan, cache);
    if (value === undefined) return { problem: `No \`sequence\` makes \`${name}\` fit: ${reason}` };
    return { edit: changesOf(view, [setKey(view.analysis, plan, 'sequence', tokensText(value))]) };
  }
  const data = plan.plan;
  const { points, floor } = yield* cache.answer({ fit: data }, () => fitSteps(data));
  const best = points[0];
  if (!best) {
    const least = floor ? `; the smallest found needs ${formatBytes(floor.peak)}` : '';
    return {
      problem: `No combination of techniques makes \`${name}\` fit at ${formatTokens(plan.plan.sequence)} tokens${least}`,
    };
  }
  return {
    edit: changesOf(view, rewrite(view.analysis, plan, data, best.plan)),
  };
}
