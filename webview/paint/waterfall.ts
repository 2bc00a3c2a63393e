/** Paints a laid-out waterfall by d3 joins. Colours are classes; the style sheet knows the themes. */
import * as l10n from '@vscode/l10n';
import { select } from 'd3';
import type { Mark, Row, Waterfall } from '../layout/waterfall';
import { type Box, pieces } from '../layout/words';
import { hatch } from './hatch';
import { place } from './motion';
import { paintBars } from './row-bars';
import { keepOneTabStop, onKey } from './row-keys';
import { anchorOf, boxesOf, MARK_Y, markWords, type RowWords, sentence, wordsOf } from './row-words';
import { MARGIN } from './rows';
import { byteAxis, type Layer, layer, sized } from './svg';

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
}

export function paintWaterfall(svg: SVGSVGElement, layout: Waterfall, names: WaterfallNames, events: WaterfallEvents): void {
  const root = sized(svg, layout);
  hatch(root);
  byteAxis(root, layout.ticks, { ...layout.plot, width: layout.width });
  const words = wordsOf(layout);
  const boxes = boxesOf(layout, words, names);
  layer(root, 'marks').call(paintMarks, layout, boxes, names.device);
  layer(root, 'connectors').call(paintConnectors, layout, boxes);
  layer(root, 'rows').call(paintRows, layout, words, names, events);
}

/** Lights the rows that `isLit`. */
export function lightRow(svg: SVGSVGElement, isLit: (row: Row) => boolean): void {
  select(svg).selectAll<SVGGElement, Row>('g.rows > g.row').classed('lit', isLit);
}

type Connector = Waterfall['connectors'][number];

function paintConnectors(g: Layer, layout: Waterfall, boxes: readonly Box[]): void {
  g.attr('aria-hidden', 'true')
    .selectAll<SVGLineElement, Connector>('line')
    .data(layout.connectors.flatMap(({ x, y1, y2 }) => pieces(x, y1, y2, boxes).map((piece) => ({ x, ...piece }))))
    .join('line')
    .call(place, {
      x1: (line: Connector) => line.x,
      x2: (line: Connector) => line.x,
      y1: (line: Connector) => line.y1,
      y2: (line: Connector) => line.y2,
    });
}

function paintRows(
  g: Layer,
  layout: Waterfall,
  words: ReadonlyMap<Row, RowWords>,
  names: WaterfallNames,
  events: WaterfallEvents,
): void {
  const rows = g
    .attr('role', 'list')
    .attr('aria-label', l10n.t('Waterfall of peak memory'))
    .selectAll<SVGGElement, Row>('g.row')
    .data(layout.rows, (row) => row.key)
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
    .on('click', (_, row) => events.onActivate(row))
    .on('keydown', (event: KeyboardEvent, row) => onKey(event, row, events))
    .on('pointerenter focus', (event: Event, row) => events.onInspect(row, event.currentTarget as Element))
    .on('pointerleave blur', () => events.onInspect(null, null))
    .call(place, { transform: (row: Row) => `translate(0,${row.y})` });
  keepOneTabStop(rows.nodes());
  rows
    .select('rect.hit')
    .attr('x', -MARGIN)
    .attr('width', layout.width + 2 * MARGIN)
    .attr('rx', 3)
    .attr('height', (row) => row.barY - row.y + row.barHeight + 8);
  rows
    .select('rect.focus')
    .attr('x', 1 - MARGIN)
    .attr('y', 1)
    .attr('width', layout.width + 2 * MARGIN - 2)
    .attr('height', (row) => row.barY - row.y + row.barHeight + 6)
    .attr('rx', 3);
  rows
    .select<SVGTextElement>('text.label')
    .attr('x', 0)
    .attr('y', 13)
    .text((row) => words.get(row)?.label ?? '');
  rows
    .select('text.value')
    .attr('class', (row) => `value ${row.change?.kind ?? row.kind}`)
    .classed('over-budget', (row) => row.kind === 'result' && row.over !== null)
    .attr('x', layout.width)
    .attr('y', 13)
    .attr('text-anchor', 'end')
    .selectAll('tspan')
    .data((row) => words.get(row)?.value ?? [])
    .join('tspan')
    .attr('class', (_, index) => (index === 0 ? 'strong' : 'weak'))
    .text((part) => part);
  rows.each(function (row) {
    paintBars(select(this).select<SVGGElement>('g.bars'), row, layout);
  });
  rows
    .select('text.end')
    .attr('y', (row) => row.barY - row.y + row.barHeight - 6)
    .attr('x', (row) => words.get(row)?.end?.x ?? 0)
    .text((row) => words.get(row)?.end?.text ?? '');
}

function paintMarks(g: Layer, layout: Waterfall, boxes: readonly Box[], device: string): void {
  const marks = g
    .selectAll<SVGGElement, Mark>('g.mark')
    .data(layout.marks, (mark) => mark.role)
    .join((enter) => {
      const mark = enter.append('g');
      mark.append('g');
      mark.append('text');
      return mark;
    })
    .attr('class', (mark) => `mark ${mark.role}`)
    .attr('data-role', (mark) => mark.role)
    .attr('data-bytes', (mark) => mark.bytes)
    .attr('role', 'img')
    .attr('aria-label', (mark) => markWords(mark, device))
    .call(place, { transform: (mark: Mark) => `translate(${mark.x},0)` });
  marks
    .select('g')
    .selectAll('line')
    .data((mark) => (hasLine(mark, layout) ? pieces(mark.x, MARK_Y[mark.role] + 3, layout.plot.bottom, boxes) : []))
    .join('line')
    .attr('y1', (piece) => piece.y1)
    .attr('y2', (piece) => piece.y2);
  marks
    .select('text')
    .attr('y', (mark) => MARK_Y[mark.role])
    .attr('text-anchor', (mark) => anchorOf(mark, layout))
    .attr('x', (mark) => (anchorOf(mark, layout) === 'end' ? 3 : -3))
    .text((mark) => markWords(mark, device));
}

/** Lines that are nearer cannot be told apart: the card's then has its words alone. */
const APART = 5;

const hasLine = (mark: Mark, { marks }: Waterfall): boolean =>
  mark.role === 'usable' || marks.every(({ role, x }) => role === 'capacity' || mark.x - x >= APART);
