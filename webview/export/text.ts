/** The waterfall as text to paste: Markdown for a discussion, CSV for a spreadsheet. */
import type { Estimate } from '../../src/protocol';
import { formatBytes, formatDelta, formatSeconds } from '../format';
import { layoutWaterfall, STACK } from '../layout/waterfall';

/** The rows of the picture; their width plays no part. */
const rowsOf = (estimate: Estimate) => layoutWaterfall(estimate, 1000).rows;
const nameOf = ({ kind, label }: { kind: string; label: string }) => (kind === 'plain' ? 'plain plan' : label);

export function toMarkdown(estimate: Estimate): string {
  const cell = (text: string) => text.replaceAll('|', '\\|');
  const rows = rowsOf(estimate).map((row) => {
    const change = row.kind === 'step' ? formatDelta(row.bytes) : '';
    const name = row.kind === 'result' ? `**${cell(row.label)}**` : `\`${cell(nameOf(row))}\``;
    return `| ${name} | ${change} | ${formatBytes(row.after)} | ${formatSeconds(row.time.after)} |`;
  });
  const { peak, usable, device, model, fits } = estimate;
  return [
    `**${estimate.name}**: ${model} on ${device}, ${formatBytes(peak.device)} of ${formatBytes(usable)} usable, ${fits ? 'fits' : 'does not fit'}.`,
    '',
    '| technique | change | peak after | time per step |',
    '| --- | ---: | ---: | ---: |',
    ...rows,
    '',
  ].join('\n');
}

export function toCsv(estimate: Estimate): string {
  const cell = (value: string | number) =>
    /[",\n]/.test(String(value)) ? `"${String(value).replaceAll('"', '""')}"` : String(value);
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
  return `${[head, ...rows].map((row) => row.map(cell).join(',')).join('\n')}\n`;
}
