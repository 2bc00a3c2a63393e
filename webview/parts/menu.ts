/** A button that opens a list of actions; arrows and Escape as in any menu. */
import { h } from '../dom';

export interface MenuAction {
  label: string;
  run: () => void;
  /** Asked when the menu opens; absent: always. */
  enabled?: () => boolean;
}

export function createMenu(title: string, actions: readonly MenuAction[]): HTMLElement {
  const list = h('div', { class: 'menu-list', role: 'menu', 'aria-label': title, hidden: true });
  const opener = h('button', { type: 'button', class: 'menu-opener', 'aria-haspopup': 'menu', 'aria-expanded': 'false' }, title);
  const element = h('div', { class: 'menu' }, opener, list);
  const items = actions.map(({ label, run }) => {
    const item = h('button', { type: 'button', role: 'menuitem', tabindex: -1 }, label);
    item.addEventListener('click', () => {
      // It keeps its place among the arrows' stops, so that one hears that it is there.
      if (item.getAttribute('aria-disabled') === 'true') return;
      toggle(false);
      opener.focus();
      run();
    });
    return item;
  });
  list.append(...items);
  const toggle = (open: boolean) => {
    list.hidden = !open;
    actions.forEach(({ enabled }, index) => {
      if (open && enabled) items[index]?.setAttribute('aria-disabled', String(!enabled()));
    });
    opener.setAttribute('aria-expanded', String(open));
    if (open) items[0]?.focus();
  };
  opener.addEventListener('click', () => toggle(list.hidden !== false));
  element.addEventListener('keydown', (event) => {
    if (list.hidden !== false) return;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (event.key === 'Escape') {
      toggle(false);
      opener.focus();
    } else if (step !== undefined) {
      const at = items.indexOf(document.activeElement as HTMLButtonElement);
      items[(at + step + items.length) % items.length]?.focus();
    } else return;
    event.preventDefault();
  });
  element.addEventListener('focusout', (event) => {
    if (!element.contains(event.relatedTarget as Node | null)) toggle(false);
  });
  return element;
}
