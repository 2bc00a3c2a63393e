/** Values of statements and arguments: counts, numbers, sizes, words, each checked for kind, unit and range. */
import { formatCount, formatQuantity } from '../../src/plan/format';
import type { Measure } from '../../src/plan/numbers';
import type { Word } from '../generated/ast';
import { isBooleanLiteral, isListLiteral, isQuantity, isStringLiteral, isWord } from '../generated/ast';
import type { Context, Located } from './context';
import type { Fix } from './problems';
import { spanOf } from './span';
import type { Expression } from './tree';
import { DIMENSION_OF, type Dimension, describe, NUMBER, parseQuantity, SIZE, sameDimension } from './units';
import { asDifference, constant, deref, kindOfValue, type Quantity, quantity } from './values';

export interface Range {
  min: number;
  max: number;
  exclusiveMax?: boolean;
}

export interface CountType extends Partial<Range> {
  tokens?: boolean;
}

/** Past this, counts are no longer exact in a double. */
const MOST_COUNT = 1e9;

const shown = (value: number): string => {
  const huge = Math.abs(value) >= 1e15;
  if (Number.isInteger(value) && !huge) return formatCount(value);
  return (huge ? value.toExponential().replace('e+', 'e') : String(Number(value.toPrecision(6)))).replace(/^-/, '−');
};

export function between({ min, max, exclusiveMax }: Partial<Range>): string {
  if (min !== undefined && max !== undefined)
    return `from ${shown(min)} ${exclusiveMax ? 'up to, not including, ' : 'to '}${shown(max)}`;
  if (min !== undefined) return `of at least ${shown(min)}`;
  return max === undefined ? '' : `of at most ${shown(max)}`;
}

const outside = (value: number, { min, max, exclusiveMax }: Partial<Range>): boolean =>
  !Number.isFinite(value) ||
  (min !== undefined && value < min) ||
  (max !== undefined && (exclusiveMax ? value >= max : value > max));

/** A quantity of a dimension; `label` is what wants it, as it stands in messages. */
function measured(
  context: Context,
  at: Located<Expression>,
  label: string,
  dimension: Dimension,
  example = describe(dimension).example,
): { found: Quantity; value: number } | undefined {
  const target = deref(context, at);
  const span = spanOf(at.node);
  const { node } = target;
  const isName = isWord(node) && !node.call && node.member === undefined;
  if (
    isStringLiteral(node) ||
    isBooleanLiteral(node) ||
    isListLiteral(node) ||
    (isWord(node) && node.call && node.name !== 'min' && node.name !== 'max')
  ) {
    return context.error(
      at.uri,
      'wrong-type',
      `${label} wants ${noun(dimension)}, such as \`${example}\`, not ${kindOfValue(node)}`,
      span,
    );
  }
  if (isName && !context.find(target.uri, 'let', node.name) && !asDifference(context, target.uri, node.name)) {
    return context.unknown(
      at.uri,
      'unknown-name',
      `${label} wants ${noun(dimension)}, and no \`let\` is named \`${node.name}\``,
      node.name,
      span,
      context.names(at.uri, 'let'),
    );
  }
  const found = quantity(context, at);
  if (!found) return undefined;
  if (!sameDimension(found.dimension, dimension)) {
    const given = describe(found.dimension).name;
    const fixes = target.node === at.node ? withUnit(target.node, dimension) : [];
    return context.error(at.uri, 'wrong-unit', `${label} wants ${noun(dimension)}, such as \`${example}\`, not ${given}`, span, {
      fixes,
    });
  }
  return { found, value: constant(found) };
}

/** A bare number with the unit that one of its size most likely has. */
function withUnit(node: Expression, dimension: Dimension): Fix[] {
  if (!isQuantity(node)) return [];
  const { value, unit } = parseQuantity(node.text);
  if (unit !== '') return [];
  const likely = sameDimension(dimension, SIZE) ? (value < 256 ? 'GiB' : 'MiB') : describe(dimension).example.split(' ')[1];
  const text = `${node.text} ${likely}`;
  return likely ? [{ title: `Change to \`${text}\``, span: spanOf(node), text }] : [];
}

const noun = (dimension: Dimension): string => (sameDimension(dimension, NUMBER) ? 'a number' : describe(dimension).name);

/** A whole number in a range. */
export function countOf(context: Context, at: Located<Expression>, label: string, type: CountType): number | undefined {
  const result = measured(context, at, label, NUMBER, type.tokens ? '4k' : '2');
  if (!result) return undefined;
  const { found, value } = result;
  const span = spanOf(at.node);
  const range = { min: type.min ?? 1, max: type.max ?? MOST_COUNT };
  if (found.tokens && !type.tokens) {
    const fixes: Fix[] = Number.isInteger(value) ? [{ title: `Change to \`${value}\``, span, text: String(value) }] : [];
    return context.error(at.uri, 'wrong-unit', `\`k\` counts tokens, and ${label} does not: write \`${value}\``, span, { fixes });
  }
  if (outside(value, range))
    return context.error(at.uri, 'out-of-range', `${label} wants a whole number ${between(range)}, not ${shown(value)}`, span);
  if (!Number.isInteger(value))
    return context.error(at.uri, 'not-a-count', `${label} wants a whole number, not ${shown(value)}`, span);
  return value;
}

/** A plain number in a range. */
export function numberOf(context: Context, at: Located<Expression>, label: string, range: Partial<Range>): number | undefined {
  const result = measured(context, at, label, NUMBER);
  if (!result) return undefined;
  if (!outside(result.value, range)) return result.value;
  return context.error(
    at.uri,
    'out-of-range',
    `${label} wants a number ${between(range)}, not ${shown(result.value)}`,
    spanOf(at.node),
  );
}

/** A quantity with a unit, in its base unit (bytes are whole). */
export function measureOf(
  context: Context,
  at: Located<Expression>,
  label: string,
  { unit, min, max }: Range & { unit: Measure },
): number | undefined {
  const dimension = DIMENSION_OF[unit];
  const result = measured(context, at, label, dimension);
  if (!result) return undefined;
  if (!outside(result.value, { min, max })) return Math.round(result.value);
  const range =
    unit === 'bytes'
      ? `from ${formatQuantity(min, unit)} to ${formatQuantity(max, unit)}`
      : `of at least ${formatQuantity(min, unit)}`;
  return context.error(at.uri, 'out-of-range', `${label} wants ${describe(dimension).name} ${range}`, spanOf(at.node));
}

export function booleanOf(context: Context, at: Located<Expression>, label: string): boolean | undefined {
  const { node } = deref(context, at);
  if (isBooleanLiteral(node)) return node.text === 'true';
  return context.error(at.uri, 'wrong-type', `${label} wants \`true\` or \`false\`, not ${kindOfValue(node)}`, spanOf(at.node));
}

export function stringOf(context: Context, at: Located<Expression>, label: string, example: string): string | undefined {
  const { node } = deref(context, at);
  if (isStringLiteral(node)) return node.text;
  if (isQuantity(node)) {
    const span = spanOf(at.node);
    const quoted = `"${node.text}"`;
    return context.error(at.uri, 'wrong-type', `${label} wants a string: \`${quoted}\``, span, {
      fixes: [{ title: `Change to \`${quoted}\``, span, text: quoted }],
    });
  }
  return context.error(
    at.uri,
    'wrong-type',
    `${label} wants a string, such as \`"${example}"\`, not ${kindOfValue(node)}`,
    spanOf(at.node),
  );
}

/** One word of a choice. A word is taken as it stands before a `let` of that name is looked for. */
export function choiceOf(
  context: Context,
  at: Located<Expression>,
  label: string,
  choices: readonly string[],
): string | undefined {
  const { node, uri } = isPlainWord(at.node) && choices.includes(at.node.name) ? at : deref(context, at);
  if (isPlainWord(node) && choices.includes(node.name)) return node.name;
  // `1f1b` begins like a number.
  if (isQuantity(node) && choices.includes(node.text)) return node.text;
  if (isPlainWord(node))
    return context.unknown(uri, 'wrong-type', `${label} has no choice \`${node.name}\``, node.name, spanOf(node), choices);
  const list = choices.map((choice) => `\`${choice}\``).join(', ');
  return context.error(at.uri, 'wrong-type', `${label} wants one of ${list}, not ${kindOfValue(node)}`, spanOf(at.node));
}

/** A list of words of a choice, each once. */
export function choicesOf(
  context: Context,
  at: Located<Expression>,
  label: string,
  choices: readonly string[],
): string[] | undefined {
  const { node, uri } = deref(context, at);
  if (!isListLiteral(node)) {
    const example = choices.slice(0, 2).join(', ');
    return context.error(
      at.uri,
      'wrong-type',
      `${label} wants a list, such as \`[${example}]\`, not ${kindOfValue(node)}`,
      spanOf(at.node),
    );
  }
  if (node.items.length === 0)
    return context.error(uri, 'out-of-range', `${label} wants at least one of ${choices.join(', ')}`, spanOf(node));
  const found = node.items.map((item) => choiceOf(context, { node: item, uri }, label, choices));
  if (found.some((word) => word === undefined)) return undefined;
  return [...new Set(found as string[])];
}

export const isPlainWord = (node: Expression): node is Word => isWord(node) && !node.call && node.member === undefined;
