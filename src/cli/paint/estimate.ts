/** One plan's estimate in a terminal: the verdict, the moment of the peak, the waterfall, answers and sweeps. */
import { formatBytes, formatCount, formatShort, formatTime, formatTokens } from '../../plan/format';
import type { Estimate, Moment, WaterfallStep } from '../../planner/types';
import { bar, cellsOf, FILLS, legend, stack } from './bars';
import { type Color, clip, columns, flow, padEnd, padStart, paint, printable, type Style, wrap } from './style';

export interface Answer {
  line: number;
  find: string;
  /** Null where no value is good. */
  value: number | null;
}
export interface Sweep {
  line: number;
  key: string;
  points: readonly { value: number; allocated: number; fits: boolean }[];
}
/** An estimate as the report carries it. */
export interface PlanReport extends Estimate {
  answers?: readonly Answer[];
  sweeps?: readonly Sweep[];
}

const INDENT = '  ';

export const moment = (at: Moment): string =>
  at.layer === undefined ? `${at.phase}, ${at.op}` : `${at.phase} of layer ${at.layer}, ${at.op}`;

export function paintPlan(style: Style, plan: PlanReport): string[] {
  return [
    ...heading(style, plan),
    ...verdict(style, plan),
    '',
    ...waterfall(style, plan),
    '',
    ...flow(legend(style, plan.categories, formatBytes), '   ', style.width - 4).map((line) => `${INDENT}${line}`),
    ...(plan.answers ?? []).map((answer) => answerLine(style, answer)),
    ...(plan.sweeps ?? []).flatMap((sweep) => ['', ...paintSweep(style, sweep, plan.usable)]),
  ];
}

function heading(style: Style, plan: PlanReport): string[] {
  const { total, trainable } = plan.parameters;
  const trained =
    trainable === total
      ? `${formatShort(total)} parameters`
      : `${formatShort(trainable)} of ${formatShort(total)} parameters train`;
  const rest = clip(` ${printable(plan.model)} on ${printable(plan.device)}, ${trained}`, style.width - plan.name.length - 8);
  const line = '─'.repeat(Math.max(3, style.width - columns(plan.name) - columns(rest) - 4));
  return [`${paint(style, 'gray', '──')} ${paint(style, 'bold', plan.name)}${rest} ${paint(style, 'gray', line)}`];
}

function verdict(style: Style, plan: PlanReport): string[] {
  const { device, allocated, reserved } = plan.peak;
  const room = formatBytes(Math.abs(plan.usable - device));
  const says = plan.fits
    ? `✓ fits: ${formatBytes(device)} of ${formatBytes(plan.usable)}, ${room} to spare`
    : `✗ does not fit: ${formatBytes(device)} where ${formatBytes(plan.usable)} are usable, ${room} too much`;
  const { step, tokensPerSecond } = plan.time;
  const time = step > 0 ? `; ${formatTime(step)} a step, ${formatCount(Math.round(tokensPerSecond))} tokens/s` : '';
  const sizes = `tensors ${formatBytes(allocated)}, allocator ${formatBytes(reserved)}, with the context ${formatBytes(device)}`;
  const lines = (color: Color | undefined, text: string) =>
    wrap(text, style.width - 4, '  ').map((line) => INDENT + paint(style, color, line));
  return [
    ...lines(plan.fits ? 'green' : 'red', says),
    ...lines(undefined, `peak in ${moment(plan.peakAt)}${time}`),
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
 * One row a step: what is live at the peak after it, stacked by category, and dots for what the technique saved;
 * the card's usable memory is a line through all rows.
 */
export function waterfall(style: Style, plan: PlanReport): string[] {
  const steps = plan.waterfall;
  if (steps.length === 0) return [];
  const named = steps.map((step) => printable(step.label));
  const nameWidth = Math.min(Math.max(6, ...named.map((name) => [...name].length)), Math.floor(style.width * 0.34));
  const sizeWidth = 10;
  const changeWidth = 11;
  const width = style.width - nameWidth - sizeWidth - changeWidth - 8;
  // The limit is of the device's memory, bars are tensors: what the process holds besides them comes off the limit.
  const limit = Math.max(0, plan.usable - (plan.peak.device - plan.peak.allocated));
  const full = Math.max(limit * 1.02, ...steps.map((step) => Math.max(step.before, step.after)));

  const rows = steps.map((step, index) => {
    const drawn = bar(style, stack(step.categories), full, width, step.before, limit);
    const last = index === 0 ? '' : change(style, step);
    return `${INDENT}${padEnd(clip(named[index] ?? '', nameWidth), nameWidth)}  ${drawn}  ${padStart(formatBytes(step.after), sizeWidth)}  ${padStart(last, changeWidth)}`;
  });
  const result = steps.at(-1);
  const total =
    result === undefined || steps.length < 2 ? [] : [resultRow(style, plan, nameWidth, width, full, limit, sizeWidth)];
  const mark = Math.min(width - 1, cellsOf(limit, full, width));
  const caption = `${formatBytes(limit)} for tensors`;
  const before = mark - caption.length - 1 >= 0 ? `${' '.repeat(mark - caption.length - 1)}${caption} ` : ' '.repeat(mark);
  const label = mark - caption.length - 1 >= 0 ? '┃' : `┃ ${caption}`;
  return [`${INDENT}${' '.repeat(nameWidth)}  ${paint(style, 'gray', before)}${paint(style, 'bold', label)}`, ...rows, ...total];
}

function resultRow(
  style: Style,
  plan: PlanReport,
  nameWidth: number,
  width: number,
  full: number,
  limit: number,
  sizeWidth: number,
): string {
  const drawn = bar(style, stack(plan.categories), full, width, 0, limit);
  const size = paint(style, plan.fits ? 'green' : 'red', padStart(formatBytes(plan.peak.allocated), sizeWidth));
  return `${INDENT}${paint(style, 'bold', padEnd(clip(plan.name, nameWidth), nameWidth))}  ${drawn}  ${size}`;
}

/** A count as the language writes it where it counts tokens. */
const written = (key: string, value: number): string => (key === 'sequence' ? formatTokens(value) : formatCount(value));

function answerLine(style: Style, answer: Answer): string {
  const key = answer.find.split(' ').at(-1) ?? '';
  const value =
    answer.value === null
      ? paint(style, 'red', 'no value fits')
      : paint(style, 'bold', written(key, answer.value)) +
        (key === 'sequence' && answer.value >= 1024 ? ` (${formatCount(answer.value)} tokens)` : '');
  return `${INDENT}line ${answer.line}: find ${answer.find} → ${value}`;
}

/** One row a point, on one scale, with the limit. */
export function paintSweep(style: Style, sweep: Sweep, usable: number): string[] {
  const values = sweep.points.map((point) => written(sweep.key, point.value));
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
