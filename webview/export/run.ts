/** A run as text: what was checked with its limits, bytes, times and losses, one record a row. */
import { formatBytes, formatExact, formatMeasure, formatSeconds } from '../format';
import type { Run } from '../state';
import type { Exportable } from './menu';
import { csvOf, markdownOf } from './text';

export const runExport = (run: Run, picture: SVGSVGElement | null): Exportable => ({
  name: `${run.plan}-run`,
  picture,
  markdown: () => runMarkdown(run),
  csv: () => csvOf([HEAD, ...records(run)]),
});

const HEAD = ['record', 'subject', 'what', 'value', 'limit', 'unit', 'verdict'];

/** A number and, where it has one, its limit, each under what it is of. */
function records({ checks, memory, savings, timing, kernels, loss }: Run): (string | number)[][] {
  return [
    ...checks.map(({ technique, name, measured, limit, unit = '', passed }) => [
      'check',
      technique,
      name,
      measured,
      limit,
      unit,
      passed ? 'pass' : 'fail',
    ]),
    ...memory.flatMap(({ label, predicted, measured, process }) => [
      ['memory', label, 'predicted', predicted, '', 'bytes', ''],
      ['memory', label, 'counted', measured, predicted, 'bytes', measured === predicted ? 'equal' : 'differs'],
      ...(process === undefined ? [] : [['memory', label, 'process', process, '', 'bytes', '']]),
    ]),
    ...savings.flatMap(({ technique, before, after }) => [
      ['saving', technique, 'predicted change', after.predicted - before.predicted, '', 'bytes', ''],
      ['saving', technique, 'counted change', after.counted - before.counted, after.predicted - before.predicted, 'bytes', ''],
      ['saving', technique, 'change of GPU buffers', after.buffers - before.buffers, '', 'bytes', ''],
    ]),
    ...timing.map(({ label, step, steps }) => ['time', label, `median of ${steps} steps`, step, '', 'seconds', '']),
    ...kernels.flatMap(({ label, kernels: list }) =>
      list.map(({ name, seconds }) => ['kernel', label, name, seconds, '', 'seconds', '']),
    ),
    ...loss.map(({ label, step, loss: value }) => ['loss', label, `step ${step}`, value, '', '', '']),
  ];
}

function runMarkdown({ plan, outcome, summary, adapter, checks, memory, timing }: Run): string {
  const counts = summary ? `${summary.passed} of ${summary.passed + summary.failed} checks passed` : (outcome ?? 'under way');
  const where = adapter ? ` on ${adapter.name}${adapter.software ? ' (software, no GPU)' : ''}` : '';
  const parts = [
    `**${plan}**: ${counts}${where}.`,
    checks.length > 0 &&
      markdownOf(
        ['check', 'measured', 'limit', 'verdict'],
        checks.map(({ technique, name, measured, limit, unit, passed }) => [
          `\`${technique}\` ${name}`,
          formatMeasure(measured, unit),
          formatMeasure(limit, unit),
          passed ? 'pass' : '**FAIL**',
        ]),
      ),
    memory.length > 0 &&
      markdownOf(
        ['peak bytes', 'predicted', 'counted', 'process'],
        memory.map(({ label, predicted, measured, process }) => [
          label,
          `${formatExact(predicted)} B`,
          `${formatExact(measured)} B`,
          process === undefined ? '' : formatBytes(process),
        ]),
      ),
    timing.length > 0 &&
      markdownOf(
        ['configuration', 'time per step'],
        timing.map(({ label, step }) => [label, formatSeconds(step)]),
      ),
  ];
  return parts.filter((part) => part !== false).join('\n\n');
}
