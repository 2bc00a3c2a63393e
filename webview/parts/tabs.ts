/** Tabs for the pictures: one stop of the Tab key, arrows within. */
import * as l10n from '@vscode/l10n';
import { VIEWS, type View } from '../../src/protocol';
import { h } from '../dom';

const TITLES: { [view in View]: string } = {
  waterfall: l10n.t('Waterfall'),
  timeline: l10n.t('Timeline'),
  'what-if': l10n.t('What if'),
  compare: l10n.t('Compare'),
  run: l10n.t('Run'),
};

export interface Tabs {
  element: HTMLElement;
  set(view: View): void;
}

/** `panels` are the elements that the tabs show, by view. */
export function createTabs(panels: { [view in View]: HTMLElement }, onChange: (view: View) => void): Tabs {
  const tabs = VIEWS.map((view) => {
    const tab = h(
      'button',
      { type: 'button', role: 'tab', id: `tab-${view}`, 'aria-controls': `view-${view}`, 'data-view': view },
      TITLES[view],
    );
    tab.addEventListener('click', () => onChange(view));
    panels[view].id = `view-${view}`;
    panels[view].setAttribute('role', 'tabpanel');
    panels[view].setAttribute('aria-labelledby', tab.id);
    return tab;
  });
  const element = h('div', { class: 'tabs', role: 'tablist', 'aria-label': l10n.t('Pictures') }, ...tabs);
  element.addEventListener('keydown', (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (step === undefined) return;
    const at = tabs.indexOf(document.activeElement as HTMLButtonElement);
    const next = (at + step + VIEWS.length) % VIEWS.length;
    tabs[next]?.focus();
    onChange(VIEWS[next] as View);
    event.preventDefault();
  });
  return {
    element,
    set(view) {
      VIEWS.forEach((name, index) => {
        tabs[index]?.setAttribute('aria-selected', String(name === view));
        tabs[index]?.setAttribute('tabindex', name === view ? '0' : '-1');
        panels[name].hidden = name !== view;
      });
    },
  };
}
