/** A table that says the same as a picture. */
import { h } from '../dom';

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

/** The table behind a line that opens it; it is written when it is looked at. */
export function folded(title: string): { element: HTMLDetailsElement; set(make: () => readonly Node[]): void } {
  const body = h('div', { class: 'table' });
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
    set(make) {
      wanted = make;
      if (element.open) write();
    },
  };
}
