/** Ways to make a plan fit: seconds to the right, bytes on the card upwards. */
import * as l10n from '@vscode/l10n';
import { scaleLinear } from 'd3';
import type { FitChoice, FitReply } from '../../src/protocol';
import { formatBytes } from '../format';
import { type Axis, byteScale, type Plot, plotOf } from './chart';
import { around, beside, boxesAlong, boxOf, settle, type Taken, type Words } from './words';

export interface FitDot {
  index: number;
  choice: FitChoice;
  x: number;
  y: number;
}

export interface FitChart {
  width: number;
  height: number;
  plot: Plot;
  /** From the fastest to the slowest. */
  dots: FitDot[];
  /** The exact ones and the others, each in a line of its own: from one to the other leads no trade. */
  lines: FitDot[][];
  /** The plan as it stands. */
  now: { x: number; y: number; words: Words | null };
  usable: { bytes: number; y: number; words: Words | null };
  x: Axis[];
  y: Axis[];
}

/** The same changes of the plan are the same point in another search. */
export const dotKey = ({ choice }: FitDot): string => JSON.stringify(choice.changes);

export function layoutFit({ points, now, usable }: FitReply, width: number, height: number): FitChart {
  const plot = plotOf(width, height);
  const times = [now.time, ...points.map(({ time }) => time)];
  const low = Math.min(...times);
  const high = Math.max(...times);
  const room = high > low ? (high - low) * 0.06 : Math.max(low, 1e-6) * 0.1;
  const x = scaleLinear([Math.max(0, low - room), high + room], [plot.left, plot.right]);
  // A plan far beyond the card would press everything else to the floor: it is drawn at the upper edge.
  const highest = Math.max(usable, ...points.map(({ device }) => device));
  const { y, ticks } = byteScale(Math.max(highest, Math.min(now.device, usable * 1.6)), plot);
  const dots = points.map((choice, index): FitDot => ({ index, choice, x: x(choice.time), y: y(choice.device) }));
  dots.sort((a, b) => a.choice.time - b.choice.time);
  const lines = [true, false].map((exact) => dots.filter(({ choice }) => choice.exact === exact));
  const written = { x: x(now.time), y: Math.max(plot.top, y(now.device)) };
  const beyond = y(now.device) < plot.top;
  const name = beyond ? l10n.t('as written, {0}', formatBytes(now.device)) : l10n.t('as written');
  const level = y(usable);
  const taken: Taken = {
    marks: [
      ...dots.flatMap((dot) => boxesAlong([dot], 7)),
      ...boxesAlong([written], 7),
      { left: plot.left, right: plot.right, top: level - 1.5, bottom: level + 1.5 },
    ],
    lines: lines.flatMap((of) => boxesAlong(of)),
  };
  const frame = { left: plot.left + 2, right: width, top: 0, bottom: plot.bottom - 2 };
  const limit = settle(beside(l10n.t('usable {0}', formatBytes(usable)), level, plot), taken, frame);
  if (limit) taken.marks.push(boxOf(limit));
  return {
    width,
    height,
    plot,
    dots,
    lines,
    now: { ...written, words: settle(around(name, written), taken, frame) },
    usable: { bytes: usable, y: level, words: limit },
    x: x.ticks(Math.max(2, Math.floor((plot.right - plot.left) / 90))).map((value) => ({ value, at: x(value) })),
    y: ticks,
  };
}
