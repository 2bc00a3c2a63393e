import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Bytes, WaterfallStep } from '../../src/protocol';
import { barOf, layoutBars } from '../../webview/layout/bars';
import { layoutBudget } from '../../webview/layout/budget';
import { layoutLoss } from '../../webview/layout/loss';
import { clampRange, highest, layoutTimeline, pointAt, totals, xOf, zoomRange } from '../../webview/layout/timeline';
import { layoutWaterfall, STACK, type Waterfall } from '../../webview/layout/waterfall';
import { adapter, estimate, full, longform, points, timeline } from './canned';

const bytes = fc.nat({ max: 2 ** 45 });
const categories = fc.record(Object.fromEntries(STACK.map((name) => [name, bytes])) as Record<keyof Bytes, fc.Arbitrary<number>>);
const steps = fc.array(
  fc.tuple(fc.string(), fc.constant<WaterfallStep['slot']>('optimizer'), categories, fc.double({ min: 0.001, max: 100 })),
  {
    minLength: 1,
    maxLength: 12,
  },
);
const estimates = steps.map((list) => estimate('any', list as Parameters<typeof estimate>[1]));
const total = (numbers: readonly number[]) => numbers.reduce((sum, number) => sum + number, 0);

/** The picture as text, for the golden below: one line a row. */
function dump(layout: Waterfall): string[] {
  return layout.rows.map((row) => {
    const parts = row.segments
      .map((segment) => `${segment.category}@${segment.x.toFixed(0)}+${segment.width.toFixed(0)}`)
      .join(' ');
    const change = row.change ? ` ${row.change.kind}@${row.change.x.toFixed(0)}+${row.change.width.toFixed(0)}` : '';
    return `${row.kind} ${row.bytes}${change} | ${parts}${row.over ? ' | over' : ''}`;
  });
}

describe('waterfall', () => {
  test('the bars add up to the result, to the byte', () => {
    fc.assert(
      fc.property(estimates, (any) => {
        const rows = layoutWaterfall(any, 600).rows;
        const result = rows.filter((row) => row.kind === 'result');
        expect(result).toHaveLength(1);
        expect(total(rows.filter((row) => row.kind !== 'result').map((row) => row.bytes))).toBe(any.peak.allocated);
        expect(result[0]?.bytes).toBe(any.peak.allocated);
      }),
    );
  });

  test('the parts of every bar add up to it and touch without gap or overlap', () => {
    fc.assert(
      fc.property(estimates, fc.integer({ min: 240, max: 2000 }), (any, width) => {
        for (const row of layoutWaterfall(any, width).rows) {
          expect(total(row.segments.map((segment) => segment.bytes))).toBe(row.after);
          let edge = 0;
          for (const segment of row.segments) {
            expect(segment.x).toBeCloseTo(edge, 6);
            edge = segment.x + segment.width;
          }
        }
      }),
    );
  });

  test('nothing lies outside the picture, whatever its width', () => {
    fc.assert(
      fc.property(estimates, fc.integer({ min: 240, max: 2000 }), (any, width) => {
        const layout = layoutWaterfall(any, width);
        const edges = [...layout.marks, ...layout.ticks, ...layout.connectors].map(({ x }) => x);
        for (const row of layout.rows) {
          for (const part of [...row.segments, row.change, row.over, row.held]) if (part) edges.push(part.x, part.x + part.width);
          expect(row.barY + row.barHeight).toBeLessThan(layout.height);
        }
        expect(Math.min(...edges)).toBeGreaterThanOrEqual(0);
        expect(Math.max(...edges)).toBeLessThanOrEqual(width);
      }),
    );
  });

  test('a step that costs memory rises, one that saves falls, and each begins where the last one ended', () => {
    const layout = layoutWaterfall(adapter, 700);
    const [plain, nf4, lora] = layout.rows;
    expect(nf4?.change?.kind).toBe('saved');
    expect((nf4?.change?.x ?? 0) + (nf4?.change?.width ?? 0)).toBeCloseTo((plain?.after ?? 0) * layout.scale);
    expect(layout.connectors[1]?.x).toBeCloseTo((nf4?.after ?? 0) * layout.scale);
    expect(lora?.before).toBe(nf4?.after);
    const rising = estimate('more', [
      ['plain', 'plain', longform.categories, 1],
      ['fp32', 'precision', full.categories, 1],
    ]);
    expect(layoutWaterfall(rising, 700).rows[1]?.change?.kind).toBe('added');
  });

  test('what is over the budget is the part beyond the usable line', () => {
    const over = layoutWaterfall(full, 700).rows.at(-1)?.over;
    expect(over?.bytes).toBe(full.peak.device - full.usable);
    expect(layoutWaterfall(longform, 700).rows.at(-1)?.over).toBeNull();
  });

  test('the example looks as it did', () => {
    expect(dump(layoutWaterfall(longform, 700))).toMatchInlineSnapshot(`
      [
        "plain 196623602811 | weights@0+57 gradients@57+57 optimizer@114+228 activations@342+177 logits@519+119 temporary@638+60 | over",
        "step -79091822756 saved@417+281 | weights@0+57 gradients@57+2 optimizer@59+3 activations@61+177 logits@238+119 temporary@358+60 | over",
        "step -89818503578 saved@98+319 | weights@0+57 gradients@57+2 optimizer@59+3 activations@61+35 logits@96+0 temporary@96+2 | over",
        "step -4681514352 saved@82+17 | weights@0+57 gradients@57+2 optimizer@59+3 activations@61+18 logits@79+0 temporary@79+2",
        "step -128849019 saved@81+0 | weights@0+57 gradients@57+2 optimizer@59+3 activations@61+18 temporary@79+2",
        "result 22902913106 | weights@0+57 gradients@57+2 optimizer@59+3 activations@61+18 temporary@79+2",
      ]
    `);
  });
});

test('the card’s bar adds up to what the driver shows', () => {
  fc.assert(
    fc.property(estimates, (any) => {
      const budget = layoutBudget(any, 500);
      expect(total(budget.parts.map((part) => part.bytes))).toBe(any.peak.device);
      expect(budget.band.to).toBeLessThanOrEqual(500);
      expect(budget.over?.bytes ?? 0).toBe(Math.max(0, any.peak.device - any.usable));
    }),
  );
});

test('loss curves keep every point, in order, inside the plot', () => {
  const losses = [0, 1, 2, 3].flatMap((step) => ['plain', 'longform'].map((label) => ({ label, step, loss: 5 - step })));
  const chart = layoutLoss(losses, 400, 180);
  expect(chart.curves.map((curve) => [curve.label, curve.points.length])).toEqual([
    ['plain', 4],
    ['longform', 4],
  ]);
  for (const { points } of chart.curves) {
    for (const [index, point] of points.entries()) {
      expect(point.x).toBeGreaterThanOrEqual(chart.plot.left);
      expect(point.x).toBeLessThanOrEqual(chart.plot.right);
      const next = points[index + 1];
      if (next) expect(next.y).toBeGreaterThan(point.y);
    }
  }
  const constant = layoutLoss([{ label: 'a', step: 0, loss: 2 }], 400, 180).curves[0]?.points[0];
  expect(Number.isFinite(constant?.x) && Number.isFinite(constant?.y)).toBe(true);
});

describe('timeline', () => {
  const sums = totals(timeline);
  const count = sums.length;
  const chart = (from: number, to: number, width = 700) =>
    layoutTimeline(timeline, sums, { from, to }, { width, height: 300, usable: 23 * 2 ** 30 });
  const ranges = fc
    .tuple(fc.nat({ max: count }), fc.nat({ max: count }))
    .map(([a, b]) => clampRange({ from: Math.min(a, b), to: Math.max(a, b) }, count));

  test('packing keeps every byte', () => {
    const list = points(32, 16);
    expect(list).toHaveLength(count);
    list.forEach(({ bytes, op, layer }, index) => {
      expect(total(bytes)).toBe(sums[index]);
      expect(timeline.ops[timeline.op[index] as number]).toBe(op);
      expect(timeline.layer[index]).toBe(layer ?? -1);
    });
  });

  test('no peak is lost, however few pixels there are', () => {
    fc.assert(
      fc.property(ranges, fc.integer({ min: 240, max: 900 }), (range, width) => {
        const { areas, plot } = chart(range.from, range.to, width);
        const top = Math.min(...(areas.at(-1)?.points.map(({ y1 }) => y1) ?? []));
        const full = Math.min(
          ...(chart(0, count)
            .areas.at(-1)
            ?.points.map(({ y1 }) => y1) ?? []),
        );
        const share = (sums[highest(sums, range)] as number) / (sums[highest(sums, { from: 0, to: count })] as number);
        expect((plot.bottom - top) / (plot.bottom - full)).toBeCloseTo(share, 6);
      }),
    );
  });

  test('areas lie on one another and inside the plot', () => {
    fc.assert(
      fc.property(ranges, ({ from, to }) => {
        const { areas, plot } = chart(from, to);
        const wrong = areas.flatMap(({ points: line }, index) =>
          line.filter(({ x, y0 }, at) => {
            const base = areas[index - 1]?.points[at]?.y1 ?? plot.bottom;
            return !(Math.abs(y0 - base) < 1e-6 && x >= plot.left && x <= plot.right);
          }),
        );
        expect(wrong).toEqual([]);
      }),
    );
  });

  test('zooming keeps the moment under the pointer, and stays within the step', () => {
    fc.assert(
      fc.property(
        ranges,
        fc.double({ min: 0.1, max: 10, noNaN: true }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (range, factor, at) => {
          const { from, to } = zoomRange(range, factor, at, count);
          expect(from).toBeGreaterThanOrEqual(0);
          expect(to).toBeLessThanOrEqual(count);
          expect(to - from).toBeGreaterThanOrEqual(16);
        },
      ),
    );
    const zoomed = zoomRange({ from: 0, to: count }, 0.5, 0.25, count);
    expect(zoomed.from + (zoomed.to - zoomed.from) * 0.25).toBeCloseTo(count * 0.25, -1);
  });

  test('a pixel leads to a moment and back', () => {
    fc.assert(
      fc.property(ranges, fc.double({ min: 0, max: 1, noNaN: true }), (range, share) => {
        const drawn = chart(range.from, range.to);
        const point = Math.min(range.to - 1, Math.floor(range.from + share * (range.to - range.from)));
        expect(pointAt(drawn, xOf(drawn, point))).toBe(point);
      }),
    );
  });
});

test('plans are compared by what they take on the card, on one scale', () => {
  const compare = layoutBars([full, longform, adapter].map(barOf), 600);
  const ends = compare.rows.map(({ rest }) => rest.x + rest.width);
  expect(ends[0]).toBeCloseTo(598);
  expect((ends[1] ?? 0) / (ends[0] ?? 1)).toBeCloseTo(longform.peak.device / full.peak.device);
  expect(compare.rows.map(({ over }) => over !== null)).toEqual([true, false, true]);
});
