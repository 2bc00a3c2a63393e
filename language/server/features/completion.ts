/** Completion: what may be written at the cursor, techniques with their prices and the helpful ones first. */
import { type CompletionItem, InsertTextFormat } from 'vscode-languageserver-types';
import { type Plan, TECHNIQUE_SLOTS, type TechniqueSlot } from '../../../src/plan/types';
import { findSpec } from '../../../src/techniques/registry';
import type { EstimateCache } from '../estimates';
import { editOf } from '../lsp';
import { firstUse, knownPrices, type Price, priceOf, priceText, type Refusal, worth } from '../prices';
import type { View } from '../workspace';
import { type Cursor, cursorAt } from './cursor';
import { type Draft, draftsAt } from './drafts';

/** What may be written at an offset; techniques with their prices in the plan there, as far as `cache` has them. */
export function completions(view: View, offset: number, cache: EstimateCache): CompletionItem[] {
  const cursor = cursorAt(view.analysis.syntax, offset);
  const { span, drafts } = draftsAt(view, cursor, offset);
  const target = priced(view, cursor);
  const prices = target && knownPrices(target.plan, target.slot, cache);
  return ranked(drafts, prices).map(({ label, kind, detail, doc, insert = label, first, price }, index) => ({
    label,
    kind,
    ...(price ? { labelDetails: { description: price } } : {}),
    ...(target && prices?.has(label) === false ? { data: unpriced(view, target, label) } : {}),
    ...(price || detail ? { detail: [price, detail].filter(Boolean).join(' · ') } : {}),
    ...(doc ? { documentation: { kind: 'markdown' as const, value: doc } } : {}),
    sortText: `${first ? '0' : '1'}${String(index).padStart(4, '0')}`,
    // The editor filters by the text that is replaced: a string's quotes are part of it.
    filterText: insert.startsWith('"') ? insert : label,
    insertTextFormat: insert.includes('$') ? InsertTextFormat.Snippet : InsertTextFormat.PlainText,
    textEdit: editOf(view.document, span, insert),
  }));
}

/** The plan and the slot whose techniques are asked for: what could stand there has a price. */
export function priced({ analysis }: View, { expected, plan: name }: Cursor): { plan: Plan; slot: TechniqueSlot } | undefined {
  if (expected.kind !== 'value' || expected.block !== 'plan') return undefined;
  const slot = TECHNIQUE_SLOTS.find((one) => one === expected.key);
  const plan = analysis.plans.find((one) => one.name === name)?.draft;
  return slot && plan ? { plan, slot } : undefined;
}

/** What an item whose price is not known yet is resolved from. */
export interface Unpriced {
  uri: string;
  plan: string;
  slot: TechniqueSlot;
  name: string;
}

const unpriced = ({ document }: View, { plan, slot }: { plan: Plan; slot: TechniqueSlot }, name: string): Unpriced => ({
  uri: document.uri,
  plan: plan.name,
  slot,
  name,
});

/** An item with its price: for the one that the reader stops at. */
export function withPrice(item: CompletionItem, plan: Plan, { slot, name }: Unpriced, cache: EstimateCache): CompletionItem {
  const spec = findSpec(slot, name);
  const price = spec && priceOf(plan, slot, firstUse(spec), cache);
  if (!price || 'refused' in price) return item;
  return { ...item, detail: [priceText(price), item.detail].filter(Boolean).join(' · ') };
}

/**
 * The helpful ones first: what fits, then by what it saves for what it costs; what the plan excludes comes last. Until every price is
 * known they stand in their usual order, so that no ranking depends on how fast prices came.
 */
function ranked(drafts: readonly Draft[], prices?: ReadonlyMap<string, Price | Refusal | null>): (Draft & { price?: string })[] {
  if (!prices) return [...drafts];
  const of = ({ label }: Draft) => prices.get(label) ?? undefined;
  const whole = drafts.every(({ label }) => prices.has(label));
  const rank = (draft: Draft): readonly [number, number] => {
    const price = of(draft);
    if (price && 'refused' in price) return [3, 0];
    return whole && price ? [price.fits ? 0 : 1, -worth(price)] : [2, 0];
  };
  return drafts
    .map((draft) => {
      const price = of(draft);
      const text = price && ('refused' in price ? 'excluded here' : priceText(price));
      const why = price && 'refused' in price ? { doc: `**Excluded here:** ${price.refused}\n\n${draft.doc ?? ''}` } : {};
      return { draft: { ...draft, ...why, ...(text ? { price: text } : {}) }, rank: rank(draft) };
    })
    .toSorted((a, b) => a.rank[0] - b.rank[0] || a.rank[1] - b.rank[1])
    .map(({ draft }) => draft);
}
