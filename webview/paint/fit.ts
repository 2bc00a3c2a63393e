/** Paints the ways to make a plan fit: filled where exact, hollow where something is approximated. */
import * as l10n from '@vscode/l10n';
import { line } from 'd3';
import { formatSeconds } from '../format';
import type { FitChart, FitDot } from '../layout/fit';
import { paintAxes, paintLimits, paintWords } from './axes';
import { layer, onPress, sized } from './svg';

export interface FitEvents {
  onApply(dot: FitDot): void;
  onInspect(dot: FitDot | null): void;
}

export function paintFit(svg: SVGSVGElement, chart: FitChart, nameOf: (dot: FitDot) => string, events: FitEvents): void {
  const root = sized(svg, chart);
  root
    .attr('role', 'group')
    .attr('aria-label', l10n.t('Ways to make the plan fit: seconds for a step to the right, bytes on the card upwards'));
  paintAxes(root, chart, formatSeconds);
  paintLimits(root, chart.plot, [chart.usable]);
  const front = line<FitDot>(
    (dot) => dot.x,
    (dot) => dot.y,
  );
  layer(root, 'front').attr('aria-hidden', 'true').selectAll('path').data([chart.dots]).join('path').attr('d', front);
  layer(root, 'now')
    .selectAll('path')
    .data([chart.now])
    .join('path')
    .attr('d', 'M-5,-5L5,5M-5,5L5,-5')
    .attr('transform', ({ x, y }) => `translate(${x},${y})`);
  const dots = layer(root, 'dots')
    .selectAll<SVGGElement, FitDot>('g')
    .data(chart.dots, (dot) => dot.index)
    .join((enter) => {
      const dot = enter.append('g');
      dot.append('circle').attr('class', 'ring').attr('r', 12);
      dot.append('circle').attr('class', 'dot').attr('r', 5);
      return dot;
    })
    .attr('class', (dot) => `choice${dot.choice.exact ? '' : ' approximates'}`)
    .attr('data-choice', (dot) => dot.index)
    .attr('role', 'button')
    .attr('tabindex', 0)
    .attr('aria-label', nameOf)
    .attr('transform', (dot) => `translate(${dot.x},${dot.y})`)
    .on('pointerenter focus', (_, dot) => events.onInspect(dot))
    .on('pointerleave blur', () => events.onInspect(null));
  onPress(dots, events.onApply);
  paintWords(root, 'now-words', chart.now.words ? [chart.now.words] : []);
}
