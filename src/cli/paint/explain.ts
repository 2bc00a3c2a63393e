/** A plan's ledger in a terminal: the tensors alive at the peak, largest first, and what the figures hold for. */
import { formatBytes } from '../../plan/format';
import type { Ledger } from '../../planner/explain';
import type { LedgerLine, StepExplanation } from '../../planner/types';
import { moment } from './estimate';
import { clip, padEnd, padStart, paint, type Style, wrap } from './style';

/** Lines below this share of the peak are added up in one. */
const SMALLEST = 0.002;

/** The waterfall's steps with their formulas, and the tensors in which each shows most. */
export function paintReasons(style: Style, labels: readonly string[], reasons: readonly StepExplanation[]): string[] {
  return reasons.flatMap((reason, index) => [
    paint(style, 'bold', `  ${labels[index] ?? ''}`),
    ...wrap(`${reason.formula}; costs: ${reason.cost}`, style.width - 6, '').map((text) => `    ${text}`),
    ...reason.changes.map((change) => {
      const sign = change.bytes < 0 ? '−' : '+';
      const size = padStart(`${sign}${formatBytes(Math.abs(change.bytes))}`, 11);
      const numbers = index === 0 ? change.after : `${change.before} → ${change.after}`;
      return clip(`    ${size}  ${padEnd(change.category, 11)}  ${padEnd(change.name, 24)}  ${numbers}`, style.width);
    }),
    paint(style, 'gray', `    ${reason.source}`),
  ]);
}

export function paintLedger(style: Style, ledger: Ledger): string[] {
  const shown = ledger.lines.filter((line) => line.bytes >= SMALLEST * ledger.allocated);
  const rest = ledger.lines.slice(shown.length);
  const others = rest.reduce((sum, line) => sum + line.bytes, 0);
  return [
    paint(style, 'bold', `  what is alive at the peak, in ${moment(ledger.at)}`),
    ...shown.map((line) => row(style, formatBytes(line.bytes), line)),
    ...(rest.length > 0 ? [`  ${padStart(formatBytes(others), 10)}  ${rest.length} smaller kinds of tensors`] : []),
    `  ${padStart(formatBytes(ledger.allocated), 10)}  in all (${ledger.allocated} bytes)`,
    '',
    ...ledger.holds.flatMap((line) => wrap(`· ${line}`, style.width - 4, '  ').map((text) => paint(style, 'gray', `  ${text}`))),
  ];
}

function row(style: Style, size: string, line: LedgerLine): string {
  const what = `${line.count} × ${line.dtype} [${line.shape.join(' × ')}]`;
  const text = `  ${padStart(size, 10)}  ${padEnd(line.category, 11)}  ${padEnd(line.name, 26)}  ${padEnd(what, 30)}  ${line.source}`;
  return clip(text, style.width);
}
