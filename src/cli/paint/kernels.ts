/** Kernels by time in a terminal: the longest of each configuration. */
import { formatShare, formatTime } from '../../plan/format';
import type { RunEvent } from '../../protocol';
import { columns, padEnd, padStart, paint, printable, type Style } from './style';

type Kernels = Extract<RunEvent, { type: 'kernels' }>;

const INDENT = '  ';
/** Kernels that are named; `--json` has all. */
const MOST = 8;

const METHODS: { readonly [method in Kernels['method']]: string } = {
  timestamps: "by the adapter's clock",
  waits: 'each waited for by itself',
};

export function paintKernels(style: Style, list: readonly Kernels[]): string[] {
  return list.flatMap(({ label, method, kernels }) => {
    const sum = kernels.reduce((total, { seconds }) => total + seconds, 0);
    const rest = kernels.slice(MOST);
    const rows = [
      ...kernels.slice(0, MOST),
      ...(rest.length > 0
        ? [{ name: `${rest.length} others`, seconds: rest.reduce((total, one) => total + one.seconds, 0), calls: undefined }]
        : []),
    ].map(({ name, seconds, calls }) => ({
      name: printable(name),
      time: formatTime(seconds),
      share: sum > 0 ? formatShare(seconds, sum) : '',
      runs: calls === undefined ? '' : `${Number(calls.toFixed(1))} ×`,
    }));
    const width = (key: 'name' | 'time' | 'share' | 'runs') => Math.max(...rows.map((row) => columns(row[key])));
    const [name, time, share, runs] = [width('name'), width('time'), width('share'), width('runs')];
    return [
      `${paint(style, 'bold', `Kernels of ${printable(label)}`)}, ${formatTime(sum)} a step${paint(style, 'gray', `, ${METHODS[method]}`)}`,
      ...rows.map((row) =>
        `${INDENT}${padEnd(row.name, name)}  ${padStart(row.time, time)}  ${padStart(row.share, share)}  ${padStart(row.runs, runs)}`.trimEnd(),
      ),
    ];
  });
}
