/** Edits of a plan's statements that keep what stands around them. */
import type { Slot, Use, Value } from '../../src/plan/types';
import { findSpec } from '../../src/techniques/registry';
import type { Analysis, PlanAnalysis } from './analyze';
import type { Edit } from './format';
import { type Span, spanOf } from './span';

/** A technique as it would be written: sizes in tokens with `k`, strings in quotes. */
export function useText(slot: Slot, { name, args }: Use): string {
  const spec = findSpec(slot, name);
  const list = Object.entries(args).map(([argument, value]) => {
    const type = spec?.args.find((one) => one.name === argument)?.type;
    return `${argument}: ${valueText(value, type?.kind === 'count' && type.tokens === true, type?.kind === 'technique' ? type.slot : slot, type?.kind === 'string')}`;
  });
  return list.length > 0 ? `${name}(${list.join(', ')})` : name;
}

function valueText(value: Value, tokens: boolean, slot: Slot, quoted: boolean): string {
  if (Array.isArray(value)) return `[${value.map((one) => valueText(one, false, slot, quoted)).join(', ')}]`;
  if (typeof value === 'object') return useText(slot, value);
  if (typeof value === 'number' && tokens) return tokensText(value);
  return quoted ? `"${value}"` : String(value);
}

export const tokensText = (count: number): string => (count >= 1024 && count % 1024 === 0 ? `${count / 1024}k` : String(count));

/** Where a plan states a key itself, not by way of another plan. */
export function ownStatement(analysis: Analysis, plan: PlanAnalysis, key: string): { statement: Span; value: Span } | undefined {
  const stated = plan.stated.get(key);
  if (!stated || stated.uri !== analysis.uri) return undefined;
  const statement = spanOf(stated.entry.node);
  const own = statement.start >= plan.whole.start && statement.end <= plan.whole.end;
  return own ? { statement, value: spanOf(stated.entry.value) } : undefined;
}

/** Sets a key of a plan: its own value is replaced, or a statement is added after its last setting. */
export function setKey(analysis: Analysis, plan: PlanAnalysis, key: string, text: string): Edit {
  const own = ownStatement(analysis, plan, key);
  if (own) return { span: own.value, text };
  const settings = [...plan.stated.keys()].flatMap((one) => ownStatement(analysis, plan, one)?.statement ?? []);
  const last = settings.toSorted((a, b) => a.end - b.end).at(-1);
  const source = analysis.text;
  const newline = /\r\n|\r|\n/.exec(source)?.[0] ?? '\n';
  const brace = source.indexOf('{', plan.span.end);
  const anchor = last ? last.end : brace + 1;
  const lineStart =
    Math.max(
      source.lastIndexOf('\n', (last?.start ?? plan.span.start) - 1),
      source.lastIndexOf('\r', (last?.start ?? plan.span.start) - 1),
    ) + 1;
  const alone = last !== undefined && source.slice(lineStart, last.start).trim() === '';
  if (last && !alone) return { span: { start: anchor, end: anchor }, text: `  ${key} ${text}` };
  const indent = last ? source.slice(lineStart, last.start) : '  ';
  // After the comment that may stand behind the last statement, so that it stays with it.
  const rest = /^[^\r\n}]*/.exec(source.slice(anchor))?.[0] ?? '';
  const at = anchor + (/^\s*(\/\/.*)?$/.test(rest) ? rest.length : 0);
  const onOneLine = !/[\r\n]/.test(source.slice(brace, plan.whole.end));
  const written = `${key.padEnd(11)} ${text}`;
  return { span: { start: at, end: at }, text: onOneLine ? ` ${key} ${text}` : `${newline}${indent}${written}` };
}

/** Statements that are added at one place are one edit, in order. */
export function merged(edits: readonly Edit[]): Edit[] {
  const result: Edit[] = [];
  for (const edit of edits) {
    const same = result.find(
      ({ span }) => span.start === edit.span.start && span.end === edit.span.end && span.start === span.end,
    );
    if (same) same.text += edit.text;
    else result.push({ ...edit });
  }
  return result;
}
