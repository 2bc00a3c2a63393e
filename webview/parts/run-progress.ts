/** How far a run is, beside the button that ends it. */
import * as l10n from '@vscode/l10n';
import { progressRing } from '../controls';
import { h, setAttributes, setText } from '../dom';
import { formatExact } from '../format';
import type { Run } from '../state';

/** Stays in place while the rest is drawn anew, and keeps the focus. */
export function createProgress(cancel: HTMLElement): { element: HTMLElement; set(run: Run | null): void } {
  const stage = h('span', { class: 'stage' });
  const bar = h('progress', { 'aria-label': l10n.t('Progress of the run') });
  const element = h(
    'div',
    { class: 'progress', hidden: true },
    progressRing(l10n.t('Running')),
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
        at
          ? `${at.stage}${at.total > 0 ? ` · ${l10n.t('{0} of {1}', formatExact(at.done), formatExact(at.total))}` : ''}`
          : l10n.t('Starting the runner'),
      );
      setAttributes(bar, at && at.total > 0 ? { max: at.total, value: at.done } : { max: null, value: null });
    },
  };
}
