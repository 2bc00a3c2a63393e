/** How a run ended, on what it ran, and what it does and does not prove. */
import * as l10n from '@vscode/l10n';
import { h, icon, prose } from '../dom';
import { formatExact } from '../format';
import type { Run } from '../state';

const OUTCOMES = {
  passed: { kind: 'good', icon: 'pass' },
  failed: { kind: 'bad', icon: 'fail' },
  cancelled: { kind: 'plain', icon: 'info' },
  error: { kind: 'bad', icon: 'fail' },
} as const;

export function outcome(run: Run): HTMLElement {
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
      return [
        h('b', {}, l10n.t('Verified')),
        passed === 1 ? l10n.t(': the one check passed') : l10n.t(': all {0} checks passed', passed),
      ];
    case 'failed':
      return [h('b', {}, l10n.t('Not verified')), l10n.t(': {0} of {1} checks failed.', failed, passed + failed), ...why];
    case 'cancelled':
      return [h('b', {}, l10n.t('Cancelled')), l10n.t(' before it was done')];
    default:
      return [h('b', {}, l10n.t('The run ended with an error.')), ...why];
  }
}

export function adapterLine(run: Run): HTMLElement | null {
  const { adapter, proxy } = run;
  if (!adapter) return null;
  const size = proxy
    ? ` · ${l10n.t('proxy of {0} layers × {1} wide, {2} × {3} tokens', proxy.proxy.layers, proxy.proxy.hidden, proxy.proxy.batch, proxy.proxy.sequence)}`
    : '';
  return h(
    'p',
    { class: 'adapter', 'data-software': String(adapter.software) },
    l10n.t('On '),
    h('b', {}, adapter.name),
    adapter.software ? h('span', { class: 'tag' }, l10n.t('software, no GPU')) : null,
    size,
  );
}

/** What was scaled for the proxy, and what this run says nothing about. */
export function scope(run: Run): HTMLElement | null {
  const proxy = run.proxy;
  if (!proxy || proxy.scaled.length + proxy.unproved.length === 0) return null;
  return h(
    'div',
    { class: 'block' },
    h('h3', {}, l10n.t('What this run does and does not prove')),
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
            ` ${l10n.t('ran with {0} {1} in place of {2}', line.argument, formatExact(line.to), formatExact(line.from))}: ${line.why}`,
          ),
        ),
      ),
      ...proxy.unproved.map((line) =>
        h(
          'li',
          { 'data-unproved': line.technique },
          icon('warning'),
          h('span', {}, h('span', { class: 'mono' }, line.technique), ` ${l10n.t('is not proved')}: ${line.why}`),
        ),
      ),
    ),
  );
}
