import type { Selection } from 'd3';

/** Diagonals for what lies over the budget: told by pattern, not by colour alone. */
export function hatch(root: Selection<SVGSVGElement, unknown, null, undefined>): void {
  root
    .selectAll('defs')
    .data([null])
    .join((enter) => {
      const defs = enter.append('defs');
      const pattern = defs.append('pattern').attr('id', 'over-budget').attr('width', 8).attr('height', 8);
      pattern.attr('patternUnits', 'userSpaceOnUse').attr('patternTransform', 'rotate(45)');
      pattern.append('line').attr('class', 'hatch').attr('y2', 8);
      return defs;
    });
}
