/** What `require` asks: a comparison of two quantities of one dimension. */
import type { Comparison, Condition } from '../../src/planner/expression';
import { isBinary, isGroup, isQuantity } from '../generated/ast';
import type { Context, Located } from './context';
import { spanOf } from './span';
import type { Expression } from './tree';
import { type Dimension, describe, NUMBER, parseQuantity, sameDimension } from './units';
import { COMPARISONS, quantity } from './values';

/** A comparison, both sides of one dimension. */
export function condition(context: Context, at: Located<Expression>): { condition: Condition; dimension: Dimension } | undefined {
  const { node, uri } = at;
  if (isGroup(node) && node.inner) return condition(context, { node: node.inner, uri });
  if (!isBinary(node) || !COMPARISONS.includes(node.operator)) {
    if (!node.$cstNode) return undefined;
    return context.error(uri, 'wrong-type', '`require` wants a comparison, such as `peak <= 23 GiB`', spanOf(node));
  }
  // A side is absent while the condition is still being typed.
  const side = (inner: Expression | undefined) => inner && quantity(context, { node: inner, uri }, { figures: true });
  const left = side(node.left as Expression | undefined);
  const right = side(node.right as Expression | undefined);
  if (!left || !right) return undefined;
  if (!sameDimension(left.dimension, right.dimension)) {
    // The side that is a bare number is the one that forgot its unit.
    const leftIsBare = sameDimension(left.dimension, NUMBER);
    const [wrong, other] = leftIsBare ? [node.left, right] : [node.right, left];
    const want = describe(other.dimension);
    const plain =
      isQuantity(wrong) && sameDimension(parseQuantity(wrong.text).dimension, NUMBER) && !parseQuantity(wrong.text).tokens;
    const unit = want.example.split(' ')[1];
    const spelt = plain && unit ? `${wrong.text} ${unit}` : want.example;
    const given = describe((leftIsBare ? left : right).dimension).name;
    const message = `${want.name.replace(/^./, (c) => c.toUpperCase())} is wanted here${spelt ? `, such as \`${spelt}\`` : ''}, not ${given}`;
    const fixes = plain && unit ? [{ title: `Change to \`${spelt}\``, span: spanOf(wrong), text: spelt }] : [];
    return context.error(uri, 'wrong-unit', message, spanOf(wrong), { fixes });
  }
  return {
    condition: { operator: node.operator as Comparison, left: left.value, right: right.value },
    dimension: left.dimension,
  };
}
