/** What each view is saved as. */
import type { Estimate, Timeline } from '../../src/protocol';
import { createLive } from '../layout/live';
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
    const { ops, op, layer, phase } = timeline;
    const head = ['moment', 'phase', 'layer', 'op', ...STACK.map((category) => `${category}_bytes`)];
    const rows = Array.from(createLive(timeline).categories(), (categories, index) => [
      index,
      PHASE_NAMES[phase[index] ?? 0] ?? '',
      (layer[index] ?? -1) < 0 ? '' : String(layer[index]),
      ops[op[index] ?? 0] ?? '',
      ...categories.map(([, bytes]) => bytes),
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
