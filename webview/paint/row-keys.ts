/** Keys within the rows: one stop of the Tab key, arrows, Home and End, Enter and Space. */
import type { Row } from '../layout/waterfall';
import type { WaterfallEvents } from './waterfall';

export function onKey(event: KeyboardEvent, row: Row, events: WaterfallEvents): void {
  const bar = event.currentTarget as SVGGElement;
  const rows = [...(bar.parentNode?.querySelectorAll<SVGGElement>('g.row') ?? [])];
  const at = rows.indexOf(bar);
  const target = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: rows.length - 1 }[event.key];
  if (target !== undefined) {
    const next = rows[Math.max(0, Math.min(rows.length - 1, target))] ?? bar;
    for (const other of rows) other.setAttribute('tabindex', other === next ? '0' : '-1');
    next.focus();
  } else if (event.key === 'Enter' || event.key === ' ') events.onActivate(row);
  else if (event.key === 'Escape') events.onInspect(null, null);
  else return;
  event.preventDefault();
}

/** The rows are one stop of the Tab key; arrows move within. A repaint leaves the stop where it was. */
export function keepOneTabStop(rows: SVGGElement[]): void {
  const stop = rows.find((row) => row.getAttribute('tabindex') === '0') ?? rows[0];
  for (const row of rows) row.setAttribute('tabindex', row === stop ? '0' : '-1');
}
