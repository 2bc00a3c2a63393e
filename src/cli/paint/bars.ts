/** Bars of characters: stacked parts on a common scale, with a mark at the card's limit. */
import { type Bytes, CATEGORIES, type Category } from '../../planner/types';
import { type Color, paint, type Style } from './style';

/** Six categories that stay apart without colour too. */
export const FILLS: Record<Category, { fill: string; color: Color }> = {
  weights: { fill: '█', color: 'blue' },
  gradients: { fill: '▒', color: 'magenta' },
  optimizer: { fill: '▚', color: 'yellow' },
  activations: { fill: '▓', color: 'green' },
  logits: { fill: '▞', color: 'cyan' },
  temporary: { fill: '░', color: 'red' },
};

/** What a technique saved, drawn behind what is left. */
const SAVED = '·';
const LIMIT = '┃';

export interface Segment {
  fill: string;
  color?: Color;
  bytes: number;
}

/**
 * Whole cells for each part of a bar of `total` cells: largest remainders first, so that the cells add up to the bar and
 * no part is more than one cell off.
 */
export function cells(parts: readonly number[], total: number): number[] {
  const sum = parts.reduce((a, b) => a + b, 0);
  if (sum <= 0 || total <= 0) return parts.map(() => 0);
  const exact = parts.map((part) => (part / sum) * total);
  const whole = exact.map(Math.floor);
  let left = total - whole.reduce((a, b) => a + b, 0);
  const order = exact
    .map((value, index) => ({ index, rest: value - Math.floor(value) }))
    .sort((a, b) => b.rest - a.rest || a.index - b.index);
  for (const { index } of order) {
    if (left <= 0) break;
    whole[index] = (whole[index] ?? 0) + 1;
    left -= 1;
  }
  return whole;
}

/** Segments of the categories, in the order of the legend. */
export const stack = (bytes: Bytes): Segment[] => CATEGORIES.map((category) => ({ ...FILLS[category], bytes: bytes[category] }));

/** Cells of a size on a scale of `full` bytes over `width` cells; a size that is not zero has at least one. */
export const cellsOf = (bytes: number, full: number, width: number): number =>
  bytes <= 0 || full <= 0 ? 0 : Math.min(width, Math.max(1, Math.round((bytes / full) * width)));

/**
 * A bar on a scale of `full` bytes: its segments, then dots up to `ghost` bytes (what was saved), and the limit's mark.
 */
export function bar(style: Style, segments: readonly Segment[], full: number, width: number, ghost = 0, limit?: number): string {
  const total = segments.reduce((sum, segment) => sum + segment.bytes, 0);
  const length = cellsOf(total, full, width);
  const sizes = cells(
    segments.map((segment) => segment.bytes),
    length,
  );
  const row: { character: string; color?: Color | undefined }[] = [];
  segments.forEach((segment, index) => {
    for (let cell = 0; cell < (sizes[index] ?? 0); cell += 1) row.push({ character: segment.fill, color: segment.color });
  });
  while (row.length < cellsOf(ghost, full, width)) row.push({ character: SAVED, color: 'gray' });
  while (row.length < width) row.push({ character: ' ' });
  if (limit !== undefined && limit <= full) {
    const at = Math.min(width - 1, cellsOf(limit, full, width));
    row[at] = { character: LIMIT, color: total > limit ? 'red' : 'bold' };
  }
  return runs(style, row);
}

/** Cells as text, one colour code for each run of a colour. */
function runs(style: Style, row: readonly { character: string; color?: Color | undefined }[]): string {
  let text = '';
  let run = '';
  let color: Color | undefined;
  for (const cell of row) {
    if (cell.color !== color) {
      text += paint(style, color, run);
      run = '';
      color = cell.color;
    }
    run += cell.character;
  }
  return text + paint(style, color, run);
}

/** A smaller share of all is no part that anyone looks for: the loss is a number of four bytes. */
const LEAST = 1e-4;

/** `█ weights 5.5 GiB`, `▒ gradients …` for the categories that occur, with what each holds. */
export function legend(style: Style, bytes: Bytes, format: (bytes: number) => string): string[] {
  const all = CATEGORIES.reduce((sum, category) => sum + bytes[category], 0);
  return CATEGORIES.filter((category) => bytes[category] > all * LEAST).map(
    (category) => `${paint(style, FILLS[category].color, FILLS[category].fill)} ${category} ${format(bytes[category])}`,
  );
}
