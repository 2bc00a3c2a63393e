/** What may be written at the cursor, with its documentation. Driven by the registry and the presets. */
import { type CompletionItem, CompletionItemKind, InsertTextFormat } from 'vscode-languageserver-types';
import { familyNames } from '../../../src/plan/families';
import { deviceNames, findDevice } from '../../../src/plan/presets/devices';
import { findModel, modelNames } from '../../../src/plan/presets/models';
import { isSlot, type Plan, TECHNIQUE_SLOTS, type TechniqueSlot } from '../../../src/plan/types';
import { FIGURES } from '../../../src/planner/expression';
import { COUNTS, numbersOf } from '../../../src/planner/knobs';
import { findSpec, specsOf } from '../../../src/techniques/registry';
import type { Argument, Spec } from '../../../src/techniques/spec';
import { DEVICE_KEYS, deviceKeys } from '../devices';
import type { EstimateCache } from '../estimates';
import { editOf } from '../lsp';
import { MODEL_KEYS, modelKeys } from '../models';
import type { Kind } from '../names';
import { PLAN_KEYS } from '../plans';
import { firstUse, knownPrices, type Price, priceOf, priceText, type Refusal, worth } from '../prices';
import { useText } from '../rewrite';
import { runKeys } from '../runs';
import type { Span } from '../span';
import { DECLARATIONS, QUESTIONS } from '../syntax/lexer';
import type { View } from '../workspace';
import { type BlockKind, type Cursor, cursorAt } from './cursor';
import {
  argumentDoc,
  DECLARATION_DOCS,
  defaultOf,
  defaultText,
  deviceDoc,
  FIGURE_DOCS,
  keyDoc,
  modelDoc,
  STATEMENT_DOCS,
  specDoc,
} from './docs';
import { unitDrafts } from './unit-completion';

export interface Draft {
  label: string;
  kind: CompletionItemKind;
  detail?: string | undefined;
  doc?: string | undefined;
  /** A snippet where it holds `$`; the label otherwise. */
  insert?: string;
  /** Sorts before others of the list. */
  first?: boolean;
}

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

function draftsAt(view: View, { expected, word, plan }: Cursor, offset: number): { span: Span; drafts: Draft[] } {
  const at = (drafts: Draft[], span = word) => ({ span, drafts });
  const names = (kind: Kind): Draft[] => namesOf(view, kind);
  switch (expected.kind) {
    case 'declaration':
      return at(
        DECLARATIONS.map((label) => ({
          label,
          kind: CompletionItemKind.Keyword,
          doc: DECLARATION_DOCS[label],
          insert: DECLARATION_SNIPPETS[label] ?? label,
        })),
      );
    case 'after-name':
      return at(
        (expected.declaration === 'plan' ? ['extends'] : ['from']).map((label) => ({ label, kind: CompletionItemKind.Keyword })),
      );
    case 'name':
      return at(names('plan').filter(({ label }) => label !== plan));
    case 'source':
      return sources(view, expected.of, offset);
    case 'key':
      return at(keys(expected.block, expected.stated));
    case 'value':
      return at(values(view, expected.block, expected.key, names));
    case 'argument': {
      const args = findSpec(expected.call.slot, expected.call.name)?.args ?? [];
      return at(args.filter(({ name }) => !expected.given.includes(name)).map(argumentDraft));
    }
    case 'argument-value':
      return at(
        argumentValues(
          findSpec(expected.call.slot, expected.call.name)?.args.find(({ name }) => name === expected.argument),
          names,
        ),
      );
    case 'goal':
      return at(['max', 'min'].map((label) => ({ label, kind: CompletionItemKind.Keyword })));
    case 'path':
      return at(paths(view, plan));
    case 'word':
      return at([{ label: expected.word, kind: CompletionItemKind.Keyword }]);
    case 'expression':
      return at([
        ...FIGURES.map((label) => ({ label, kind: CompletionItemKind.Field, doc: FIGURE_DOCS[label] })),
        ...names('let'),
        ...names('plan').map((one) => ({ ...one, insert: `${one.label}.` })),
        ...['min', 'max'].map((label) => ({ label, kind: CompletionItemKind.Function, insert: `${label}($0)` })),
      ]);
    case 'figure':
      return at(
        view.analysis.modules.get(view.analysis.uri)?.visible.plan.has(expected.plan)
          ? FIGURES.map((label) => ({ label, kind: CompletionItemKind.Field, doc: FIGURE_DOCS[label] }))
          : [],
      );
    case 'unit':
      return unitDrafts(view, expected.number);
    case 'nothing':
      return at([]);
  }
}

const DECLARATION_SNIPPETS: { [word: string]: string } = {
  import: 'import "$0"',
  // biome-ignore-start lint/suspicious/noTemplateCurlyInString: snippets of the protocol
  let: 'let ${1:name} = $0',
  model: 'model ${1:name} from "$0"',
  device: 'device ${1:name} from "$0"',
  plan: 'plan ${1:name} {\n  $0\n}',
  run: 'run ${1:plan} {\n  $0\n}',
  // biome-ignore-end lint/suspicious/noTemplateCurlyInString: snippets of the protocol
};

function namesOf({ analysis }: View, kind: Kind): Draft[] {
  const table = analysis.modules.get(analysis.uri)?.visible[kind] ?? new Map();
  const icon = {
    let: CompletionItemKind.Constant,
    model: CompletionItemKind.Struct,
    device: CompletionItemKind.Value,
    plan: CompletionItemKind.Class,
  }[kind];
  return [...table.values()].map(({ name, node }) => ({
    label: name,
    kind: icon,
    detail: node.$cstNode?.text.split(/[\r\n{]/)[0]?.trim(),
  }));
}

function sources(view: View, of: 'model' | 'device' | 'import', offset: number): { span: Span; drafts: Draft[] } {
  const token = view.analysis.syntax.tokens.find(
    ({ tokenType, startOffset, image }) =>
      tokenType.name === 'STRING' && startOffset < offset && offset <= startOffset + image.length,
  );
  const span = token ? { start: token.startOffset, end: token.startOffset + token.image.length } : { start: offset, end: offset };
  const quoted = (label: string, doc: string | undefined): Draft => ({
    label,
    kind: CompletionItemKind.Value,
    doc,
    insert: `"${label}"`,
  });
  if (of === 'import') return { span, drafts: [] };
  const drafts =
    of === 'model'
      ? modelNames.map((name) => {
          const model = findModel(name);
          return quoted(name, model && modelDoc(model));
        })
      : deviceNames.map((name) => {
          const device = findDevice(name);
          return quoted(name, device && deviceDoc(device));
        });
  return { span, drafts };
}

function keys(block: BlockKind, stated: readonly string[]): Draft[] {
  const all = { plan: PLAN_KEYS, model: modelKeys, device: deviceKeys, run: runKeys }[block];
  const settings = all
    .filter((key) => !stated.includes(key))
    .map((label): Draft => {
      const standard = block === 'plan' && isSlot(label) ? defaultOf(label) : undefined;
      return {
        label,
        kind: CompletionItemKind.Property,
        doc: keyDoc(block, label),
        detail: standard && `default ${standard}`,
        insert: `${label} $0`,
      };
    });
  if (block !== 'plan') return settings;
  const questions = Object.keys(QUESTIONS).map(
    (label): Draft => ({
      label,
      kind: CompletionItemKind.Keyword,
      doc: STATEMENT_DOCS[label],
      insert: QUESTION_SNIPPETS[label] ?? label,
    }),
  );
  return [...settings, ...questions];
}

const QUESTION_SNIPPETS: { [word: string]: string } = {
  require: 'require peak <= $0',
  find: 'find max $0',
  // biome-ignore lint/suspicious/noTemplateCurlyInString: a snippet of the protocol
  sweep: 'sweep ${1:sequence} in [$0]',
  compare: 'compare to $0',
};

function values(view: View, block: BlockKind, key: string, names: (kind: Kind) => Draft[]): Draft[] {
  if (block === 'plan') {
    if (key === 'model' || key === 'device') return names(key);
    if (isSlot(key)) return specsOf(key).map((spec) => techniqueDraft(spec, defaultOf(key)));
    return names('let');
  }
  if (block === 'model' && MODEL_KEYS[key]?.read === 'family')
    return familyNames.map((label) => ({ label, kind: CompletionItemKind.EnumMember }));
  if (block === 'model' && MODEL_KEYS[key]?.read === 'boolean') return booleans();
  if (block === 'device' && !DEVICE_KEYS[key]) return [];
  return view.analysis ? names('let') : [];
}

const booleans = (): Draft[] => ['true', 'false'].map((label) => ({ label, kind: CompletionItemKind.Keyword }));

/** Required arguments are asked for at once; the others have defaults. */
function techniqueDraft(spec: Spec, standard?: string): Draft {
  const { args } = firstUse(spec);
  const list = Object.entries(args).map(([name, value], index) => {
    const alone = useText(spec.slot, { name: spec.name, args: { [name]: value } });
    return `${name}: \${${index + 1}:${alone.slice(`${spec.name}(${name}: `.length, -1)}}`;
  });
  return {
    label: spec.name,
    kind: CompletionItemKind.Function,
    detail: spec.name === standard ? `default. ${spec.summary}` : spec.summary,
    doc: specDoc(spec),
    insert: list.length > 0 ? `${spec.name}(${list.join(', ')})` : spec.name,
  };
}

const argumentDraft = (argument: Argument): Draft => ({
  label: argument.name,
  kind: CompletionItemKind.Field,
  detail: argument.default === undefined ? 'required' : `default ${defaultText(argument)}`,
  doc: argumentDoc(argument),
  insert: `${argument.name}: $0`,
  first: argument.default === undefined,
});

function argumentValues(argument: Argument | undefined, names: (kind: Kind) => Draft[]): Draft[] {
  const { type } = argument ?? {};
  const words = (list: readonly string[], kind: CompletionItemKind): Draft[] => list.map((label) => ({ label, kind }));
  switch (type?.kind) {
    case 'boolean':
      return booleans();
    case 'choice':
    case 'list':
      return words(type.of, CompletionItemKind.EnumMember);
    case 'string':
      return (type.examples ?? []).map((example) => ({ label: `"${example}"`, kind: CompletionItemKind.Value }));
    case 'technique':
      return type.of.flatMap((name) => {
        const spec = findSpec(type.slot, name);
        return spec ? [techniqueDraft(spec)] : [];
      });
    case 'count':
    case 'number':
      return names('let');
    default:
      return [];
  }
}

/** Numbers of a plan that can be turned. */
function paths({ analysis }: View, plan: string | undefined): Draft[] {
  const one = analysis.plans.find(({ name }) => name === plan);
  const data = one?.plan ?? one?.draft;
  const numbers: ReturnType<typeof numbersOf> = data ? numbersOf(data) : COUNTS.map((label) => ({ label }));
  return numbers.map(({ label, spec, argument }): Draft => {
    if (!spec) return { label, kind: CompletionItemKind.Property, doc: keyDoc('plan', label) ?? keyDoc('model', label) };
    const doc = spec.args.find(({ name }) => name === argument)?.doc;
    return { label, kind: CompletionItemKind.Field, doc, detail: spec.name };
  });
}
