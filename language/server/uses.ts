/** Techniques put to use: names, arguments and relations, checked against the registry's specs. */
import type { AstNode } from 'langium';
import { nearest } from '../../src/plan/nearest';
import type { Plan, Slot, Use, Value } from '../../src/plan/types';
import { cautionsOf, conflictsOf, refusalsOf, warningsOf } from '../../src/techniques/compatibility';
import { allSpecs, findSpec, specsOf } from '../../src/techniques/registry';
import type { Argument as ArgumentSpec, Spec } from '../../src/techniques/spec';
import type { Argument, Word } from '../generated/ast';
import { isListLiteral, isSetting, isWord } from '../generated/ast';
import type { Context, Located } from './context';
import { booleanOf, choiceOf, choicesOf, countOf, isPlainWord, numberOf, stringOf } from './conversions';
import { spanOfProperty } from './names';
import { firstUse } from './prices';
import type { Fix, Problem } from './problems';
import { useText } from './rewrite';
import { spanOf } from './span';
import type { Expression } from './tree';
import { deref, kindOfValue } from './values';

/** The word that names a technique of `slot`: as written, or through a `let`. */
function techniqueWord(context: Context, at: Located<Expression>, slot: Slot): Located<Word> | undefined {
  if (isWord(at.node) && at.node.member === undefined && findSpec(slot, at.node.name)) return at as Located<Word>;
  const { node, uri } = deref(context, at);
  return isWord(node) && node.member === undefined ? { node, uri } : undefined;
}

/** One technique of a slot with its arguments; undefined where it has an error, which is reported. */
export function useOf(context: Context, at: Located<Expression>, slot: Slot, among?: readonly string[]): Use | undefined {
  const found = techniqueWord(context, at, slot);
  if (!found) {
    const example = specsOf(slot)[0]?.name ?? '';
    return context.error(
      at.uri,
      'wrong-type',
      `\`${slot}\` wants a technique${example ? `, such as \`${example}\`` : ''}, not ${kindOfValue(at.node)}`,
      spanOf(at.node),
    );
  }
  const { node, uri } = found;
  const spec = findSpec(slot, node.name);
  if (!spec || (among && !among.includes(node.name))) return unknownTechnique(context, found, slot, among);
  return argumentsOf(context, spec, node, uri);
}

function unknownTechnique(context: Context, { node, uri }: Located<Word>, slot: Slot, among?: readonly string[]): undefined {
  const span = spanOfProperty(node, 'name');
  const choices = among ?? specsOf(slot).map(({ name }) => name);
  const elsewhere = allSpecs.filter(({ name }) => name === node.name).map((spec) => spec.slot);
  if (elsewhere.length > 0 && !among) {
    const slots = elsewhere.map((other) => `\`${other}\``).join(' or ');
    const close = nearest(node.name, choices);
    const message = `\`${node.name}\` belongs in ${slots}, not in \`${slot}\`, which knows ${choices.map((choice) => `\`${choice}\``).join(', ')}`;
    const fixes = close ? [{ title: `Change to \`${close}\``, span, text: close }] : [];
    return context.error(uri, 'wrong-slot', message, span, { fixes: [...moved(node, elsewhere), ...fixes] });
  }
  return context.unknown(uri, 'unknown-technique', `\`${slot}\` knows no technique \`${node.name}\``, node.name, span, choices);
}

/** A technique alone in its statement goes with it to the slot that it belongs in, where the plan does not state that one. */
function moved(node: Word, slots: readonly Slot[]): Fix[] {
  const setting: AstNode | undefined = node.$container;
  const [slot] = slots;
  if (!slot || slots.length > 1 || !isSetting(setting)) return [];
  const statements = setting.$container.statements;
  if (statements.some((one) => isSetting(one) && one.key === slot)) return [];
  return [{ title: `Change the statement to \`${slot}\``, span: spanOfProperty(setting, 'key'), text: slot }];
}

function argumentsOf(context: Context, spec: Spec, node: Word, uri: string): Use | undefined {
  const written: readonly Argument[] = node.call ? node.args : [];
  const nameSpan = spanOfProperty(node, 'name');
  const args: Use['args'] = {};
  const names = spec.args.map(({ name }) => name);
  let whole = true;
  const seen = new Map<string, Argument>();
  for (const [index, argument] of written.entries()) {
    // A lone value means the first argument, as in `data(8)`; any other must be named.
    const name = argument.name ?? (index === 0 ? names[0] : undefined);
    const span = argument.name === undefined ? spanOf(argument) : spanOfProperty(argument, 'name');
    const known = spec.args.find((one) => one.name === name);
    const problem = (): undefined => {
      if (argument.name === undefined && names.length === 0)
        return context.error(uri, 'unknown-argument', `\`${spec.name}\` takes no arguments`, span);
      if (name === undefined) {
        const next = names.find((one) => !seen.has(one) && !written.some((other) => other.name === one));
        return context.error(
          uri,
          'unnamed-argument',
          `Arguments are written with their names, such as \`${next ?? names[0]}: …\``,
          span,
          next
            ? { fixes: [{ title: `Name it \`${next}\``, span: { start: span.start, end: span.start }, text: `${next}: ` }] }
            : {},
        );
      }
      if (!known)
        return context.unknown(uri, 'unknown-argument', `\`${spec.name}\` has no argument \`${name}\``, name, span, names);
      const first = seen.get(name);
      if (first) {
        const related = [{ uri, span: spanOf(first), message: 'given here first' }];
        return context.error(uri, 'duplicate-argument', `\`${name}\` is given twice`, span, { related });
      }
    };
    const before = context.problems.get(uri)?.length ?? 0;
    problem();
    if ((context.problems.get(uri)?.length ?? 0) > before || !known || name === undefined) {
      whole = false;
      continue;
    }
    seen.set(name, argument);
    if (!argument.value) {
      whole = false;
      continue;
    }
    const value = argumentValue(context, { node: argument.value, uri }, spec, known);
    if (value === undefined) whole = false;
    else args[name] = value;
  }
  for (const { name, default: otherwise } of spec.args) {
    if (otherwise !== undefined || seen.has(name)) continue;
    whole = false;
    context.error(
      uri,
      'missing-argument',
      `\`${spec.name}\` needs \`${name}\`, which has no default: \`${spec.name}(${name}: …)\``,
      nameSpan,
      { fixes: [withArguments(spec, node, written, seen)] },
    );
  }
  return whole ? { name: spec.name, args } : undefined;
}

/** Adds every argument that a technique must be given, with a value to begin from. */
function withArguments(spec: Spec, node: Word, written: readonly Argument[], given: ReadonlyMap<string, Argument>): Fix {
  const missing = Object.entries(firstUse(spec).args).filter(([name]) => !given.has(name));
  const list = missing.map(([name, value]) => {
    const alone = useText(spec.slot, { name: spec.name, args: { [name]: value } });
    return alone.slice(spec.name.length + 1, -1);
  });
  const title = `Add \`${list.join(', ')}\``;
  const last = written.at(-1);
  const end = spanOf(node).end;
  if (last) return { title, span: { start: spanOf(last).end, end: spanOf(last).end }, text: `, ${list.join(', ')}` };
  return { title, span: { start: spanOfProperty(node, 'name').end, end }, text: `(${list.join(', ')})` };
}

function argumentValue(context: Context, at: Located<Expression>, spec: Spec, { name, type }: ArgumentSpec): Value | undefined {
  const label = `\`${name}\` of \`${spec.name}\``;
  switch (type.kind) {
    case 'count':
      return countOf(context, at, label, type);
    case 'number':
      return numberOf(context, at, label, type);
    case 'boolean':
      return booleanOf(context, at, label);
    case 'choice':
      return choiceOf(context, at, label, type.of);
    case 'string':
      return stringOf(context, at, label, type.examples?.[0] ?? '…');
    case 'list':
      return choicesOf(context, at, label, type.of);
    case 'technique':
      return useOf(context, at, type.slot, type.of);
  }
}

/** Techniques of a list slot; one alone may stand without brackets. */
export function usesOf(context: Context, at: Located<Expression>, slot: Slot): Use[] | undefined {
  const { node, uri } = deref(context, at);
  const items = isListLiteral(node) ? node.items.map((item) => ({ node: item, uri })) : [at];
  const uses = items.map((item) => useOf(context, item, slot));
  return uses.some((use) => use === undefined) ? undefined : (uses as Use[]);
}

/** What is to be said of the techniques of a plan together. */
export interface Clash extends Pick<Problem, 'code' | 'message'> {
  /** The slots that take part, and the technique in each. */
  parts: { slot: Slot; name?: string | undefined }[];
}

/** What is wrong with the techniques of a plan together. */
export function conflicts(plan: Plan): Clash[] {
  const refused = refusalsOf(plan).map(({ slot, name, why }) => ({
    code: 'impossible-technique' as const,
    message: `\`${name}\` cannot be had here: ${why}`,
    parts: [{ slot, name }],
  }));
  const broken = conflictsOf(plan).map(({ slot, name, kind, relation, other }): Clash => {
    const parts = [
      { slot, name },
      { slot: relation.slot, name: other },
    ];
    if (kind === 'excludes') {
      return {
        code: 'excluded-technique',
        message: `\`${name}\` and \`${other}\` (${relation.slot}) exclude one another: ${relation.why}`,
        parts,
      };
    }
    const names = relation.names.map((one) => `\`${one}\``).join(' or ');
    const wanted = relation.names.includes('*') ? `a stated \`${relation.slot}\`` : `\`${relation.slot}\` ${names}`;
    return { code: 'needed-technique', message: `\`${name}\` needs ${wanted}: ${relation.why}`, parts };
  });
  return [...broken, ...refused];
}

/** What works together, and should be known all the same. */
export const cautions = (plan: Plan): Clash[] => [
  ...cautionsOf(plan).map(({ slot, name, relation, other }) => ({
    code: 'caution' as const,
    message: `\`${name}\` with \`${other}\` (${relation.slot}): ${relation.why}`,
    parts: [
      { slot, name },
      { slot: relation.slot, name: other },
    ],
  })),
  ...warningsOf(plan).map(({ slot, name, why }) => ({
    code: 'caution' as const,
    message: `\`${name}\`: ${why}`,
    parts: [{ slot, name }],
  })),
];

export const isTechniqueName = (node: Expression): boolean =>
  isPlainWord(node) && allSpecs.some(({ name }) => name === node.name);
