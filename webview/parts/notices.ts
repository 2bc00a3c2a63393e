/** What stands in the way of a picture, in words: no plan yet, errors, a server out of reach. */
import * as l10n from '@vscode/l10n';
import type { Place, PlanView } from '../../src/protocol';
import { button } from '../controls';
import { h, icon, prose } from '../dom';
import { current, type State } from '../state';

export interface Notice {
  element: HTMLElement;
  show(state: State): void;
}

/** Of the state, all that the words depend on. */
const NOTED = ['reply', 'problem', 'lost', 'selected', 'drawn'] as const;

export function createNotice(reveal: (place: Place) => void, restart: () => void): Notice {
  const words = h('div', { 'aria-live': 'polite' });
  const again = button({ label: l10n.t('Start it again'), onPress: restart });
  const lost = h('div', { class: 'tools' }, again.element);
  let shown: State | null = null;
  return {
    element: h('section', { class: 'notice' }, words, lost),
    show(state) {
      const known = shown;
      if (known && NOTED.every((field) => known[field] === state[field])) return;
      shown = state;
      words.replaceChildren(...notices(state, current(state), reveal));
      lost.hidden = !state.lost;
    },
  };
}

function notices(state: State, plan: PlanView | null, reveal: (place: Place) => void): Node[] {
  const nodes: Node[] = [];
  const add = (kind: 'bad' | 'plain', picture: 'fail' | 'info' | 'warning', ...words: (Node | string)[]) =>
    nodes.push(h('p', { class: `verdict ${kind}` }, icon(picture), h('span', {}, ...words)));
  if (state.problem !== null) add('bad', 'fail', ...prose(state.problem));
  if (state.reply === null) {
    if (state.problem === null) nodes.push(h('p', { class: 'empty' }, l10n.t('Estimating…')));
    return nodes;
  }
  const { errors, plans } = state.reply;
  if (plans.length === 0 && errors === 0) {
    nodes.push(
      h(
        'div',
        { class: 'empty' },
        h('p', {}, l10n.t('This file has no plan yet.')),
        h('p', {}, l10n.t('A plan names a model, a device and a sequence length; its picture appears here as you type:')),
        h('pre', {}, 'plan first {\n  model     llama\n  device    card\n  sequence  4k\n}'),
      ),
    );
  }
  if (plan?.problem !== undefined) {
    const go = h('a', { href: '#' }, plan.name);
    go.addEventListener('click', (event) => {
      event.preventDefault();
      reveal(plan.place);
    });
    add(
      'bad',
      'fail',
      l10n.t('Plan '),
      go,
      l10n.t(' cannot be estimated: '),
      ...prose(plan.problem),
      state.drawn ? l10n.t(' The picture is of the text before.') : '',
    );
  }
  if (plans.length === 0 && errors > 0)
    add(
      'plain',
      'warning',
      errors === 1
        ? l10n.t('The file has an error and no plan that can be estimated.')
        : l10n.t('The file has {0} errors and no plan that can be estimated.', errors),
    );
  const broken = plans.filter((other) => other !== plan && other.problem !== undefined).map(({ name }) => name);
  if (broken.length > 0)
    add(
      'plain',
      'warning',
      broken.length === 1
        ? l10n.t('Plan {0} of this file cannot be estimated; this one is whole.', broken.join(', '))
        : l10n.t('Plans {0} of this file cannot be estimated; this one is whole.', broken.join(', ')),
    );
  return nodes;
}
