/** Live bytes through the step, drawn downwards: one row for a stretch of operations, its highest point kept. */
import { formatBytes } from '../../plan/format';
import { type Bytes, CATEGORIES, type Estimate, type TimelinePoint } from '../../planner/types';
import { bar, stack } from './bars';
import { clip, padEnd, padStart, paint, printable, type Style } from './style';

const ROWS = 36;

const total = (point: TimelinePoint): number => point.bytes.reduce((sum, bytes) => sum + bytes, 0);

/** The highest point of each of at most `rows` stretches; no stretch crosses from one phase into the next. */
export function highest(points: readonly TimelinePoint[], rows: number): TimelinePoint[] {
  const size = Math.max(1, Math.ceil(points.length / rows));
  const kept: TimelinePoint[] = [];
  let stretch: TimelinePoint[] = [];
  const close = () => {
    const [first, ...rest] = stretch;
    if (first !== undefined) kept.push(rest.reduce((best, point) => (total(point) > total(best) ? point : best), first));
    stretch = [];
  };
  for (const point of points) {
    if (stretch.length >= size || (stretch[0] !== undefined && stretch[0].phase !== point.phase)) close();
    stretch.push(point);
  }
  close();
  return kept;
}

export function paintTimeline(style: Style, { timeline = [], usable, peak }: Estimate): string[] {
  const points = highest(timeline, ROWS);
  if (points.length === 0) return [];
  const places = points.map(({ layer, op }) => printable(layer === undefined ? op : `${layer} ${op}`));
  const placeWidth = Math.min(Math.max(...places.map((place) => place.length)), 24);
  const width = style.width - placeWidth - 29;
  const full = Math.max(usable * 1.02, ...points.map(total));
  return points.map((point, index) => {
    const bytes = Object.fromEntries(CATEGORIES.map((category, at) => [category, point.bytes[at] ?? 0])) as Bytes;
    const phase = point.phase === points[index - 1]?.phase ? '' : point.phase;
    const size = padStart(formatBytes(total(point)), 10);
    const top = total(point) >= peak.allocated;
    return `  ${padEnd(phase, 9)}  ${padEnd(clip(places[index] ?? '', placeWidth), placeWidth)}  ${bar(style, stack(bytes), full, width, 0, usable)}  ${top ? paint(style, 'bold', size) : size}`;
  });
}
