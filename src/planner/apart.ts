/** Which of many ways to make a plan fit are worth a reader's time. */
import type { Edit } from './fit';

/** Ways that differ by less in peak and in time are one to a reader. */
export const NEAR = 0.02;

interface Way {
  estimate: { peak: { device: number }; time: { step: number } };
  edits: readonly Edit[];
  exact: boolean;
}

/** One of each group of like ways, in the order of `points`: an exact one, with the fewest changes. */
export function apart<W extends Way>(points: readonly W[]): W[] {
  const near = (a: number, b: number): boolean => Math.abs(a - b) <= NEAR * b;
  const kept: W[] = [];
  for (const point of points.toSorted((a, b) => Number(b.exact) - Number(a.exact) || a.edits.length - b.edits.length)) {
    const { peak, time } = point.estimate;
    const like = ({ estimate: one }: W) => near(peak.device, one.peak.device) && near(time.step, one.time.step);
    if (!kept.some(like)) kept.push(point);
  }
  return points.filter((point) => kept.includes(point));
}
