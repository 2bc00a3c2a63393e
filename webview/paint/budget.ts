/** Paints the card's bar. */
import * as l10n from '@vscode/l10n';
import { type Selection, select } from 'd3';
import { formatBytes } from '../format';
import type { Budget } from '../layout/budget';
import { hatch } from './hatch';
import { whisker } from './svg';

type Drawn = Budget['parts'][number];

export function paintBudget(svg: SVGSVGElement, budget: Budget, device: string): void {
  const root = select(svg)
    .attr('width', budget.width)
    .attr('height', budget.height)
    .attr('viewBox', `0 0 ${budget.width} ${budget.height}`);
  root.attr('role', 'img').attr('aria-label', words(budget, device));
  hatch(root);
  const { y, height } = budget.bar;
  one(root, 'rect', 'room')
    .attr('x', 0.5)
    .attr('y', y + 0.5)
    .attr('width', budget.capacity.x)
    .attr('height', height - 1);
  root
    .selectAll<SVGRectElement, Drawn>('rect.segment')
    .data(budget.parts, (part) => part.part)
    .join('rect')
    .attr('class', (part) => `segment category-${part.part}`)
    .attr('x', (part) => part.x)
    .attr('y', y)
    .attr('width', (part) => Math.max(part.width > 3 ? part.width - 1 : part.width, 0.5))
    .attr('height', height);
  root
    .selectAll<SVGTextElement, Drawn>('text.segment-label')
    .data(
      budget.parts.filter((part) => part.width > part.part.length * 6.6 + 12),
      (part) => part.part,
    )
    .join('text')
    .attr('class', 'segment-label')
    .attr('x', (part) => part.x + 6)
    .attr('y', y + height / 2 + 4)
    .text((part) => part.part);
  const labels = root.selectAll('text.segment-label');
  root
    .selectAll<SVGRectElement, NonNullable<Budget['over']>>('rect.over')
    .data(budget.over ? [budget.over] : [])
    .join('rect')
    .attr('class', 'over')
    .attr('x', (over) => over.x)
    .attr('y', y)
    .attr('width', (over) => over.width)
    .attr('height', height)
    .raise();
  labels.raise();
  one(root, 'line', 'limit')
    .attr('x1', budget.usable.x)
    .attr('x2', budget.usable.x)
    .attr('y1', y - 5)
    .attr('y2', y + height + 3)
    .raise();
  one(root, 'path', 'band').attr('d', whisker(budget.band.from, budget.band.to, budget.band.y));
  const left = budget.usable.x > budget.width / 2;
  one(root, 'text', 'limit-label')
    .attr('x', budget.usable.x + (left ? 4 : -4))
    .attr('y', y - 9)
    .attr('text-anchor', left ? 'end' : 'start')
    .text(
      budget.width < 420
        ? l10n.t('usable {0}', formatBytes(budget.usable.bytes))
        : l10n.t('usable {0} of {1}’s {2}', formatBytes(budget.usable.bytes), device, formatBytes(budget.capacity.bytes)),
    );
}

function one<K extends 'rect' | 'line' | 'text' | 'path'>(
  root: Selection<SVGSVGElement, unknown, null, undefined>,
  tag: K,
  name: string,
): Selection<SVGElementTagNameMap[K], null, SVGSVGElement, unknown> {
  return root
    .selectAll<SVGElementTagNameMap[K], null>(`${tag}.${name}`)
    .data([null])
    .join(tag)
    .attr('class', name) as unknown as Selection<SVGElementTagNameMap[K], null, SVGSVGElement, unknown>;
}

function words(budget: Budget, device: string): string {
  const parts = budget.parts.map((part) => `${part.part} ${formatBytes(part.bytes)}`).join(', ');
  const verdict = budget.over ? l10n.t('{0} over', formatBytes(budget.over.bytes)) : l10n.t('fits');
  return l10n.t('{0} at the peak: {1}; usable {2}, {3}', device, parts, formatBytes(budget.usable.bytes), verdict);
}
