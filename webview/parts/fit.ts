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
import { scroller } from './table';

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
  const body = h('div', {}, svg, detail, table);
  const element = h(
    'section',
    { class: 'fit-view', 'aria-label': l10n.t('Ways to make it fit') },
    h('h3', {}, l10n.t('Ways to make it fit')),
    h('div', { class: 'tools' }, start.element),
    progress,
    note,
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
        fit && fit.points.length === 0 ? emptyWords(fit) : '',
        !fit && !running && !failed
          ? estimate.fits
            ? l10n.t('Looks at every compatible technique in place of the stated ones; the plan fits as it is.')
            : l10n.t('Looks at every compatible technique in place of the stated ones.')
          : '',
      ].filter((line) => line !== '');
      setText(note, lines.join(' '));
      note.hidden = lines.length === 0;
      body.hidden = fit === null || fit.points.length === 0;
      if (!fit || fit.points.length === 0) return;
      const apply = ({ changes }: FitChoice) => post({ type: 'apply', plan: plan.name, version: fit.version, changes });
      const inspect = (dot: FitDot | null) => detail.replaceChildren(...(dot ? detailOf(dot.choice, fit) : [hint]));
      paintFit(svg, layoutFit(fit, Math.min(width, 760), HEIGHT), ({ choice }) => sentence(choice, fit), {
        onApply: ({ choice }) => apply(choice),
        onInspect: inspect,
      });
      if (!svg.contains(document.activeElement)) inspect(null);
      svg.classList.toggle('stale', stale);
      table.replaceChildren(choices(fit, apply));
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

function emptyWords({ considered, floor, usable }: FitReply): string {
  const least =
    floor === null ? '' : l10n.t('; the smallest keeps {0} alive, and {1} are usable', formatBytes(floor), formatBytes(usable));
  return `${l10n.t('None of {0} plans fits', formatExact(considered))}${least}.`;
}

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
          h('span', { class: 'mono' }, `${edit.slot} ${edit.to}`),
          ` ${formatDelta(edit.bytes)}, ${secondsWords(edit.seconds, now.time)}${edit.exact ? '' : l10n.t(', approximates')}`,
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

const secondsWords = (seconds: number, base: number): string => {
  const relative = formatRelative(base, base + seconds);
  return relative === null ? '' : l10n.t('time {0}', relative);
};

function sentence({ device, time, exact, edits }: FitChoice, { now }: FitReply): string {
  const change = formatRelative(now.time, time);
  const seconds = `${formatSeconds(time)}${change === null ? '' : ` (${change})`}`;
  const kind = exact ? l10n.t('exact') : l10n.t('approximates');
  const statements = edits.map(({ slot, to }) => `${slot} ${to}`).join(', ');
  return l10n.t('{0} on the card, a step in {1}, {2}: {3}. Apply to the file.', formatBytes(device), seconds, kind, statements);
}

/** The same as the picture, with a button a row. */
function choices(fit: FitReply, apply: (choice: FitChoice) => void): HTMLElement {
  const head = [l10n.t('Statements'), l10n.t('On the card'), l10n.t('Time per step'), ''];
  return h(
    'table',
    { class: 'choices-table' },
    h('caption', {}, l10n.t('{0} plans looked at; none beats these in both peak and time', formatExact(fit.considered))),
    h(
      'thead',
      {},
      h(
        'tr',
        {},
        ...head.map((name, index) =>
          h(
            name === '' ? 'td' : 'th',
            { scope: name === '' ? null : 'col', class: index === 1 || index === 2 ? 'number' : '' },
            name,
          ),
        ),
      ),
    ),
    h(
      'tbody',
      {},
      ...fit.points.map((choice) => {
        const press = button({ label: l10n.t('Apply'), onPress: () => apply(choice) });
        press.element.setAttribute('aria-label', l10n.t('Apply {0}', choice.edits.map(({ to }) => to).join(', ')));
        return h(
          'tr',
          {},
          h(
            'th',
            { scope: 'row', class: 'mono' },
            choice.edits.length === 0 ? l10n.t('as written') : choice.edits.map(({ slot, to }) => `${slot} ${to}`).join(', '),
            choice.exact ? null : h('small', {}, ` ${l10n.t('approximates')}`),
          ),
          h('td', { class: 'number' }, formatBytes(choice.device)),
          h(
            'td',
            { class: 'number' },
            formatSeconds(choice.time),
            h('small', {}, formatRelative(fit.now.time, choice.time) ?? ''),
          ),
          h('td', {}, choice.edits.length === 0 ? null : press.element),
        );
      }),
    ),
  );
}
