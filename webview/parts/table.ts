/** A table that says the same as a picture. */
import { h, setAttributes, setText } from '../dom';

export interface Column {
  title: string;
  number?: boolean;
}

/** The first cell of each row is its head. */
export function tableOf(columns: readonly Column[], rows: readonly (readonly (Node | string)[])[]): HTMLTableElement {
  const classOf = (index: number) => (columns[index]?.number ? 'number' : null);
  return h(
    'table',
    {},
    h('thead', {}, h('tr', {}, ...columns.map(({ title }, index) => h('th', { scope: 'col', class: classOf(index) }, title)))),
    h(
      'tbody',
      {},
      ...rows.map((cells) =>
        h(
          'tr',
          {},
          ...cells.map((cell, index) =>
            index === 0 ? h('th', { scope: 'row', class: classOf(0) }, cell) : h('td', { class: classOf(index) }, cell),
          ),
        ),
      ),
    ),
  );
}

/** A box for a table called `title`. Where that is too wide it scrolls sideways, and is then a stop of the Tab key. */
export function scroller(title: string, ...content: Node[]): HTMLElement {
  const box = h('div', { class: 'table', role: 'group', 'aria-label': title }, ...content);
  new ResizeObserver(() => setAttributes(box, { tabindex: box.scrollWidth > box.clientWidth ? 0 : null })).observe(box);
  return box;
}

export interface Folded {
  element: HTMLDetailsElement;
  /** Other words on the line. */
  title(words: string): void;
  set(make: () => readonly Node[]): void;
}

/** The table behind a line that opens it; it is written when it is looked at. */
export function folded(title: string): Folded {
  const body = scroller(title);
  const summary = h('summary', {}, title);
  const element = h('details', { class: 'as-table' }, summary, body);
  let wanted: (() => readonly Node[]) | null = null;
  const write = () => {
    if (wanted) body.replaceChildren(...wanted());
    wanted = null;
  };
  // A press comes before it opens; what opens it otherwise is told afterwards.
  summary.addEventListener('click', write);
  element.addEventListener('toggle', write);
  return {
    element,
    title: (words) => setText(summary, words),
    set(make) {
      wanted = make;
      if (element.open) write();
    },
  };
}
