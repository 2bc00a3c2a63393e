import { tensorCategories } from '../tape/simulate';
import type { Tape } from '../tape/types';
import { unroll } from '../tape/unroll';
import { CATEGORIES, type TimelinePoint } from './types';

/** Live bytes by category after the allocations of every op of the step, repeats written out. */
export function timelineOf(tape: Tape): TimelinePoint[] {
  const category = tensorCategories(tape);
  const live = new Array<number>(CATEGORIES.length).fill(0);
  const points: TimelinePoint[] = [];
  const add = (ids: readonly number[], sign: 1 | -1) => {
    for (const id of ids) {
      const index = category[id] as number;
      live[index] = (live[index] as number) + sign * (tape.tensors[id]?.bytes ?? 0);
    }
  };
  unroll(tape, ({ node, phase, layer }) => {
    add(node.allocs, 1);
    if (phase !== 'setup')
      points.push({ phase, op: node.label || node.op, bytes: [...live], ...(layer === undefined ? {} : { layer }) });
    add(node.frees, -1);
  });
  return points;
}
