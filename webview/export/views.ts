/** What each view is saved as. */
import type { Estimate, Timeline } from '../../src/protocol';
import { PHASE_NAMES } from '../layout/timeline';
import { STACK } from '../layout/waterfall';
import type { Exportable } from './menu';
import { comparedCells, csvOf, markdownOf, phaseCells, toCsv, toMarkdown } from './text';

export const waterfallExport = (estimate: Estimate, picture: SVGSVGElement): Exportable => ({
  name: estimate.name,
  picture,
  markdown: () => toMarkdown(estimate),
  csv: () => toCsv(estimate),
});

/** Every moment as CSV; the highest of each phase as Markdown. */
export const timelineExport = ({ name, instants }: Estimate, timeline: Timeline, picture: SVGSVGElement): Exportable => ({
  name: `${name}-timeline`,
  picture,
  markdown: () => markdownOf(...phaseCells(instants)),
  csv() {
    const { ops, op, layer, phase, bytes } = timeline;
    const head = ['moment', 'phase', 'layer', 'op', ...STACK.map((category) => `${category}_bytes`)];
    const rows = Array.from(op, (name, index) => [
      index,
      PHASE_NAMES[phase[index] ?? 0] ?? '',
      (layer[index] ?? -1) < 0 ? '' : String(layer[index]),
      ops[name] ?? '',
      ...STACK.map((_, category) => bytes[index * STACK.length + category] ?? 0),
    ]);
    return csvOf([head, ...rows]);
  },
});

export const compareExport = (estimates: readonly Estimate[], picture: SVGSVGElement): Exportable => ({
  name: 'plans',
  picture,
  markdown: () => markdownOf(...comparedCells(estimates, true)),
  csv() {
    const [head, rows] = comparedCells(estimates, false);
    return csvOf([head, ...rows]);
  },
});
