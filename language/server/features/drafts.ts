/** What may be written at the cursor, with its documentation. Driven by the registry and the presets. */
import { CompletionItemKind } from 'vscode-languageserver-types';
import { familyNames } from '../../../src/plan/families';
import { deviceNames, findDevice } from '../../../src/plan/presets/devices';
import { findModel, modelNames } from '../../../src/plan/presets/models';
import { isSlot } from '../../../src/plan/types';
import { FIGURES } from '../../../src/planner/expression';
import { COUNTS, numbersOf } from '../../../src/planner/knobs';
import { findSpec, specsOf } from '../../../src/techniques/registry';
import type { Argument, Spec } from '../../../src/techniques/spec';
import { DEVICE_KEYS, deviceKeys } from '../devices';
import { MODEL_KEYS, modelKeys } from '../models';
import type { Kind } from '../names';
import { PLAN_KEYS } from '../plans';
import { firstUse } from '../prices';
import { useText } from '../rewrite';
import { runKeys } from '../runs';
import type { Span } from '../span';
import { DECLARATIONS, QUESTIONS } from '../syntax/lexer';
import type { View } from '../workspace';
import type { BlockKind, Cursor } from './cursor';
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

/** In place of which words, and what. */
export function draftsAt(view: View, { expected, word, plan }: Cursor, offset: number): { span: Span; drafts: Draft[] } {
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
