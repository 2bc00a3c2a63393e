import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { SweepCurves } from '../../src/protocol';
import { layoutFit } from '../../webview/layout/fit';
import { layoutSweep } from '../../webview/layout/sweep';
import { layoutWaterfall } from '../../webview/layout/waterfall';
import { boxOf, pieces, settle, touch, type Words } from '../../webview/layout/words';
import { boxesOf, wordsOf } from '../../webview/paint/row-words';
import { adapter, fit, full, longform, sweeps } from './canned';

const GiB = 2 ** 30;
const sweep = sweeps.sweeps[0] as SweepCurves;
const wordsIn = ({ curves, limits }: ReturnType<typeof layoutSweep>): Words[] => [
  ...limits.flatMap(({ words }) => words ?? []),
  ...curves.flatMap(({ crossing }) => crossing?.words ?? []),
];

describe('the words of a sweep', () => {
  test('touch neither dots, nor lines of the card, nor one another, nor the axes', () => {
    for (const width of [360, 480, 700, 760]) {
      const chart = layoutSweep(sweep, width, 240);
      const boxes = wordsIn(chart).map((one) => boxOf(one));
      expect(boxes).toHaveLength(3);
      for (const [index, box] of boxes.entries()) {
        for (const other of boxes.slice(index + 1)) expect(touch(box, other)).toBe(false);
        for (const { x, y } of chart.curves.flatMap(({ points }) => points))
          expect(touch(box, { left: x - 4, right: x + 4, top: y - 4, bottom: y + 4 }), `${width}`).toBe(false);
        for (const { y } of chart.limits) expect(touch(box, { left: 0, right: width, top: y - 1, bottom: y + 1 })).toBe(false);
        expect(box.left).toBeGreaterThanOrEqual(chart.plot.left);
        expect(box.right).toBeLessThanOrEqual(width);
        expect(box.bottom).toBeLessThanOrEqual(chart.plot.bottom);
      }
    }
  });

  test('say which plan crosses only where several do', () => {
    const [first] = sweep.curves;
    const one = layoutSweep({ ...sweep, curves: first ? [first] : [] }, 700, 240);
    expect(one.curves[0]?.crossing?.words?.text).toBe('34,900');
    expect(layoutSweep(sweep, 700, 240).curves.map(({ crossing }) => crossing?.words?.text)).toEqual([
      '34,900 longform',
      '9,720 adapter',
    ]);
  });
});

test('sizes that are far apart lie by factors, others evenly from nought', () => {
  expect(layoutSweep(sweep, 700, 240).log).toBe(false);
  const far = (most: number): SweepCurves => ({
    ...sweep,
    curves: [
      {
        plan: 'a',
        usable: 23 * GiB,
        points: [16, 64, most].map((gib, at) => ({ value: 4096 * 4 ** at, device: gib * GiB, fits: gib <= 23 })),
        crossing: null,
      },
    ],
  });
  const chart = layoutSweep(far(2048), 700, 240);
  const heights = chart.curves[0]?.points.map(({ y }) => y) ?? [];
  expect(chart.log).toBe(true);
  // From 16 to 64 is two doublings, from 64 to 2048 five.
  expect(((heights[1] ?? 0) - (heights[2] ?? 0)) / ((heights[0] ?? 0) - (heights[1] ?? 0))).toBeCloseTo(2.5, 6);
  expect(
    chart.y.every(({ value, at }) => Number.isInteger(Math.log2(value)) && at >= chart.plot.top && at <= chart.plot.bottom),
  ).toBe(true);
  expect(chart.y.length).toBeGreaterThan(2);
  expect(layoutSweep(far(80), 700, 240).y[0]?.value).toBe(0);
});

test('what the plan is now is named beside its mark, clear of the ways to fit', () => {
  const { now, usable, dots } = layoutFit(fit, 700, 280);
  const boxes = [now.words, usable.words].map((words) => boxOf(words as Words));
  expect(touch(boxes[0] as never, boxes[1] as never)).toBe(false);
  for (const { x, y } of dots)
    for (const box of boxes) expect(touch(box, { left: x - 5, right: x + 5, top: y - 5, bottom: y + 5 })).toBe(false);
});

test('of places that all touch something the one that touches least is taken, marks before lines, and none outside the frame', () => {
  const at = (x: number): Words => ({ text: 'word', x, y: 20, anchor: 'start' });
  const frame = { left: 0, right: 100, top: 0, bottom: 100 };
  const taken = [0, 1, 40].map((left) => ({ left, right: left + 20, top: 0, bottom: 40 }));
  const marks = { marks: taken, lines: [] };
  expect(settle([at(0), at(40), at(90)], marks, frame)).toEqual(at(40));
  expect(settle([at(0), at(70)], marks, frame)).toEqual(at(70));
  expect(settle([at(90)], { marks: [], lines: [] }, frame)).toBeNull();
  // Any number of lines is better than one mark.
  expect(settle([at(40), at(0)], { marks: taken.slice(2), lines: taken.slice(0, 2) }, frame)).toEqual(at(0));
});

test('the pieces of a line are the line without the boxes on it', () => {
  const box = fc
    .tuple(
      fc.integer({ min: 0, max: 40 }),
      fc.integer({ min: 1, max: 20 }),
      fc.integer({ min: 0, max: 90 }),
      fc.integer({ min: 1, max: 30 }),
    )
    .map(([left, width, top, height]) => ({ left, right: left + width, top, bottom: top + height }));
  fc.assert(
    fc.property(fc.array(box, { maxLength: 8 }), fc.integer({ min: 0, max: 50 }), (boxes, x) => {
      const kept = pieces(x, 10, 90, boxes);
      for (let y = 10.5; y < 90; y++) {
        const covered = boxes.some(({ left, right, top, bottom }) => left < x && x < right && top < y && y < bottom);
        expect(kept.some(({ y1, y2 }) => y1 < y && y < y2)).toBe(!covered);
      }
    }),
  );
});

test('no line of the waterfall runs through words, however narrow it is', () => {
  for (const estimate of [longform, full, adapter])
    for (const width of [240, 296, 420, 700, 1040]) {
      const layout = layoutWaterfall(estimate, width);
      const boxes = boxesOf(layout, wordsOf(layout), { lineOf: () => null, device: 'RTX 4090', over: null });
      const lines = [...layout.marks.map(({ x }) => ({ x, y1: 12, y2: layout.plot.bottom })), ...layout.connectors];
      for (const { x, y1, y2 } of lines)
        for (const piece of pieces(x, y1, y2, boxes))
          expect(boxes.some((box) => touch(box, { left: x, right: x, top: piece.y1, bottom: piece.y2 }))).toBe(false);
      // Words of a row do not run into one another either.
      for (const words of wordsOf(layout).values())
        expect((words.label.length + words.value.join('').length) * 7.3).toBeLessThanOrEqual(
          Math.max(width, 4 * 7.3 + words.value.join('').length * 7.3),
        );
    }
});
