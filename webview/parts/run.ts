/** What the GPU proved: the run's state, its checks with limits and verdicts, memory, time and loss. */
import type { RunEvent } from '../../src/protocol';
import { progressRing } from '../controls';
import { h, icon, prose, setAttributes, setText } from '../dom';
import { formatBytes, formatExact, formatMeasure, formatSeconds } from '../format';
import { layoutLoss } from '../layout/loss';
import { paintLoss } from '../paint/loss';
import type { Run } from '../state';

type EventOf<T extends RunEvent['type']> = Extract<RunEvent, { type: T }>;

/** How far a run is, beside the button that ends it; stays in place while the rest is drawn anew, and keeps the focus. */
export function createProgress(cancel: HTMLElement): { element: HTMLElement; set(run: Run | null): void } {
  const stage = h('span', { class: 'stage' });
  const bar = h('progress', { 'aria-label': 'Progress of the run' });
  const element = h(
    'div',
    { class: 'progress', hidden: true },
    progressRing('Running'),
    h('span', { class: 'words', role: 'status' }, stage),
    bar,
    cancel,
  );
  return {
    element,
    set(run) {
      element.hidden = run === null || run.outcome !== null;
      const at = run?.progress;
      setText(
        stage,
        at ? `${at.stage}${at.total > 0 ? ` · ${formatExact(at.done)} of ${formatExact(at.total)}` : ''}` : 'Starting the runner',
      );
      setAttributes(bar, at && at.total > 0 ? { max: at.total, value: at.done } : { max: null, value: null });
    },
  };
}

/** The section's content for `run`, `width` pixels wide. */
export function runView(run: Run, stale: boolean, width: number): Node[] {
  const nodes: (Node | null)[] = [
    stale ? h('p', { class: 'note' }, icon('info'), h('span', {}, 'The file was edited after this run began.')) : null,
    run.outcome === null ? null : outcome(run),
    adapterLine(run),
    run.checks.length > 0 ? checks(run.checks) : null,
    run.memory.length > 0 ? memory(run.memory) : null,
    run.timing.length > 0 ? timing(run.timing, run.adapter?.software ?? false) : null,
    run.loss.length > 1 ? loss(run, width) : null,
    scope(run),
  ];
  return nodes.filter((node) => node !== null);
}

const OUTCOMES = {
  passed: { kind: 'good', icon: 'pass' },
  failed: { kind: 'bad', icon: 'fail' },
  cancelled: { kind: 'plain', icon: 'info' },
  error: { kind: 'bad', icon: 'fail' },
} as const;

function outcome(run: Run): HTMLElement {
  const { kind, icon: picture } = OUTCOMES[run.outcome ?? 'error'];
  return h(
    'p',
    { class: `verdict ${kind}`, role: 'status', 'data-outcome': run.outcome },
    icon(picture),
    h('span', {}, ...outcomeWords(run)),
  );
}

function outcomeWords(run: Run): (Node | string)[] {
  const { passed = 0, failed = 0 } = run.summary ?? {};
  const messages = [run.message, ...run.errors.map((error) => error.message)].filter((message) => message !== null);
  const why = [...new Set(messages)].flatMap((message) => [' ', ...prose(message)]);
  switch (run.outcome) {
    case 'passed':
      return [h('b', {}, 'Verified'), `: ${passed === 1 ? 'the one check' : `all ${passed} checks`} passed`];
    case 'failed':
      return [h('b', {}, 'Not verified'), `: ${failed} of ${passed + failed} checks failed.`, ...why];
    case 'cancelled':
      return [h('b', {}, 'Cancelled'), ' before it was done'];
    default:
      return [h('b', {}, 'The run ended with an error.'), ...why];
  }
}

function adapterLine(run: Run): HTMLElement | null {
  const { adapter, proxy } = run;
  if (!adapter) return null;
  const size = proxy
    ? ` · proxy of ${proxy.proxy.layers} layers × ${proxy.proxy.hidden} wide, ${proxy.proxy.batch} × ${proxy.proxy.sequence} tokens`
    : '';
  return h(
    'p',
    { class: 'adapter', 'data-software': String(adapter.software) },
    'On ',
    h('b', {}, adapter.name),
    adapter.software ? h('span', { class: 'tag' }, 'software, no GPU') : null,
    size,
  );
}

function checks(list: readonly EventOf<'check'>[]): HTMLElement {
  const rows = list.map((check) =>
    h(
      'tr',
      {
        'data-check': check.name,
        'data-passed': String(check.passed),
        'data-technique': check.technique,
        class: check.passed ? 'pass' : 'fail',
      },
      h('td', { class: 'verdict-cell' }, icon(check.passed ? 'pass' : 'fail'), h('span', {}, check.passed ? 'pass' : 'FAIL')),
      h(
        'th',
        { scope: 'row' },
        h('span', { class: 'mono' }, check.technique),
        h('span', { class: 'check-name' }, check.name),
        h('small', {}, check.why),
      ),
      h('td', { class: 'number' }, formatMeasure(check.measured, check.unit)),
      h('td', { class: 'number' }, formatMeasure(check.limit, check.unit)),
    ),
  );
  return h(
    'div',
    { class: 'block' },
    h('h3', {}, 'Checks'),
    h(
      'table',
      { class: 'checks' },
      h(
        'thead',
        {},
        h(
          'tr',
          {},
          ...['Verdict', 'What was checked', 'Measured', 'Limit'].map((name, i) =>
            h('th', { scope: 'col', class: i > 1 ? 'number' : '' }, name),
          ),
        ),
      ),
      h('tbody', {}, ...rows),
    ),
  );
}

function memory(list: readonly EventOf<'memory'>[]): HTMLElement {
  const rows = list.map((line) => {
    const equal = line.predicted === line.measured;
    const difference = line.measured - line.predicted;
    return h(
      'tr',
      {
        class: equal ? 'pass' : 'fail',
        'data-memory': line.label,
        'data-predicted': line.predicted,
        'data-measured': line.measured,
      },
      h('th', { scope: 'row' }, line.label),
      h('td', { class: 'number', title: formatBytes(line.predicted) }, `${formatExact(line.predicted)} B`),
      h('td', { class: 'number', title: formatBytes(line.measured) }, `${formatExact(line.measured)} B`),
      h(
        'td',
        { class: 'verdict-cell' },
        icon(equal ? 'pass' : 'fail'),
        h('span', {}, equal ? 'equal' : `differs by ${formatExact(difference)} B`),
      ),
      h('td', { class: 'number' }, line.process === undefined ? '' : formatBytes(line.process)),
    );
  });
  const some = list.some((line) => line.process !== undefined);
  const names = ['Peak bytes', 'Predicted', 'Counted', '', some ? 'Process' : ''];
  return h(
    'div',
    { class: 'block' },
    h('h3', {}, 'Memory'),
    h(
      'table',
      { class: 'memory' },
      h(
        'thead',
        {},
        h(
          'tr',
          {},
          ...names.map((name, i) =>
            h(name === '' ? 'td' : 'th', { scope: name === '' ? null : 'col', class: i > 0 && i !== 3 ? 'number' : '' }, name),
          ),
        ),
      ),
      h('tbody', {}, ...rows),
    ),
  );
}

function timing(list: readonly EventOf<'timing'>[], software: boolean): HTMLElement {
  return h(
    'div',
    { class: 'block' },
    h('h3', {}, 'Time per step'),
    software
      ? h(
          'p',
          { class: 'note' },
          icon('info'),
          h('span', {}, 'Measured on a software driver: it says nothing about a GPU’s speed.'),
        )
      : null,
    h(
      'dl',
      { class: 'timing' },
      ...list.map((line) =>
        h(
          'div',
          {},
          h('dt', {}, line.label),
          h('dd', {}, h('b', {}, formatSeconds(line.step)), h('small', {}, `median of ${line.steps} steps`)),
        ),
      ),
    ),
  );
}

function loss(run: Run, width: number): HTMLElement {
  const chart = layoutLoss(run.loss, Math.min(width, 720), 180);
  const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
  svg.setAttribute('class', 'loss');
  svg.setAttribute('role', 'img');
  svg.setAttribute('aria-label', chart.curves.map(curveWords).join('; '));
  paintLoss(svg, chart);
  return h(
    'div',
    { class: 'block' },
    h('h3', {}, 'Loss'),
    svg,
    h(
      'ul',
      { class: 'legend' },
      ...chart.curves.map((curve, index) => {
        const last = curve.points[curve.points.length - 1];
        return h(
          'li',
          {},
          h('span', { class: `stroke curve-${index % 4}` }),
          curve.label,
          h('b', {}, last ? last.loss.toFixed(3) : ''),
        );
      }),
    ),
  );
}

function curveWords(curve: { label: string; points: { loss: number; step: number }[] }): string {
  const first = curve.points[0];
  const last = curve.points[curve.points.length - 1];
  return first && last
    ? `Loss of ${curve.label} from ${first.loss.toFixed(3)} to ${last.loss.toFixed(3)} after step ${last.step}`
    : curve.label;
}

/** What was scaled for the proxy, and what this run says nothing about. */
function scope(run: Run): HTMLElement | null {
  const proxy = run.proxy;
  if (!proxy || proxy.scaled.length + proxy.unproved.length === 0) return null;
  return h(
    'div',
    { class: 'block' },
    h('h3', {}, 'What this run does and does not prove'),
    h(
      'ul',
      { class: 'scope' },
      ...proxy.scaled.map((line) =>
        h(
          'li',
          {},
          icon('info'),
          h(
            'span',
            {},
            h('span', { class: 'mono' }, line.technique),
            ` ran with ${line.argument} ${formatExact(line.to)} in place of ${formatExact(line.from)}: ${line.why}`,
          ),
        ),
      ),
      ...proxy.unproved.map((line) =>
        h(
          'li',
          { 'data-unproved': line.technique },
          icon('warning'),
          h('span', {}, h('span', { class: 'mono' }, line.technique), ` is not proved: ${line.why}`),
        ),
      ),
    ),
  );
}
