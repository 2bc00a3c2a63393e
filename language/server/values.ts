/** Expressions of the tree → values with checked units. */
import type { Expression as Computed, Figure, Operator } from '../../src/planner/expression';
import { evaluate, FIGURES } from '../../src/planner/expression';
import type { Binary, Word } from '../generated/ast';
import {
  isBinary,
  isBooleanLiteral,
  isGroup,
  isListLiteral,
  isNegation,
  isQuantity,
  isStringLiteral,
  isWord,
} from '../generated/ast';
import { type Context, DEEPEST, type Located } from './context';
import { spanOfProperty } from './names';
import { spanOf } from './span';
import type { Expression } from './tree';
import {
  type Dimension,
  describe,
  NUMBER,
  nearestUnit,
  parseQuantity,
  product,
  SIZE,
  sameDimension,
  TIME,
  unitNames,
} from './units';

export interface Quantity {
  value: Computed;
  dimension: Dimension;
  /** Written with `k`, or computed from what was. */
  tokens: boolean;
}

export const COMPARISONS = ['<=', '>=', '<', '>', '==', '!='];
const isFigure = (name: string): name is Figure => (FIGURES as readonly string[]).includes(name);

const figureDimension = (figure: Figure): Dimension =>
  figure === 'time' ? TIME : figure === 'tokens-per-second' ? NUMBER : SIZE;

/** Follows a name to what its `let` says, and brackets to what they hold; anything else stays as it is. */
export function deref(context: Context, { node, uri }: Located<Expression>): Located<Expression> {
  let at: Located<Expression> = { node, uri };
  const seen = new Set<object>();
  for (;;) {
    if (isGroup(at.node) && at.node.inner) at = { node: at.node.inner, uri: at.uri };
    else if (isWord(at.node) && !at.node.call && at.node.member === undefined) {
      const target = context.find(at.uri, 'let', at.node.name);
      if (target?.node.$type !== 'Let' || !target.node.value || seen.has(target.node) || seen.size > DEEPEST) return at;
      seen.add(target.node);
      context.note({ uri: at.uri, span: spanOfProperty(at.node, 'name'), target });
      at = { node: target.node.value, uri: target.uri };
    } else return at;
  }
}

/** What a value is, in words, for messages. */
export function kindOfValue(node: Expression): string {
  if (isStringLiteral(node)) return 'a string';
  if (isBooleanLiteral(node)) return `\`${node.text}\``;
  if (isListLiteral(node)) return 'a list';
  if (isWord(node)) return `\`${node.name}${node.member === undefined ? '' : `.${node.member}`}${node.call ? '(…)' : ''}\``;
  if (isBinary(node) && COMPARISONS.includes(node.operator)) return 'a comparison';
  if (isQuantity(node)) return `\`${node.text}\``;
  return 'an expression';
}

export interface Wanted {
  /** Whether plans' figures may be named: only conditions can wait for an estimate. */
  figures: boolean;
}
const CONSTANT: Wanted = { figures: false };

/** A quantity; undefined where the expression has an error, which is reported. */
export function quantity(context: Context, at: Located<Expression>, wanted: Wanted = CONSTANT): Quantity | undefined {
  const { node, uri } = at;
  const part = (inner: Expression | undefined) => (inner ? quantity(context, { node: inner, uri }, wanted) : undefined);
  if (isQuantity(node)) return literal(context, uri, node);
  if (isGroup(node)) return part(node.inner);
  if (isNegation(node)) {
    const operand = part(node.operand);
    return (
      operand && {
        ...operand,
        value: { kind: 'binary', operator: '-', left: { kind: 'number', value: 0 }, right: operand.value },
      }
    );
  }
  if (isBinary(node)) return arithmetic(context, uri, node, part);
  if (isWord(node)) return named(context, at as Located<Word>, wanted, part);
  if (!node.$cstNode) return undefined;
  return context.error(uri, 'wrong-type', `A number is wanted here, not ${kindOfValue(node)}`, spanOf(node));
}

function literal(context: Context, uri: string, node: Expression & { text: string }): Quantity | undefined {
  if (node.text === undefined) return undefined;
  const parsed = parseQuantity(node.text);
  const span = spanOf(node);
  if (!parsed.unknown)
    return { value: { kind: 'number', value: parsed.value }, dimension: parsed.dimension, tokens: parsed.tokens };
  const place = { start: span.end - parsed.unit.length, end: span.end };
  const close = nearestUnit(parsed.unit);
  const message = `There is no unit \`${parsed.unit}\`. ${close ? `Did you mean \`${close}\`?` : `Known: ${unitNames.join(' ')}`}`;
  return context.error(uri, 'unknown-unit', message, place, {
    fixes: close ? [{ title: `Change to \`${close}\``, span: place, text: close }] : [],
  });
}

function arithmetic(
  context: Context,
  uri: string,
  node: Binary,
  part: (inner: Expression | undefined) => Quantity | undefined,
): Quantity | undefined {
  if (COMPARISONS.includes(node.operator))
    return context.error(uri, 'wrong-type', 'A number is wanted here, not a comparison', spanOf(node));
  // A side is absent while the expression is still being typed.
  const left = part(node.left as Expression | undefined);
  const right = part(node.right as Expression | undefined);
  if (!left || !right) return undefined;
  const operator = node.operator as Operator;
  const value = folded(operator, left.value, right.value);
  if (operator === '*' || operator === '/') {
    if (operator === '/' && constant(right) === 0)
      return context.error(uri, 'division-by-zero', 'This divides by zero', spanOf(node.right));
    const tokens = left.tokens !== right.tokens && !(operator === '/' && right.tokens);
    return { value, dimension: product(left.dimension, right.dimension, operator === '*' ? 1 : -1), tokens };
  }
  if (!sameDimension(left.dimension, right.dimension)) {
    const [a, b] = [describe(left.dimension).name, describe(right.dimension).name];
    return context.error(
      uri,
      'wrong-unit',
      `${a} and ${b} cannot be ${operator === '+' ? 'added' : 'subtracted'}`.replace(/^./, (c) => c.toUpperCase()),
      spanOf(node),
    );
  }
  return { value, dimension: left.dimension, tokens: left.tokens || right.tokens };
}

function named(
  context: Context,
  { node, uri }: Located<Word>,
  wanted: Wanted,
  part: (inner: Expression) => Quantity | undefined,
): Quantity | undefined {
  const nameSpan = spanOfProperty(node, 'name');
  if (node.call) return extreme(context, { node, uri }, part);
  if (node.member !== undefined) return figure(context, { node, uri }, wanted);
  const target = context.find(uri, 'let', node.name);
  if (target?.node.$type === 'Let') {
    context.note({ uri, span: nameSpan, target });
    const found = letQuantity(context, target.node, target.uri);
    if (!found && target.uri !== uri)
      context.error(uri, 'unknown-name', `\`${node.name}\` has an error where it is declared`, nameSpan);
    return found;
  }
  if (isFigure(node.name) && wanted.figures) {
    return { value: { kind: 'figure', figure: node.name }, dimension: figureDimension(node.name), tokens: false };
  }
  if (isFigure(node.name))
    return context.error(
      uri,
      'wrong-type',
      `\`${node.name}\` is known only to \`require\`: it follows from the estimate`,
      nameSpan,
    );
  const difference = asDifference(context, uri, node.name);
  if (difference) {
    const fixes = [{ title: `Change to \`${difference}\``, span: nameSpan, text: difference }];
    const message = `\`${node.name}\` is one name. A difference is written with spaces: \`${difference}\``;
    return context.error(uri, 'unknown-name', message, nameSpan, { fixes });
  }
  const choices = [...context.names(uri, 'let'), ...(wanted.figures ? FIGURES : [])];
  return context.unknown(uri, 'unknown-name', `No number is named \`${node.name}\``, node.name, nameSpan, choices);
}

/** A name that was meant as a difference, with its spaces: `ctx - 1` for `ctx-1` where `ctx` is known. */
export function asDifference(context: Context, uri: string, name: string): string | undefined {
  const [, left, right] = /^(.+?)-(\d.*|[A-Za-z_].*)$/.exec(name) ?? [];
  return left && context.find(uri, 'let', left) ? `${left} - ${right}` : undefined;
}

/** What a `let` says, as a quantity. */
function letQuantity(context: Context, node: { value?: Expression; name: string }, uri: string): Quantity | undefined {
  const { value } = node;
  if (!value) return undefined;
  const otherwise = (why: 'cycle' | 'deep') =>
    context.error(
      uri,
      'cycle',
      `\`${node.name}\` depends on ${why === 'cycle' ? 'itself' : 'a chain of names that is too long'}`,
      spanOf(value),
    );
  return context.once(value, () => quantity(context, { node: value, uri }), otherwise);
}

function extreme(
  context: Context,
  { node, uri }: Located<Word>,
  part: (inner: Expression) => Quantity | undefined,
): Quantity | undefined {
  if (node.name !== 'min' && node.name !== 'max') {
    return context.unknown(
      uri,
      'unknown-name',
      `There is no function \`${node.name}\``,
      node.name,
      spanOfProperty(node, 'name'),
      ['min', 'max'],
    );
  }
  if (node.args.length === 0)
    return context.error(uri, 'missing-value', `\`${node.name}\` wants at least one number`, spanOf(node));
  const args = node.args.map((argument) => ({ argument, value: argument.value ? part(argument.value) : undefined }));
  const first = args[0]?.value;
  for (const { argument, value } of args) {
    if (!value || !first) return undefined;
    if (!sameDimension(value.dimension, first.dimension)) {
      const message = `\`${node.name}\` compares like with like: ${describe(first.dimension).name} and ${describe(value.dimension).name} differ`;
      return context.error(uri, 'wrong-unit', message, spanOf(argument));
    }
  }
  const values = args.flatMap(({ value }) => (value ? [value] : []));
  return {
    value: extremeOf(
      node.name,
      values.map(({ value }) => value),
    ),
    dimension: first?.dimension ?? NUMBER,
    tokens: values.some(({ tokens }) => tokens),
  };
}

function extremeOf(of: 'min' | 'max', args: Computed[]): Computed {
  const made: Computed = { kind: 'extreme', of, args };
  return args.every(({ kind }) => kind === 'number') ? { kind: 'number', value: evaluate(made, () => undefined) } : made;
}

function figure(context: Context, { node, uri }: Located<Word>, wanted: Wanted): Quantity | undefined {
  const member = node.member ?? '';
  const plan = context.resolve(uri, 'plan', node.name, spanOfProperty(node, 'name'));
  if (!isFigure(member))
    return context.unknown(
      uri,
      'unknown-name',
      `A plan has no figure \`${member}\``,
      member,
      spanOfProperty(node, 'member'),
      FIGURES,
    );
  if (!plan) return undefined;
  if (!wanted.figures)
    return context.error(
      uri,
      'wrong-type',
      `\`${node.name}.${member}\` is known only to \`require\`: it follows from the estimate`,
      spanOf(node),
    );
  return { value: { kind: 'figure', plan: plan.name, figure: member }, dimension: figureDimension(member), tokens: false };
}

/** An operation, done at once where both sides are known: names that build on one another would grow without bound. */
function folded(operator: Operator, left: Computed, right: Computed): Computed {
  const made: Computed = { kind: 'binary', operator, left, right };
  const known = left.kind === 'number' && right.kind === 'number';
  return known ? { kind: 'number', value: evaluate(made, () => undefined) } : made;
}

/** Value of a quantity that names no figure. */
export const constant = ({ value }: Quantity): number => evaluate(value, () => undefined);
