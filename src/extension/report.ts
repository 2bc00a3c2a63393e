/** What “Memplan: Report” gathers: enough to understand a problem, and nothing that says whose it is. Pure. */
import type { Estimate, LedgerLine, RunEvent } from '../protocol';

export interface ReportParts {
  /** Name and version of each program. */
  versions: readonly (readonly [name: string, version: string])[];
  /** Settings that differ from their defaults. Paths are only said to be set. */
  settings: readonly (readonly [key: string, value: unknown])[];
  /** What the last run reported; empty where nothing has run. */
  events: readonly RunEvent[];
  /** The plan at the cursor. */
  plan?: { estimate: Estimate; ledger: readonly LedgerLine[]; holds: readonly string[] } | undefined;
  /** Folders that must not be told: home, workspaces, the extension's own. */
  private: readonly string[];
}

const MOST_LINES = 40;
const MiB = 2 ** 20;
const mib = (bytes: number) => `${(bytes / MiB).toFixed(1)} MiB`;

export function reportText(parts: ReportParts): string {
  const { versions, settings, events, plan } = parts;
  const adapter = events.find((event) => event.type === 'adapter');
  const sections = [
    '# Memplan report',
    table(['', 'version'], versions),
    '## Settings that differ from their defaults',
    settings.length === 0
      ? 'None.'
      : table(
          ['setting', 'value'],
          settings.map(([key, value]) => [key, /path$/i.test(key) ? 'set' : JSON.stringify(value)]),
        ),
    '## Last run',
    adapter
      ? `${adapter.name} (${adapter.vendor} ${adapter.architecture})${adapter.software ? ', a software driver' : ''}; ${adapter.features.join(', ')}`
      : 'Nothing has run.',
    ...runLines(events),
    '## Plan at the cursor',
    ...(plan ? planLines(plan) : ['No plan without errors.']),
  ];
  return `${scrub(sections.filter(Boolean).join('\n\n'), parts.private)}\n`;
}

function runLines(events: readonly RunEvent[]): string[] {
  const rows = events.flatMap((event): string[][] => {
    if (event.type === 'check')
      return [[`${event.technique}: ${event.name}`, `${event.measured}`, `${event.limit}`, event.passed ? 'passed' : 'failed']];
    if (event.type === 'memory')
      return [
        [
          `bytes, ${event.label}`,
          `${event.measured}`,
          `${event.predicted}`,
          event.measured === event.predicted ? 'equal' : 'differ',
        ],
      ];
    if (event.type === 'error') return [[`error ${event.code}`, event.message, '', '']];
    return [];
  });
  return rows.length > 0 ? [table(['', 'measured', 'limit or predicted', ''], rows)] : [];
}

function planLines({ estimate, ledger, holds }: NonNullable<ReportParts['plan']>): string[] {
  const { peak, peakAt, usable, capacity } = estimate;
  const where = [peakAt.phase, peakAt.layer === undefined ? null : `layer ${peakAt.layer}`, peakAt.op].filter(Boolean).join(', ');
  const shown = ledger.slice(0, MOST_LINES);
  const rest = ledger.slice(MOST_LINES).reduce((sum, { bytes }) => sum + bytes, 0);
  return [
    table(
      ['', ''],
      [
        ['model', estimate.model],
        ['device', `${estimate.device}: ${mib(usable)} usable of ${mib(capacity)}`],
        ['peak', `${mib(peak.allocated)} of tensors, ${mib(peak.device)} on the card, at ${where}`],
      ],
    ),
    table(
      ['alive at the peak', 'category', 'shape', 'type', 'bytes'],
      [
        ...shown.map(({ name, category, shape, dtype, count, bytes }) => [
          count > 1 ? `${name} × ${count}` : name,
          category,
          shape.join(' × '),
          dtype,
          String(bytes),
        ]),
        ...(rest > 0 ? [[`${ledger.length - MOST_LINES} more`, '', '', '', String(rest)]] : []),
      ],
    ),
    holds.map((sentence) => `- ${sentence}`).join('\n'),
  ];
}

const cell = (value: string) => value.replaceAll('|', '\\|').replace(/\s+/g, ' ');

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map(cell).join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

/** Takes out the folders that are named, and whatever else looks like an absolute path. */
export function scrub(text: string, folders: readonly string[]): string {
  const known = [...folders].filter((folder) => folder.length > 1).sort((a, b) => b.length - a.length);
  const without = known.reduce((rest, folder) => rest.replaceAll(folder, '…'), text);
  return without
    .replace(/\b[A-Za-z]:[\\/][^\s|`'")]*/g, '…')
    .replace(/\\\\[^\s|`'")]+/g, '…')
    .replace(/(^|[\s|`'"(=])(?:file:\/\/)?\/(?:[^\s|`'")/]+\/)*[^\s|`'")/]+/g, '$1…');
}
