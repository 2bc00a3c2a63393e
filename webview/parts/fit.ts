/** Ways to make the plan fit: looked for on demand, with progress and a way out; each is written to the file on a press. */
import * as l10n from '@vscode/l10n';
import type { FitChoice, FitReply, FromWebview } from '../../src/protocol';
import { button } from '../controls';
import { h, setAttributes, setText } from '../dom';
import { formatBytes, formatDelta, formatExact, formatRelative, formatSeconds } from '../format';
import { type FitDot, layoutFit } from '../layout/fit';
import { paintFit } from '../paint/fit';
import { picture } from '../paint/svg';
import type { Drawn, State } from '../state';
import { floorWords, pace, statement, waysTable } from './fit-ways';
import { folded, scroller } from './table';

export interface FitView {
  element: HTMLElement;
  /** Looks for ways to make the plan fit. */
  search(plan: string): void;
  show(state: State, drawn: Drawn, width: number): void;
}

const HEIGHT = 280;

export function createFit(post: (message: FromWebview) => void): FitView {
  const start = button({ label: l10n.t('Find ways to make it fit'), onPress: () => post({ type: 'fit', plan: asked }) });
  const cancel = button({ label: l10n.t('Cancel'), onPress: () => post({ type: 'cancel-fit' }) });
  const words = h('span', { class: 'words', role: 'status' });
  const bar = h('progress', { 'aria-label': l10n.t('Plans looked at') });
  const progress = h('div', { class: 'progress', hidden: true }, words, bar, cancel.element);
  const svg = picture('fit');
  const detail = h('div', { class: 'detail', 'aria-live': 'polite' });
  const table = scroller(l10n.t('Ways to make it fit'));
  const note = h('p', { class: 'note', role: 'status' });
  const looked = h('p', { class: 'note' });
  const more = folded(l10n.t('More ways to make it fit'));
  const floor = h('div', { class: 'floor', hidden: true });
  const body = h('div', {}, svg, detail, looked, table, more.element);
  const element = h(
    'section',
    { class: 'fit-view', 'aria-label': l10n.t('Ways to make it fit') },
    h('h3', {}, l10n.t('Ways to make it fit')),
    h('div', { class: 'tools' }, start.element),
    progress,
    note,
    floor,
    body,
  );
  let asked = '';
  /** The view is to be brought into sight once it is drawn. */
  let wanted = false;

  return {
    element,
    search(plan) {
      asked = plan;
      wanted = true;
      post({ type: 'fit', plan });
    },
    show(state, { plan, version, estimate }, width) {
      asked = plan.name;
      if (wanted) element.scrollIntoView({ block: 'center' });
      wanted = false;
      const { fitting, unanswered } = state;
      const fit = state.fit?.plan === plan.name ? state.fit : null;
      const running = fitting?.plan === plan.name;
      progress.hidden = !running;
      start.set({ disabled: running, label: fit ? l10n.t('Look again') : l10n.t('Find ways to make it fit') });
      if (running) {
        setText(words, l10n.t('{0} of at most {1} plans', formatExact(fitting.done), formatExact(fitting.total)));
        setAttributes(bar, fitting.total > 0 ? { max: fitting.total, value: fitting.done } : { max: null, value: null });
      }
      const failed = unanswered !== null && unanswered.plan === plan.name && ['fit', 'apply'].includes(unanswered.question);
      const stale = fit !== null && fit.version !== version;
      const lines = [
        failed && unanswered.question === 'fit'
          ? unanswered.message || l10n.t('Cancelled before it was done.')
          : failed
            ? unanswered.message
            : '',
        stale ? l10n.t('The file was edited since; look again for ways from where it stands now.') : '',
        !fit && !running && !failed
          ? estimate.fits
            ? l10n.t('Looks at every compatible technique in place of the stated ones; the plan fits as it is.')
            : l10n.t('Looks at every compatible technique in place of the stated ones.')
          : '',
      ].filter((line) => line !== '');
      setText(note, lines.join(' '));
      note.hidden = lines.length === 0;
      body.hidden = fit === null || fit.points.length === 0;
      floor.hidden = fit === null || fit.points.length > 0;
      if (fit && !floor.hidden) floor.replaceChildren(...floorWords(fit));
      if (!fit || fit.points.length === 0) return;
      const apply = ({ changes }: FitChoice) => post({ type: 'apply', plan: plan.name, version: fit.version, changes });
      const inspect = (dot: FitDot | null) => detail.replaceChildren(...(dot ? detailOf(dot.choice, fit) : [hint]));
      paintFit(svg, layoutFit(fit, Math.min(width, 760), HEIGHT), ({ choice }) => sentence(choice, fit), {
        onApply: ({ choice }) => apply(choice),
        onInspect: inspect,
      });
      if (!svg.contains(document.activeElement)) inspect(null);
      svg.classList.toggle('stale', stale);
      const likes = fit.points.filter(({ near }) => near);
      const ways = fit.points.filter(({ near }) => !near);
      table.replaceChildren(waysTable(fit, ways, apply));
      setText(looked, l10n.t('{0} plans looked at; none beats these in both peak and time', formatExact(fit.considered)));
      more.element.hidden = likes.length === 0;
      more.title(l10n.t('{0} more, each much like one of these', formatExact(likes.length)));
      more.set(() => [waysTable(fit, likes, apply)]);
    },
  };
}

const hint = h(
  'p',
  { class: 'note' },
  l10n.t(
    'A point is a plan: filled where it computes exactly the same, hollow where it approximates. Press one to write it to the file.',
  ),
);

/** Statements that change, each with what it buys and costs. */
function detailOf({ edits, exact }: FitChoice, { now }: FitReply): Node[] {
  return [
    h(
      'ul',
      { class: 'edits' },
      ...edits.map((edit) =>
        h(
          'li',
          {},
          h('span', { class: 'mono' }, statement(edit)),
          ` ${formatDelta(edit.bytes)}, ${l10n.t('time {0}', pace(edit, now.time))}${edit.exact ? '' : l10n.t(', approximates')}`,
        ),
      ),
    ),
    h(
      'p',
      { class: 'note' },
      `${exact ? l10n.t('Computes exactly the same.') : l10n.t('Approximates what the plan computes exactly.')} ${l10n.t('Press to write it to the file.')}`,
    ),
  ];
}

function sentence({ device, time, exact, edits }: FitChoice, { now }: FitReply): string {
  const change = formatRelative(now.time, time);
  const seconds = `${formatSeconds(time)}${change === null ? '' : ` (${change})`}`;
  const kind = exact ? l10n.t('exact') : l10n.t('approximates');
  const statements = edits.map(statement).join(', ');
  return l10n.t('{0} on the card, a step in {1}, {2}: {3}. Apply to the file.', formatBytes(device), seconds, kind, statements);
}
