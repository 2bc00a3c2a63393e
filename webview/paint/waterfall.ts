/** Paints a laid-out waterfall by d3 joins. Colours are classes; the style sheet knows the themes. */
import { type Selection, select } from 'd3';
import { formatBytes, formatDelta, formatRelative } from '../format';
import type { Mark, Row, Segment, Waterfall } from '../layout/waterfall';
import { hatch } from './hatch';

export interface WaterfallEvents {
  /** Pressed by mouse, Enter or Space. */
  onActivate(row: Row): void;
  /** Under the pointer or focused; null when it leaves. */
  onInspect(row: Row | null, bar: Element | null): void;
}

export interface WaterfallNames {
  /** Whether a press on the row leads somewhere, and the line it leads to. */
  lineOf(row: Row): number | null;
  device: string;
  /** Words for what the result is over by, null where it fits. */
  over: string | null;
  /** Line of the cursor in the file: the row written there is lit. */
  cursor: number | null;
}

type Svg = Selection<SVGSVGElement, unknown, null, undefined>;

/** Width of one character of the labels' monospace font at its size. */
const CHARACTER = 7.3;
/** Up to this width the price in time is left to the card and the table, so that labels stay readable. */
const NARROW = 400;

export function paintWaterfall(svg: SVGSVGElement, layout: Waterfall, names: WaterfallNames, events: WaterfallEvents): void {
  const root = select(svg).attr('width', layout.width).attr('height', layout.height) as unknown as Svg;
  root.attr('viewBox', `0 0 ${layout.width} ${layout.height}`);
  hatch(root);
  layer(root, 'grid').call(paintGrid, layout);
  layer(root, 'marks').call(paintMarks, layout, names.device);
  layer(root, 'connectors').call(paintConnectors, layout);
  layer(root, 'rows').call(paintRows, layout, names, events);
}

type Layer = Selection<SVGGElement, null, SVGSVGElement, unknown>;

function layer(root: Svg, name: string): Layer {
  return root.selectAll<SVGGElement, null>(`g.${name}`).data([null]).join('g').attr('class', name);
}

function paintGrid(g: Layer, layout: Waterfall): void {
  const ticks = g
    .attr('aria-hidden', 'true')
    .selectAll<SVGGElement, (typeof layout.ticks)[number]>('g')
    .data(layout.ticks, (tick) => tick.bytes)
    .join((enter) => {
      const tick = enter.append('g');
      tick.append('line');
      tick.append('text');
      return tick;
    })
    .attr('transform', (tick) => `translate(${Math.round(tick.x) + 0.5},0)`);
  ticks.select('line').attr('y1', layout.plot.top).attr('y2', layout.plot.bottom);
  ticks
    .select('text')
    .attr('y', layout.plot.bottom + 16)
    .attr('text-anchor', (tick) => (tick.bytes === 0 ? 'start' : tick.x > layout.width - 40 ? 'end' : 'middle'))
    .text((tick) => (tick.bytes === 0 ? '0' : formatBytes(tick.bytes).replace(/\.0+ /, ' ')));
}

function paintConnectors(g: Layer, layout: Waterfall): void {
  g.attr('aria-hidden', 'true')
    .selectAll('line')
    .data(layout.connectors)
    .join('line')
    .attr('x1', (line) => line.x)
    .attr('x2', (line) => line.x)
    .attr('y1', (line) => line.y1)
    .attr('y2', (line) => line.y2);
}

function paintRows(g: Layer, layout: Waterfall, names: WaterfallNames, events: WaterfallEvents): void {
  const rows = g
    .attr('role', 'list')
    .attr('aria-label', 'Waterfall of peak memory')
    .selectAll<SVGGElement, Row>('g.row')
    .data(layout.rows, (row) => `${row.kind} ${row.index}`)
    .join((enter) => {
      const row = enter.append('g');
      row.append('rect').attr('class', 'hit');
      row.append('text').attr('class', 'label');
      row.append('text').attr('class', 'value');
      row.append('g').attr('class', 'bars');
      row.append('text').attr('class', 'end');
      row.append('rect').attr('class', 'focus');
      return row;
    });
  rows
    .attr('class', (row) => `row ${row.kind}`)
    .attr('data-label', (row) => row.label)
    .attr('data-bytes', (row) => row.bytes)
    .attr('data-before', (row) => row.before)
    .attr('data-after', (row) => row.after)
    .attr('data-role', (row) => (row.kind === 'result' ? 'result' : null))
    .attr('role', 'listitem')
    .attr('aria-label', (row) => sentence(row, names))
    .classed('reachable', (row) => names.lineOf(row) !== null)
    .classed('lit', (row) => row.kind === 'step' && names.cursor !== null && names.lineOf(row) === names.cursor)
    .attr('transform', (row) => `translate(0,${row.y})`)
    .on('click', (_, row) => events.onActivate(row))
    .on('keydown', (event: KeyboardEvent, row) => onKey(event, row, events))
    .on('pointerenter focus', (event: Event, row) => events.onInspect(row, event.currentTarget as Element))
    .on('pointerleave blur', () => events.onInspect(null, null));
  keepOneTabStop(rows.nodes());
  rows
    .select('rect.hit')
    .attr('width', layout.width)
    .attr('height', (row) => row.barY - row.y + row.barHeight + 8);
  rows
    .select('rect.focus')
    .attr('x', 1)
    .attr('y', 1)
    .attr('width', layout.width - 2)
    .attr('height', (row) => row.barY - row.y + row.barHeight + 6)
    .attr('rx', 3);
  const ends = new Map(layout.rows.map((row) => [row, endOf(row, layout)]));
  const values = new Map(layout.rows.map((row) => [row, valueWords(row, ends.get(row) === null, layout.width > NARROW)]));
  const length = (row: Row) => (values.get(row) ?? []).join('').length;
  rows
    .select<SVGTextElement>('text.label')
    .attr('x', 0)
    .attr('y', 13)
    .text((row) => shorten(row.kind === 'plain' ? 'plain plan' : row.label, layout.width - length(row) * CHARACTER - 12));
  rows
    .select('text.value')
    .attr('class', (row) => `value ${row.change?.kind ?? row.kind}`)
    .classed('over-budget', (row) => row.kind === 'result' && row.over !== null)
    .attr('x', layout.width)
    .attr('y', 13)
    .attr('text-anchor', 'end')
    .selectAll('tspan')
    .data((row) => values.get(row) ?? [])
    .join('tspan')
    .attr('class', (_, index) => (index === 0 ? 'strong' : 'weak'))
    .text((words) => words);
  rows.each(function (row) {
    paintBars(select(this).select<SVGGElement>('g.bars'), row, layout.marks);
  });
  rows
    .select('text.end')
    .attr('y', (row) => row.barY - row.y + row.barHeight - 6)
    .attr('x', (row) => ends.get(row) ?? 0)
    .text((row) => (row.kind !== 'step' || ends.get(row) === null ? '' : formatBytes(row.after)));
}

/** Where the number of what is left stands: right of the bar, within what was saved or behind it; null where it has no room. */
function endOf(row: Row, layout: Waterfall): number | null {
  const width = formatBytes(row.after).length * CHARACTER + 8;
  const end = row.after * layout.scale;
  const ghost = row.change?.kind === 'saved' ? row.change.width : 0;
  if (ghost >= width) return end + 6;
  return layout.width - end - ghost >= width ? end + ghost + 6 : null;
}

function paintBars(g: Selection<SVGGElement, unknown, null, undefined>, row: Row, marks: readonly Mark[]): void {
  const top = row.barY - row.y;
  g.selectAll<SVGRectElement, Segment>('rect.segment')
    .data(row.segments, (segment) => segment.category)
    .join('rect')
    .attr('class', (segment) => `segment category-${segment.category}`)
    .attr('data-category', (segment) => segment.category)
    .attr('x', (segment) => segment.x)
    .attr('y', top)
    // A hairline between neighbours, taken from the wider side only, so that small parts stay visible.
    .attr('width', (segment) => Math.max(segment.width > 3 ? segment.width - 1 : segment.width, 0.5))
    .attr('height', row.barHeight);
  g.selectAll<SVGRectElement, NonNullable<Row['held']>>('rect.held')
    .data(row.held ? [row.held] : [])
    .join('rect')
    .attr('class', 'held')
    .attr('x', (held) => held.x)
    .attr('y', top + 0.5)
    .attr('width', (held) => Math.max(held.width - 0.5, 0.5))
    .attr('height', row.barHeight - 1);
  g.selectAll<SVGRectElement, NonNullable<Row['change']>>('rect.change')
    .data(row.change ? [row.change] : [])
    .join('rect')
    .attr('class', (change) => `change ${change.kind}`)
    .attr('x', (change) => change.x + 0.5)
    .attr('y', top + 0.5)
    .attr('width', (change) => Math.max(change.width - 1, 1))
    .attr('height', row.barHeight - 1);
  g.selectAll<SVGRectElement, NonNullable<Row['over']>>('rect.over')
    .data(row.over ? [row.over] : [])
    .join('rect')
    .attr('class', 'over')
    .attr('x', (over) => over.x)
    .attr('y', top)
    .attr('width', (over) => over.width)
    .attr('height', row.barHeight);
  g.selectAll<SVGTextElement, Segment>('text.segment-label')
    .data(
      row.segments.filter((segment) => segment.width > segment.category.length * 6.6 + 10),
      (segment) => segment.category,
    )
    .join('text')
    .attr('class', 'segment-label')
    .attr('aria-hidden', 'true')
    .attr('x', (segment) => segment.x + 6)
    .attr('y', top + row.barHeight - 6)
    .text((segment) => segment.category)
    .raise();
  // The line runs behind the words; over the bars it is drawn once more.
  g.selectAll<SVGLineElement, Mark>('line.limit')
    .data(marks.filter((mark) => mark.role === 'usable'))
    .join('line')
    .attr('class', 'limit')
    .attr('x1', (mark) => mark.x)
    .attr('x2', (mark) => mark.x)
    .attr('y1', top - 3)
    .attr('y2', top + row.barHeight + 3);
}

function paintMarks(g: Layer, layout: Waterfall, device: string): void {
  const marks = g
    .selectAll<SVGGElement, Mark>('g.mark')
    .data(layout.marks, (mark) => mark.role)
    .join((enter) => {
      const mark = enter.append('g');
      mark.append('line');
      mark.append('text');
      return mark;
    })
    .attr('class', (mark) => `mark ${mark.role}`)
    .attr('data-role', (mark) => mark.role)
    .attr('data-bytes', (mark) => mark.bytes)
    .attr('role', 'img')
    .attr('aria-label', (mark) => markWords(mark, device))
    .attr('transform', (mark) => `translate(${mark.x},0)`);
  marks
    .select('line')
    .attr('y1', (mark) => (mark.role === 'usable' ? 26 : 12))
    .attr('y2', layout.plot.bottom);
  marks
    .select('text')
    .attr('y', (mark) => (mark.role === 'usable' ? 23 : 9))
    .attr('text-anchor', (mark) => (mark.x > layout.width / 2 ? 'end' : 'start'))
    .attr('x', (mark) => (mark.x > layout.width / 2 ? 3 : -3))
    .text((mark) => markWords(mark, device));
}

function markWords(mark: Mark, device: string): string {
  return mark.role === 'usable' ? `usable ${formatBytes(mark.bytes)}` : `${device} ${formatBytes(mark.bytes)}`;
}

function onKey(event: KeyboardEvent, row: Row, events: WaterfallEvents): void {
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
function keepOneTabStop(rows: SVGGElement[]): void {
  const stop = rows.find((row) => row.getAttribute('tabindex') === '0') ?? rows[0];
  for (const row of rows) row.setAttribute('tabindex', row === stop ? '0' : '-1');
}

/** What a screen reader says of a bar: everything the picture shows. */
function sentence(row: Row, names: WaterfallNames): string {
  const line = names.lineOf(row);
  const where = line === null ? '' : `, line ${line}`;
  if (row.kind === 'plain') return `Plain plan: ${formatBytes(row.after)}${where}`;
  if (row.kind === 'result')
    return `Result of ${row.label}: ${formatBytes(row.after)}${names.over ? `, ${names.over}` : ', fits'}${where}`;
  const change =
    row.bytes === 0 ? 'no change' : row.bytes < 0 ? `saves ${formatBytes(-row.bytes)}` : `adds ${formatBytes(row.bytes)}`;
  return `${row.label}: ${change}, from ${formatBytes(row.before)} to ${formatBytes(row.after)}${where}`;
}

/** To the right of the label: the change, and its price in time where there is one and room for it; with `total`, what is left too. */
function valueWords(row: Row, total: boolean, roomy: boolean): string[] {
  if (row.kind === 'plain') return [formatBytes(row.after)];
  if (row.kind === 'result') return [formatBytes(row.after), row.over ? ` · ${formatBytes(row.over.bytes)} over` : ' · fits'];
  const time = formatRelative(row.time.before, row.time.after);
  const words = [formatDelta(row.bytes)];
  if (total) words.push(` → ${formatBytes(row.after)}`);
  if (roomy && time !== null && time !== '±0 %') words.push(` · time ${time}`);
  return words;
}

/** `text`, shortened to fit `width` pixels. */
function shorten(text: string, width: number): string {
  const room = Math.max(4, Math.floor(width / CHARACTER));
  return text.length <= room ? text : `${text.slice(0, room - 1)}…`;
}
