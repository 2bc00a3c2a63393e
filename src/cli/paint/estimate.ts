/** One plan's estimate in a terminal: the verdict, the moment of the peak, the waterfall, answers and sweeps. */
import type { ReportedPlan } from '../../../language/server/report';
import { formatBytes, formatCount, formatQuantity, formatShort, formatTime } from '../../plan/format';
import { relativeTime, remarksOn } from '../../planner/remarks';
import type { Moment, WaterfallStep } from '../../planner/types';
import { bar, cellsOf, FILLS, legend, type Segment, stack } from './bars';
import { paintCards } from './cards';
import { type Color, clip, columns, flow, padEnd, padStart, paint, printable, type Style, wrap } from './style';

type Answer = ReportedPlan['answers'][number];
type Sweep = ReportedPlan['sweeps'][number];
type Comparison = ReportedPlan['comparisons'][number];

const INDENT = '  ';
const GiB = 1024 ** 3;

/** `its`: the layer is counted among those of a pipeline's stage. */
export const moment = (at: Moment, its = false): string =>
  at.layer === undefined ? `${at.phase}, ${at.op}` : `${at.phase} of ${its ? 'its ' : ''}layer ${at.layer}, ${at.op}`;

export function paintPlan(style: Style, plan: ReportedPlan): string[] {
  return [
    ...heading(style, plan),
    ...verdict(style, plan),
    '',
    ...waterfall(style, plan),
    '',
    ...flow([...legend(style, plan.categories, formatBytes), overheadLegend(style, plan)], '   ', style.width - 4).map(
      (line) => `${INDENT}${line}`,
    ),
    ...paintCards(style, plan),
    ...answers(style, plan),
    ...plan.sweeps.flatMap((sweep) => ['', ...paintSweep(style, sweep, plan.usable)]),
  ];
}

function heading(style: Style, plan: ReportedPlan): string[] {
  const { total, trainable } = plan.parameters;
  const trained =
    trainable === total
      ? `${formatShort(total)} parameters`
      : `${formatShort(trainable)} of ${formatShort(total)} parameters train`;
  const rest = clip(` ${printable(plan.model)} on ${printable(plan.device)}, ${trained}`, style.width - plan.name.length - 8);
  const line = '─'.repeat(Math.max(3, style.width - columns(plan.name) - columns(rest) - 4));
  return [`${paint(style, 'gray', '──')} ${paint(style, 'bold', plan.name)}${rest} ${paint(style, 'gray', line)}`];
}

const VERDICTS: { readonly [fit in ReportedPlan['fit']]: { color: Color; says(plan: ReportedPlan, room: string): string } } = {
  fits: {
    color: 'green',
    says: ({ peak, usable }, room) => `✓ fits: ${formatBytes(peak.device)} of ${formatBytes(usable)}, ${room} to spare`,
  },
  tight: {
    color: 'yellow',
    says: ({ peak, usable, fits }, room) =>
      `${fits ? '✓' : '✗'} tight: ${formatBytes(peak.device)} of ${formatBytes(usable)}, ${room} ${fits ? 'to spare' : 'too much'}; it fits only while the allocator's slack stays small`,
  },
  exceeds: {
    color: 'red',
    says: ({ peak, usable }, room) =>
      `✗ does not fit: ${formatBytes(peak.device)} where ${formatBytes(usable)} are usable, ${room} too much`,
  },
};

function verdict(style: Style, plan: ReportedPlan): string[] {
  const { device, allocated, reserved, range } = plan.peak;
  const { color, says } = VERDICTS[plan.fit];
  const room = formatBytes(Math.abs(plan.usable - device));
  const { step, tokensPerSecond, calibrated } = plan.time;
  const measured = calibrated ? ` (calibrated on ${printable(calibrated.adapter)})` : '';
  const time = step > 0 ? `; ${formatTime(step)} a step, ${formatCount(Math.round(tokensPerSecond))} tokens/s${measured}` : '';
  const staged = (plan.ranks ?? []).length > 1;
  const [least, most] = range.map((bytes) => formatBytes(bytes));
  const sizes = `tensors ${formatBytes(allocated)}, allocator ${formatBytes(reserved)}, with the context ${formatBytes(device)} (from ${least} to ${most})`;
  const lines = (tint: Color | undefined, text: string) =>
    wrap(text, style.width - 4, '  ').map((line) => INDENT + paint(style, tint, line));
  return [
    ...lines(color, says(plan, room)),
    ...lines(undefined, `peak${staged ? ` on ${plan.cards?.peaks}` : ''} in ${moment(plan.peakAt, staged)}${time}`),
    ...lines('gray', sizes),
  ];
}

/** `−44.9 GiB` in green for a saving, `+1.2 GiB` for a cost. */
function change(style: Style, step: WaterfallStep): string {
  const difference = step.after - step.before;
  if (difference === 0) return paint(style, 'gray', 'no change');
  return difference < 0 ? paint(style, 'green', formatBytes(difference)) : paint(style, 'yellow', `+${formatBytes(difference)}`);
}

/**
 * One row a step: what is live at the peak after it, stacked by category, and dots for what the technique saved. The last row
 * is what the card must hold, the allocator's slack and the context included; the line through all rows is what it can.
 */
export function waterfall(style: Style, plan: ReportedPlan): string[] {
  const { waterfall: steps, usable, peak, fits } = plan;
  const names = [...steps.map(({ slot, label }) => printable(slot === 'offload' ? `${slot} ${label}` : label)), plan.name];
  const nameWidth = Math.min(Math.max(6, ...names.map(columns)), Math.floor(style.width * 0.34));
  const width = style.width - nameWidth - 29;
  const full = Math.max(usable * 1.02, peak.device, ...steps.map((step) => Math.max(step.before, step.after)));
  const row = (name: string, drawn: string, size: string, last: string) =>
    `${INDENT}${name}  ${drawn}  ${size}  ${padStart(last, 11)}`;
  const label = (name: string) => padEnd(clip(name, nameWidth), nameWidth);
  const size = (bytes: number) => padStart(formatBytes(bytes), 10);

  const rows = steps.map((step, index) => {
    const drawn = bar(style, stack(step.categories), full, width, step.before, usable);
    return row(label(names[index] ?? ''), drawn, size(step.after), index === 0 ? '' : change(style, step));
  });
  const overhead: Segment = { fill: '─', color: 'gray', bytes: Math.max(0, peak.device - peak.allocated) };
  const drawn = bar(style, [...stack(plan.categories), overhead], full, width, 0, usable);
  const total = row(paint(style, 'bold', label(plan.name)), drawn, paint(style, fits ? 'green' : 'red', size(peak.device)), '');
  return [`${INDENT}${' '.repeat(nameWidth)}  ${limitCaption(style, usable, full, width)}`, ...rows, total];
}

const overheadLegend = (style: Style, { peak }: ReportedPlan): string =>
  `${paint(style, 'gray', '─')} allocator and context ${formatBytes(Math.max(0, peak.device - peak.allocated))}`;

/** The name of the line, on that side of it where there is room. */
function limitCaption(style: Style, usable: number, full: number, width: number): string {
  const at = Math.min(width - 1, cellsOf(usable, full, width));
  const caption = `${formatBytes(usable)} usable`;
  const left = at - caption.length - 1;
  if (left < 0) return `${' '.repeat(at)}${paint(style, 'bold', '┃')} ${paint(style, 'gray', caption)}`;
  return `${' '.repeat(left)}${paint(style, 'gray', caption)} ${paint(style, 'bold', '┃')}`;
}

/** What the plan asked, in the order of the file. */
function answers(style: Style, plan: ReportedPlan): string[] {
  const lines = [
    ...plan.comparisons.map((comparison) => ({ line: comparison.line, text: comparisonLine(style, comparison) })),
    ...plan.answers.map((answer) => ({ line: answer.line, text: answerLine(style, answer) })),
  ];
  return lines.sort((a, b) => a.line - b.line).map(({ text }) => text);
}

/** How much a value is, where its digits as a file has them do not show it. */
function inOtherWords(value: number, unit: Answer['unit']): string {
  const text = formatQuantity(value, unit);
  if (unit === 'tokens') return text === formatCount(value) ? '' : ` (${formatCount(value)} tokens)`;
  return unit === 'bytes' && value >= GiB && text.endsWith('MiB') ? ` (${formatBytes(value)})` : '';
}

function answerLine(style: Style, answer: Answer): string {
  const { line, find, value, atLimit, unit, reason } = answer;
  const question = `${INDENT}line ${line}: find ${find} → `;
  if (value === null) return question + paint(style, 'red', printable(reason ?? 'no value fits'));
  const { bound, border } = remarksOn(answer);
  const end = atLimit === true ? ', the end of what may be written' : printable(bound);
  return `${question}${paint(style, 'bold', formatQuantity(value, unit))}${inOtherWords(value, unit)}${end}${border}`;
}

/** `line 20: against lora: 9.2 GiB less, 4 % slower`. */
function comparisonLine(style: Style, comparison: Comparison): string {
  const { line, to, allocated, otherAllocated } = comparison;
  const bytes = allocated - otherAllocated;
  const memory = bytes === 0 ? 'the same memory' : `${formatBytes(Math.abs(bytes))} ${bytes < 0 ? 'less' : 'more'}`;
  const { share, each } = relativeTime(comparison);
  const percent = Math.round(100 * (share - 1));
  const time = `${percent === 0 ? 'as fast' : `${Math.abs(percent)} % ${percent < 0 ? 'faster' : 'slower'}`}${each ? ' a token' : ''}`;
  return `${INDENT}line ${line}: against ${to}: ${paint(style, bytes <= 0 ? 'green' : 'yellow', memory)}, ${time}`;
}

/** One row a point, on one scale, with the limit. */
export function paintSweep(style: Style, sweep: Sweep, usable: number): string[] {
  const values = sweep.points.map((point) => formatQuantity(point.value, sweep.unit));
  const valueWidth = Math.max(4, ...values.map((value) => value.length));
  const width = Math.min(60, style.width - valueWidth - 20);
  const full = Math.max(usable * 1.02, ...sweep.points.map((point) => point.allocated));
  const rows = sweep.points.map((point, index) => {
    const color = point.fits ? FILLS.activations.color : 'red';
    const drawn = bar(style, [{ fill: FILLS.weights.fill, color, bytes: point.allocated }], full, width, 0, usable);
    const says = point.fits ? paint(style, 'green', '✓') : paint(style, 'red', '✗');
    return `${INDENT}${padStart(values[index] ?? '', valueWidth)}  ${drawn}  ${padStart(formatBytes(point.allocated), 10)} ${says}`;
  });
  return [`${INDENT}line ${sweep.line}: sweep ${sweep.key}`, ...rows];
}
