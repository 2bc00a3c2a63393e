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
      return [h('b', {}, 'Verified'), `: ${passed === 1 ? 'the one check' : `all ${passed} checks`} passed`];
    case 'failed':
      return [h('b', {}, 'Not verified'), `: ${failed} of ${passed + failed} checks failed.`, ...why];
    case 'cancelled':
      return [h('b', {}, 'Cancelled'), ' before it was done'];
    default:
      return [h('b', {}, 'The run ended with an error.'), ...why];
  }
}

export function adapterLine(run: Run): HTMLElement | null {
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
