/** Completion right after a number: the units that its statement wants. */
import { CompletionItemKind } from 'vscode-languageserver-types';
import { DEVICE_KEYS } from '../devices';
import type { Span } from '../span';
import { parseQuantity, RATE, SIZE, SPEED, sameDimension, UNITS } from '../units';
import type { View } from '../workspace';
import { cursorAt } from './cursor';
import type { Draft } from './drafts';

/** Units that can follow a number, those that its statement wants first. */
export function unitDrafts({ analysis, document }: View, number: Span): { span: Span; drafts: Draft[] } {
  const written = document.getText().slice(number.start, number.end);
  const digits = /^[\d._]+(?:[eE][+-]?\d+)?[ \t]*/.exec(written)?.[0] ?? '';
  const cursor = cursorAt(analysis.syntax, number.start);
  const { expected } = cursor;
  const key = expected.kind === 'value' ? expected.key : '';
  const dimension = expected.kind === 'value' && expected.block === 'device' ? DEVICE_KEYS[key]?.dimension : undefined;
  const wanted = UNITS.filter((unit) => {
    if (dimension) return sameDimension(unit.dimension, dimension);
    if (expected.kind === 'value' || expected.kind === 'argument-value') return unit.name === 'k' || unit.name === '%';
    return !sameDimension(unit.dimension, RATE) && !sameDimension(unit.dimension, SPEED);
  });
  const spaced = (name: string) => (name === 'k' || name === '%' || digits !== digits.trimEnd() ? name : ` ${name}`);
  const span = { start: number.start + digits.length, end: number.end };
  if (parseQuantity(written).unit && !parseQuantity(written).unknown) return { span, drafts: [] };
  return {
    span,
    drafts: wanted.map(({ name, doc, dimension: own }) => ({
      label: name,
      kind: CompletionItemKind.Unit,
      detail: doc,
      insert: spaced(name),
      first: sameDimension(own, SIZE),
    })),
  };
}
