/** Pictures as text to paste: Markdown for a discussion, CSV for a spreadsheet. */
import type { Estimate } from '../../src/protocol';
import { formatBytes, formatDelta, formatSeconds } from '../format';
import { layoutWaterfall, STACK } from '../layout/waterfall';

type Cell = string | number;

/** A table with numbers to the right of its first column. */
export function markdownOf(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(head), line(head.map((_, index) => (index === 0 ? '---' : '---:'))), ...rows.map(line), ''].join('\n');
}

export function csvOf(rows: readonly (readonly Cell[])[]): string {
  const cell = (value: Cell) => (/[",\r\n]/.test(String(value)) ? `"${String(value).replaceAll('"', '""')}"` : String(value));
  return `${rows.map((row) => row.map(cell).join(',')).join('\n')}\n`;
}

/** The rows of the picture; their width plays no part. */
const rowsOf = (estimate: Estimate) => layoutWaterfall(estimate, 1000).rows;
const nameOf = ({ kind, label }: { kind: string; label: string }) => (kind === 'plain' ? 'plain plan' : label);

export function toMarkdown(estimate: Estimate): string {
  const rows = rowsOf(estimate).map((row) => [
    row.kind === 'result' ? `**${row.label}**` : `\`${nameOf(row)}\``,
    row.kind === 'step' ? formatDelta(row.bytes) : '',
    formatBytes(row.after),
    formatSeconds(row.time.after),
  ]);
  const { name, peak, usable, device, model, fits } = estimate;
  const answer = `${formatBytes(peak.device)} of ${formatBytes(usable)} usable, ${fits ? 'fits' : 'does not fit'}`;
  return `**${name}**: ${model} on ${device}, ${answer}.\n\n${markdownOf(['technique', 'change', 'peak after', 'time per step'], rows)}`;
}

export function toCsv(estimate: Estimate): string {
  const head = ['technique', 'change_bytes', 'peak_bytes', ...STACK.map((category) => `${category}_bytes`), 'step_seconds'];
  const rows = rowsOf(estimate).map((row) => {
    const categories = row.kind === 'result' ? estimate.categories : estimate.waterfall[row.index]?.categories;
    return [
      nameOf(row),
      row.kind === 'step' ? row.bytes : '',
      row.after,
      ...STACK.map((name) => categories?.[name] ?? 0),
      row.time.after,
    ];
  });
  return csvOf([head, ...rows]);
}

/** The highest live bytes of each phase. */
export const phaseCells = (instants: Estimate['instants']): [string[], string[][]] => [
  ['phase', 'live bytes at its peak'],
  instants.map(({ phase, allocated }) => [phase, formatBytes(allocated)]),
];

/** A row a plan: sizes in words, or in bytes. */
export function comparedCells(estimates: readonly Estimate[], words: boolean): [string[], string[][]] {
  const size = (bytes: number) => (words ? formatBytes(bytes) : String(bytes));
  const unit = words ? '' : '_bytes';
  return [
    [
      'plan',
      `on the card${unit}`,
      `peak${unit}`,
      ...STACK.map((name) => `${name}${unit}`),
      words ? 'time per step' : 'step_seconds',
    ],
    estimates.map(({ name, peak, categories, time }) => [
      name,
      size(peak.device),
      size(peak.allocated),
      ...STACK.map((category) => size(categories[category])),
      words ? formatSeconds(time.step) : String(time.step),
    ]),
  ];
}
