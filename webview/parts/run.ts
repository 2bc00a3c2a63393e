/** What the GPU proved: the run's state, its checks with limits and verdicts, memory, time and loss. */
import * as l10n from '@vscode/l10n';
import type { FromWebview } from '../../src/protocol';
import { button } from '../controls';
import { h, icon } from '../dom';
import { type Run, type State, stale } from '../state';
import { checks, memory } from './run-checks';
import { kernels, noKernels } from './run-kernels';
import { adapterLine, outcome, scope } from './run-outcome';
import { createProgress } from './run-progress';
import { savings } from './run-savings';
import { loss, timing } from './run-time';

export interface RunView {
  element: HTMLElement;
  show(state: State, width: number): void;
}

export function createRun(post: (message: FromWebview) => void): RunView {
  const cancel = button({ label: l10n.t('Cancel'), onPress: () => post({ type: 'cancel-run' }) });
  const progress = createProgress(cancel.element);
  const plan = h('span', { class: 'mono' });
  const title = h('h2', {}, l10n.t('Run of '), plan);
  const body = h('div');
  const element = h('section', { class: 'run', 'aria-label': l10n.t('Run on GPU') }, title, progress.element, body);
  let shown: { run: Run | null; stale: boolean; width: number } | null = null;
  return {
    element,
    show(state, width) {
      const { run } = state;
      const next = { run, stale: stale(state), width };
      if (shown && shown.run === run && shown.stale === next.stale && shown.width === width) return;
      shown = next;
      title.hidden = run === null;
      plan.textContent = run?.plan ?? '';
      progress.set(run);
      body.replaceChildren(...(run ? runView(run, next.stale, width) : [empty()]));
    },
  };
}

const empty = (): HTMLElement =>
  h(
    'div',
    { class: 'empty' },
    h('p', {}, l10n.t('No run of this file yet.')),
    h(
      'p',
      {},
      l10n.t(
        'Run on GPU trains a small proxy of the plan, plain and with its techniques, and checks that the techniques do what they claim: the same gradients, a bounded error, the predicted bytes.',
      ),
    ),
  );

/** The content for `run`, `width` pixels wide. */
function runView(run: Run, stale: boolean, width: number): Node[] {
  const nodes: (Node | null)[] = [
    stale
      ? h('p', { class: 'note stale-run' }, icon('info'), h('span', {}, l10n.t('Stale: the plan changed after this run.')))
      : null,
    run.outcome === null ? null : outcome(run),
    adapterLine(run),
    run.checks.length > 0 ? checks(run.checks) : null,
    run.memory.length > 0 ? memory(run.memory) : null,
    run.savings.length > 0 ? savings(run.savings) : null,
    run.timing.length > 0 ? timing(run.timing, run.adapter?.software ?? false) : null,
    kernelsOf(run),
    run.loss.length > 1 ? loss(run, width) : null,
    scope(run),
  ];
  return nodes.filter((node) => node !== null);
}

/** Where the time goes; a run that told its steps' times and none of its kernels' was kept by an earlier version. */
function kernelsOf({ kernels: list, timing: steps, adapter, outcome: ended }: Run): HTMLElement | null {
  if (list.length > 0) return kernels(list, adapter?.software ?? false);
  return ended !== null && steps.length > 0 ? noKernels() : null;
}
