/**
 * What if: numbers and techniques are turned, the pictures follow, and nothing is written before it is applied.
 * One question is under way at a time; what was turned meanwhile is asked next, so that the pictures follow as fast as
 * the estimate and never lag behind a queue.
 */
import * as l10n from '@vscode/l10n';
import type { Change, FromWebview, SlotChoice, WhatIfReply } from '../../src/protocol';
import { button } from '../controls';
import { h, icon, prose } from '../dom';
import { formatBytes, formatDelta, formatRelative } from '../format';
import type { Drawn, State, Unanswered } from '../state';
import { folded, tableOf } from './table';
import { createControls, wordsOf } from './what-if-controls';

export interface WhatIf {
  element: HTMLElement;
  show(state: State, drawn: Drawn): void;
}

export function createWhatIf(post: (message: FromWebview) => void): WhatIf {
  const changes = new Map<string, Change>();
  let plan = '';
  let version = 0;
  let applied = 0;
  /** Number of the question under way, and whether another one has to follow. */
  let waiting: number | null = null;
  let dirty = false;
  let id = 0;
  let refused: Unanswered | null = null;

  const controls = createControls({
    onNumber(path, value) {
      const turn = reply?.turns.find((one) => one.path === path);
      if (turn?.written === value) changes.delete(path);
      else changes.set(path, { kind: 'number', path, value });
      ask();
    },
    onTechnique({ slot, written, value: before, options }: SlotChoice, name) {
      for (const path of changes.keys()) if (path.startsWith(`${before}.`)) changes.delete(path);
      const use = options.find((one) => one.name === name)?.use;
      if (name === written || !use) changes.delete(`slot ${slot}`);
      else changes.set(`slot ${slot}`, { kind: 'technique', slot, use });
      ask();
    },
  });
  const reset = button({
    label: l10n.t('Reset'),
    onPress() {
      changes.clear();
      ask();
    },
  });
  const apply = button({
    label: l10n.t('Apply to file'),
    kind: 'primary',
    onPress: () => post({ type: 'apply', plan, version, changes: [...changes.values()] }),
  });
  const verdict = h('p', { class: 'trial', role: 'status' });
  const problems = h('ul', { class: 'problems', 'aria-live': 'polite' });
  const table = folded(l10n.t('The changes as a table'));
  const waitingNote = h('p', { class: 'empty' }, l10n.t('Reading what may be turned…'));
  const body = h(
    'div',
    {},
    controls.element,
    problems,
    h('div', { class: 'tools' }, apply.element, reset.element, verdict),
    table.element,
  );
  let reply: WhatIfReply | null = null;

  /** Asks now, or as soon as the question under way is answered. */
  const ask = () => {
    dirty = true;
    settle();
  };
  const settle = () => {
    if (!dirty || waiting !== null) return;
    dirty = false;
    id += 1;
    waiting = id;
    element.setAttribute('aria-busy', 'true');
    post({ type: 'what-if', plan, id, changes: [...changes.values()] });
  };
  /** What is asked for follows the plan on show, its text, and what was written. */
  const follow = (state: State, drawn: Drawn) => {
    const other = drawn.plan.name !== plan;
    if (other || state.applied !== applied) changes.clear();
    if (other || state.applied !== applied || drawn.version !== version) dirty = true;
    if (other) waiting = null;
    plan = drawn.plan.name;
    version = drawn.version;
    applied = state.applied;
    const { whatIf, unanswered } = state;
    if (whatIf?.id === waiting || (unanswered !== refused && unanswered?.question === 'what-if')) waiting = null;
    refused = unanswered;
    reply = whatIf?.plan === plan ? whatIf.reply : null;
    settle();
    element.setAttribute('aria-busy', String(waiting !== null));
  };

  const element = h('section', { class: 'what-if', 'aria-label': l10n.t('What if') }, waitingNote, body);

  return {
    element,
    show(state, drawn) {
      follow(state, drawn);
      const { unanswered } = state;
      waitingNote.hidden = reply !== null;
      body.hidden = reply === null;
      if (!reply) return;
      controls.set(reply.turns, reply.slots);
      const refusals = [...reply.problems, ...(reply.view.problem ? [reply.view.problem] : [])];
      const said = unanswered !== null && unanswered.plan === plan && ['what-if', 'apply'].includes(unanswered.question);
      const lines = [...refusals, ...(said && unanswered.message !== '' ? [unanswered.message] : [])];
      problems.replaceChildren(...lines.map((line) => h('li', {}, icon('warning'), h('span', {}, ...prose(line)))));
      const none = changes.size === 0;
      apply.set({ disabled: none || refusals.length > 0 });
      reset.set({ disabled: none });
      verdict.replaceChildren(...effect(drawn, reply, changes.size));
      table.element.hidden = none;
      const answer = reply;
      table.set(() => [changesTable(answer)]);
    },
  };
}

/** What the changes buy and cost against the file. */
function effect({ estimate: before }: Drawn, { view: { estimate: after } }: WhatIfReply, count: number): (Node | string)[] {
  if (count === 0) return [l10n.t('As written. Turn something: nothing is written before you apply it.')];
  if (!after) return [l10n.t('These changes cannot be estimated.')];
  const time = formatRelative(before.time.step, after.time.step);
  return [
    h('b', {}, formatDelta(after.peak.device - before.peak.device)),
    l10n.t(' on the card ({0} → {1})', formatBytes(before.peak.device), formatBytes(after.peak.device)),
    time === null ? '' : l10n.t(', time {0}', time),
  ];
}

function changesTable({ turns, slots }: WhatIfReply): HTMLElement {
  const rows = [
    ...turns
      .filter(({ value, written }) => value !== written)
      .map(({ path, value, written, tokens }) => [
        path,
        written === null ? '' : wordsOf(written, tokens),
        wordsOf(value, tokens),
      ]),
    ...slots.filter(({ value, written }) => value !== written).map(({ slot, value, written }) => [slot, written, value]),
  ];
  return tableOf([{ title: l10n.t('What') }, { title: l10n.t('In the file') }, { title: l10n.t('Tried') }], rows);
}
