/** A run on the GPU in a terminal: what was proved, with measured values beside their limits. */
import { formatBytes, formatCount, formatShare, formatTime, formatTokens } from '../../plan/format';
import type { RunEvent } from '../../protocol';
import { sparkline } from './spark';
import { clip, columns, padEnd, padStart, paint, printable, type Style, wrap } from './style';

type Of<Type extends RunEvent['type']> = Extract<RunEvent, { type: Type }>;

const INDENT = '  ';

/** Values of checks: bytes and counts whole, errors in three figures. */
export function measure(value: number, unit?: string): string {
  if (unit === 'bytes') return formatCount(value);
  const text =
    Number.isInteger(value) && Math.abs(value) < 1e9 ? formatCount(value) : value.toExponential(2).replace(/e([+-])/, 'e$1');
  const plain =
    Math.abs(value) >= 0.01 && Math.abs(value) < 1e4 && !Number.isInteger(value) ? String(Number(value.toPrecision(3))) : text;
  return unit === undefined || unit === '' ? plain : `${plain} ${unit}`;
}

export function paintAdapter(style: Style, event: Of<'adapter'>): string[] {
  const name = paint(style, 'bold', printable(event.name));
  if (!event.software) return [`${INDENT}${name}`];
  const warning = 'a software driver, no GPU: what it proves of numbers and bytes holds, its times are not a GPU’s';
  return [`${INDENT}${name}`, ...wrap(warning, style.width - 4).map((line) => `${INDENT}${paint(style, 'yellow', line)}`)];
}

export function paintProxy(style: Style, event: Of<'plan'>): string[] {
  const { layers, hidden, heads, kvHeads, ffn, vocab, batch, sequence, steps, seed } = event.proxy;
  const shape = `${layers} layers, hidden ${hidden}, ${heads} heads (${kvHeads} for keys), ffn ${ffn}, vocab ${vocab}`;
  const work = `batch ${batch} × ${formatTokens(sequence)} tokens, ${steps} steps, seed ${seed}`;
  const notes = [
    ...event.scaled.map(({ technique, argument, from, to, why }) => `${technique}: ${argument} ${from} is ${to} here; ${why}`),
    ...event.unproved.map(({ technique, why }) => `${technique} is not proved by this run: ${why}`),
  ];
  return [
    `${INDENT}proxy of ${paint(style, 'bold', event.plan)}: ${shape}; ${work}`,
    ...notes.flatMap((note) =>
      wrap(printable(note), style.width - 6, '  ').map((line) => `${INDENT}${paint(style, 'gray', line)}`),
    ),
  ];
}

/** Checks by technique: the measured value and its limit first, in columns, then what was measured. */
export function paintChecks(style: Style, checks: readonly Of<'check'>[]): string[] {
  if (checks.length === 0) return [];
  const values = checks.map(({ measured, limit, unit }) => {
    const bytes = unit === 'bytes' ? unit : undefined;
    const sign = measured === limit ? '=' : measured < limit ? '<' : '>';
    return { measured: measure(measured, bytes), sign, limit: measure(limit, bytes) };
  });
  const measuredWidth = Math.max(...values.map(({ measured }) => columns(measured)));
  const limitWidth = Math.max(...values.map(({ limit }) => columns(limit)));
  const margin = ' '.repeat(measuredWidth + limitWidth + 11);
  const lines = checks.map((check, index) => {
    const { measured = '', sign = '', limit = '' } = values[index] ?? {};
    const unit = check.unit === undefined || check.name.includes(check.unit) ? '' : ` (${check.unit})`;
    const [name = '', ...more] = wrap(printable(check.name + unit), style.width - margin.length - 1);
    const mark = check.passed ? paint(style, 'green', '✓') : paint(style, 'red', '✗');
    const value = paint(style, check.passed ? undefined : 'red', padStart(measured, measuredWidth));
    const why = check.passed ? [] : wrap(printable(check.why), style.width - margin.length - 1);
    return [
      `    ${mark} ${value} ${sign} ${padEnd(limit, limitWidth)}  ${name}`,
      ...more.map((line) => margin + line),
      ...why.map((line) => margin + paint(style, 'gray', line)),
    ];
  });
  const techniques = [...new Set(checks.map(({ technique }) => technique))];
  const groups = techniques.flatMap((technique) => [
    `${INDENT}${technique}`,
    ...checks.flatMap((check, index) => (check.technique === technique ? (lines[index] ?? []) : [])),
  ]);
  return [paint(style, 'bold', 'Checks'), ...groups];
}

export function paintMemory(style: Style, memory: readonly Of<'memory'>[]): string[] {
  if (memory.length === 0) return [];
  const labelWidth = Math.max(6, ...memory.map((event) => columns(event.label)));
  const predicted = memory.map((event) => formatCount(event.predicted));
  const counted = memory.map((event) => formatCount(event.measured));
  const width = Math.max(9, ...predicted.map(columns), ...counted.map(columns));
  const rows = memory.map((event, index) => {
    const difference = event.measured - event.predicted;
    const says =
      difference === 0
        ? paint(style, 'green', 'equal to the byte')
        : paint(style, 'red', `${formatCount(difference)} bytes apart, ${formatShare(difference, event.predicted)}`);
    const ofProcess = event.process === undefined ? '' : paint(style, 'gray', `, process ${formatBytes(event.process)}`);
    return `${INDENT}${padEnd(printable(event.label), labelWidth)}  ${padStart(predicted[index] ?? '', width)}  ${padStart(counted[index] ?? '', width)}  ${says}${ofProcess}`;
  });
  const title = `${paint(style, 'bold', padEnd('Memory', labelWidth + 2))}  ${padStart('predicted', width)}  ${padStart('counted', width)}  bytes at the peak`;
  return [title, ...rows];
}

export function paintTiming(style: Style, timing: readonly Of<'timing'>[], software: boolean): string[] {
  if (timing.length === 0) return [];
  const labelWidth = Math.max(...timing.map((event) => columns(event.label)));
  const note = software ? paint(style, 'gray', ' (software driver, no GPU)') : '';
  const rows = timing.map((event) => {
    const steps = `${event.steps} ${event.steps === 1 ? 'step' : 'steps'}`;
    return `${INDENT}${padEnd(printable(event.label), labelWidth)}  ${formatTime(event.step)} a step, median of ${steps}`;
  });
  return [`${paint(style, 'bold', 'Time')}${note}`, ...rows];
}

export function paintLoss(style: Style, losses: readonly Of<'loss'>[]): string[] {
  const curves = new Map<string, number[]>();
  for (const { label, loss } of losses) curves.set(label, [...(curves.get(label) ?? []), loss]);
  if (curves.size === 0) return [];
  const labelWidth = Math.max(...[...curves.keys()].map(columns));
  const rows = [...curves].map(([label, curve]) => {
    const [first = Number.NaN, last = Number.NaN] = [curve[0], curve.at(-1)];
    const line = sparkline(curve, Math.max(10, style.width - labelWidth - 24));
    return `${INDENT}${padEnd(printable(label), labelWidth)}  ${first.toFixed(3)} ${paint(style, 'cyan', line)} ${last.toFixed(3)}`;
  });
  return [paint(style, 'bold', 'Loss'), ...rows];
}

/** What the run has shown, a line for each technique: how many checks held, and how near the worst of them came to its limit. */
export function paintProved(style: Style, checks: readonly Of<'check'>[], adapter: Of<'adapter'> | undefined): string[] {
  const techniques = [...new Set(checks.map((check) => check.technique))];
  if (techniques.length === 0) return [];
  const name = printable(adapter?.name ?? '');
  const kind = adapter?.software === true && !/software/i.test(name) ? ' (software, no GPU)' : '';
  const width = Math.max(...techniques.map(columns));
  const lines = techniques.map((technique) => {
    const own = checks.filter((check) => check.technique === technique);
    const failed = own.filter((check) => !check.passed);
    const label = padEnd(technique, width);
    if (failed.length > 0) {
      const names = clip(failed.map((check) => printable(check.name)).join('; '), style.width - width - 20);
      return `${INDENT}${paint(style, 'red', '✗')} ${label}  not proved: ${names}`;
    }
    const held = own.length === 1 ? 'one check holds' : `${own.length} checks hold`;
    return `${INDENT}${paint(style, 'green', '✓')} ${label}  ${held}${nearest(own)}`;
  });
  return [paint(style, 'bold', adapter === undefined ? 'Proved' : `Proved on ${name}${kind}`), ...lines];
}

/** How near to its limit the nearest check came; nothing where limits are exact. */
function nearest(checks: readonly Of<'check'>[]): string {
  const shares = checks.filter(({ limit }) => limit > 0).map(({ measured, limit }) => measured / limit);
  return shares.length === 0 ? ', exactly' : `, at most ${formatShare(Math.max(...shares), 1)} of the limit used`;
}

export function paintSummary(style: Style, event: Of<'summary'>): string[] {
  const text = `${event.passed} passed, ${event.failed} failed`;
  return [paint(style, event.failed === 0 && event.passed > 0 ? 'green' : 'red', text)];
}

/** Progress in one line that is written over itself. */
export function paintProgress(style: Style, event: Of<'progress'>): string {
  const width = 24;
  const done = event.total > 0 ? Math.min(1, event.done / event.total) : 0;
  const filled = Math.round(done * width);
  return `${INDENT}${paint(style, 'cyan', '█'.repeat(filled))}${paint(style, 'gray', '░'.repeat(width - filled))} ${printable(event.stage)} ${event.done}/${event.total}`;
}
