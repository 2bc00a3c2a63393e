/** Mends: of mistakes by their fixes, of plans that do not fit by other techniques, each with what it saves and costs. */
import { type CodeAction, CodeActionKind, type Diagnostic, type WorkspaceEdit } from 'vscode-languageserver-types';
import { formatBytes, formatTokens } from '../../../src/plan/format';
import type { TechniqueSlot, Use } from '../../../src/plan/types';
import { find } from '../../../src/planner/answers';
import { estimate } from '../../../src/planner/estimate';
import { candidatesOf, FIT_SLOTS, fit as waysToFit } from '../../../src/planner/fit';
import type { PlanAnalysis } from '../analyze';
import type { EstimateCache } from '../estimates';
import type { Edit } from '../format';
import { diagnosticOf, editOf } from '../lsp';
import { type Price, priceText, worth } from '../prices';
import type { Problem } from '../problems';
import { merged, setKey, tokensText, useText } from '../rewrite';
import { overlaps, type Span } from '../span';
import type { View } from '../workspace';

/** Mistakes whose only reading is the nearest word or the right unit: all of a file can be mended at once. */
const SAFE = new Set(['unknown-unit', 'unknown-key', 'unknown-technique', 'unknown-argument', 'unknown-model', 'unknown-device']);
export const FIX_ALL = `${CodeActionKind.SourceFixAll}.memplan`;

const changesOf = ({ document }: View, edits: readonly Edit[]) => ({
  changes: { [document.uri]: edits.map(({ span, text }) => editOf(document, span, text)) },
});

export function codeActions(
  view: View,
  problems: readonly Problem[],
  within: Span,
  cache: EstimateCache,
  only?: readonly string[],
): CodeAction[] {
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
      if (plan) actions.push(...memoryActions(view, plan, diagnostics, cache));
    }
  }
  if (wants(FIX_ALL)) {
    const edits = problems.filter(({ code }) => SAFE.has(code)).flatMap(({ fixes }) => fixes?.slice(0, 1) ?? []);
    if (edits.length > 0) actions.push({ title: 'Mend all misspelt words', kind: FIX_ALL, edit: changesOf(view, edits) });
  }
  return actions;
}

/** What a `memplan` action that takes a search is resolved from. */
export interface Pending {
  uri: string;
  plan: string;
  how: 'fit' | 'sequence';
}

interface Offer extends Price {
  slot: TechniqueSlot;
  use: Use;
}

/** Most offers of one statement that are shown: the rest costs more for less. */
const SHOWN = 6;

/** Single statements that would lower the peak, by what they save for what they cost; those that make the plan fit come first. */
function memoryActions(view: View, plan: PlanAnalysis, diagnostics: Diagnostic[], cache: EstimateCache): CodeAction[] {
  const { plan: data } = plan;
  const made = data && cache.brief(data);
  if (!data || !made || 'failure' in made) return [];
  const now = made.estimate;
  const offers: Offer[] = FIT_SLOTS.flatMap((slot) =>
    candidatesOf(data, [slot])
      .filter(({ changed, peak }) => changed.length === 1 && now.peak.allocated - peak > now.peak.allocated / 100)
      .map(({ plan: other, peak, time }): Offer => {
        const use = other.slots[slot] as Use;
        return {
          slot,
          use,
          saved: now.peak.allocated - peak,
          pace: time / now.time.step,
          fits: estimate({ ...other, order: [] }).fits,
        };
      }),
  );
  const sorted = offers.toSorted((a, b) => Number(b.fits) - Number(a.fits) || worth(b) - worth(a)).slice(0, SHOWN);
  const actions = sorted.map((offer): CodeAction => {
    const text = useText(offer.slot, offer.use);
    return {
      title: `${text}: ${priceText(offer)}`,
      kind: CodeActionKind.QuickFix,
      diagnostics,
      edit: changesOf(view, [setKey(view.analysis, plan, offer.slot, text)]),
      isPreferred: offer.fits,
    };
  });
  const pending = (title: string, how: Pending['how']): CodeAction => ({
    title,
    kind: CodeActionKind.QuickFix,
    diagnostics,
    data: { uri: view.document.uri, plan: plan.name, how } satisfies Pending,
  });
  return [
    ...actions,
    pending(`Make \`${plan.name}\` fit by as many statements as it takes`, 'fit'),
    pending('Shorten `sequence` to the longest that fits', 'sequence'),
  ];
}

/** Searches for the edit of a pending action; a sentence where there is none. */
export function resolvePending(view: View, { plan: name, how }: Pending): { edit: WorkspaceEdit } | { problem: string } {
  const plan = view.analysis.plans.find((one) => one.name === name);
  if (!plan?.plan) return { problem: `Plan \`${name}\` has errors` };
  if (how === 'sequence') {
    const { value, reason } = find(
      plan.plan,
      { name: 'sequence' },
      'max',
      estimate,
      plan.requires.map(({ condition }) => condition),
      (other) => {
        const data = view.analysis.known.get(other);
        return data && estimate(data);
      },
    );
    if (value === undefined) return { problem: `No \`sequence\` makes \`${name}\` fit: ${reason}` };
    // A round number where one is near, unless the border is uneven there.
    const round = value >= 1024 ? Math.floor(value / 256) * 256 : value;
    const chosen = estimate({ ...plan.plan, sequence: round, order: [] }).fits ? round : value;
    return { edit: changesOf(view, [setKey(view.analysis, plan, 'sequence', tokensText(chosen))]) };
  }
  const { points, floor } = waysToFit(plan.plan);
  const best = points[0];
  if (!best) {
    const least = floor ? `; the smallest found needs ${formatBytes(floor.peak)}` : '';
    return {
      problem: `No combination of techniques makes \`${name}\` fit at ${formatTokens(plan.plan.sequence)} tokens${least}`,
    };
  }
  return {
    edit: changesOf(view, merged(best.edits.map(({ slot, use }) => setKey(view.analysis, plan, slot, useText(slot, use))))),
  };
}
