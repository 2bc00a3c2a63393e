/** Paints the ways to make a plan fit: filled where exact, hollow where something is approximated. */
import * as l10n from '@vscode/l10n';
import { line } from 'd3';
import { formatSeconds } from '../format';
import { dotKey, type FitChart, type FitDot } from '../layout/fit';
import { paintAxes, paintLimits, paintWords } from './axes';
import { place } from './motion';
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
  layer(root, 'front')
    .attr('aria-hidden', 'true')
    .selectAll<SVGPathElement, FitDot[]>('path')
    .data(chart.lines)
    .join('path')
    .call(place, { d: (dots: FitDot[]) => front(dots) ?? '' });
  layer(root, 'now')
    .selectAll<SVGPathElement, FitChart['now']>('path')
    .data([chart.now])
    .join('path')
    .attr('d', 'M-5,-5L5,5M-5,5L5,-5')
    .call(place, { transform: at });
  const dots = layer(root, 'dots')
    .selectAll<SVGGElement, FitDot>('g')
    .data(chart.dots, dotKey)
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
    .call(place, { transform: at })
    .on('pointerenter focus', (_, dot) => events.onInspect(dot))
    .on('pointerleave blur', () => events.onInspect(null));
  onPress(dots, events.onApply);
  paintWords(root, 'now-words', chart.now.words ? [chart.now.words] : []);
}

const at = ({ x, y }: { x: number; y: number }) => `translate(${x},${y})`;
