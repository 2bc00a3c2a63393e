/** The page: one skeleton, parts that follow the state, and the messages in and out. */
import * as l10n from '@vscode/l10n';
import type { Place, ToWebview } from '../src/protocol';
import type { Channel } from './channel';
import { button, select } from './controls';
import { h, setText } from './dom';
import { createExport } from './export/menu';
import { readMessage } from './messages';
import { followMotion } from './paint/motion';
import { createAnswer } from './parts/answer';
import { createCard } from './parts/card';
import { createNotice } from './parts/notices';
import { createTabs } from './parts/tabs';
import { createViews } from './parts/views';
import { current, initial, isChanged, phase, reduce, running, type State, shown } from './state';

export function startApp(root: HTMLElement, channel: Channel): void {
  let state: State = initial;
  let marked: number | null = null;
  const reveal = (place: Place) => channel.post({ type: 'reveal', place });
  const picker = select({ label: l10n.t('Plan'), onChange: (plan) => channel.post({ type: 'select', plan }) });
  const run = button({
    label: l10n.t('Run on GPU'),
    kind: 'primary',
    onPress: () => state.selected && channel.post({ type: 'run', plan: state.selected }),
  });
  const subject = h('span', { class: 'subject' });
  const busy = h('span', { class: 'busy', role: 'status' });
  const notice = createNotice(reveal, () => channel.post({ type: 'restart-server' }));
  const answer = createAnswer(() => state.selected && makeItFit(state.selected));
  const card = createCard();
  const views = createViews({ card, post: channel.post, reveal, redraw: () => draw() });
  const tabs = createTabs(views.panels, (view) => change({ type: 'view', view }));
  const exported = createExport(() => views.exported(state), channel);
  const pictures = h(
    'section',
    { class: 'pictures' },
    h('div', { class: 'pictures-head' }, tabs.element, exported),
    ...Object.values(views.panels),
  );
  root.replaceChildren(
    h('header', {}, picker.element, subject, busy, h('span', { class: 'actions' }, run.element)),
    h('main', {}, notice.element, answer.element, pictures),
    card.element,
  );

  const draw = () => {
    const plan = current(state);
    const width = contentWidth(root);
    const seen = shown(state);
    root.dataset.state = phase(state);
    const revision = state.drawn?.version ?? state.reply?.version;
    if (revision !== undefined) root.dataset.revision = String(revision);
    root.setAttribute('aria-busy', String(state.estimating));
    picker.set(state.reply?.plans.map(({ name }) => ({ value: name, label: name })) ?? [], state.selected);
    picker.element.hidden = (state.reply?.plans.length ?? 0) === 0;
    setText(subject, seen ? l10n.t('{0} on {1}', seen.estimate.model, seen.estimate.device) : '');
    setText(busy, state.estimating && state.reply ? l10n.t('estimating…') : '');
    run.set({ disabled: running(state) || !plan?.estimate, hidden: !plan });
    notice.show(state);
    // A run may be looked at while the text has errors; the other pictures need an estimate.
    answer.element.hidden = seen === null;
    pictures.hidden = seen === null && state.run === null;
    if (seen) answer.show(seen, seen !== state.drawn && isChanged(state), width);
    tabs.set(state.view);
    views.show(state, width);
    exported.hidden = views.exported(state) === null;
    for (const part of [answer.element, pictures]) part.classList.toggle('stale', state.drawn !== null && !plan?.estimate);
    mark(revision);
  };

  /** Leaves a mark in the browser's own timeline when a version is drawn for the first time: profiles and benchmarks read it. */
  const mark = (revision: number | undefined) => {
    if (revision === undefined || root.dataset.state !== 'rendered' || revision === marked) return;
    marked = revision;
    performance.clearMarks('memplan.picture');
    performance.mark('memplan.picture', { detail: revision });
  };

  const change = (...messages: ToWebview[]) => {
    state = messages.reduce(reduce, state);
    if (state.reply) channel.save({ uri: state.reply.uri, plan: state.selected, view: state.view });
    draw();
  };
  const makeItFit = (plan: string) => {
    views.fit(plan);
    change({ type: 'fit-wanted', plan });
  };
  channel.listen((data) => {
    const message = readMessage(data);
    if (message === null) return;
    if (message.type === 'hello') return channel.post({ type: 'here' });
    if (message.type === 'fit-wanted') makeItFit(message.plan);
    else change(message);
  });
  let drawn = root.clientWidth;
  new ResizeObserver(() => {
    if (root.clientWidth === drawn) return;
    drawn = root.clientWidth;
    draw();
  }).observe(root);
  followMotion(root);
  const saved = channel.restore();
  change(
    ...(saved ? [{ type: 'view' as const, view: saved.view }] : []),
    ...channel.given().flatMap((one) => readMessage(one) ?? []),
  );
  channel.post({ type: 'ready' });
}

/** Width inside the page's padding. */
function contentWidth(root: HTMLElement): number {
  const style = getComputedStyle(root);
  return Math.max(
    240,
    Math.floor(root.clientWidth - Number.parseFloat(style.paddingLeft) - Number.parseFloat(style.paddingRight)),
  );
}
