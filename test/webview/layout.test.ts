import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { packTimeline } from '../../src/extension/timeline';
import type { Bytes, WaterfallStep } from '../../src/protocol';
import { barOf, layoutBars } from '../../webview/layout/bars';
import { layoutBudget } from '../../webview/layout/budget';
import { layoutKernels } from '../../webview/layout/kernels';
import { categoriesOf, createLive, highest } from '../../webview/layout/live';
import { layoutLoss } from '../../webview/layout/loss';
import { clampRange, layoutTimeline, pointAt, type Range, xOf, zoomRange } from '../../webview/layout/timeline';
import { isFar, layoutWaterfall, STACK, type Waterfall } from '../../webview/layout/waterfall';
import { liveRows } from '../../webview/parts/live-table';
import { adapter, changesOf, estimate, full, longform, points, timeline } from './canned';

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

  test('a scale that ends at the card shows the card and the result whole, and tears what goes beyond', () => {
    expect(isFar(longform)).toBe(true);
    const [whole, layout] = [layoutWaterfall(longform, 700), layoutWaterfall(longform, 700, true)];
    expect(layout.scale).toBeGreaterThan(2.5 * whole.scale);
    expect(layout.rows.map(({ bytes, after }) => [bytes, after])).toEqual(whole.rows.map(({ bytes, after }) => [bytes, after]));
    for (const row of layout.rows) {
      const end = total(row.segments.map(({ width }) => width));
      const torn = Math.max(row.after, row.kind === 'step' ? row.before : 0) * layout.scale > 698;
      expect(row.torn).toBe(torn);
      expect(end).toBeCloseTo(Math.min(698, row.after * layout.scale), 6);
      for (const { x, width } of [...row.segments, row.change, row.over, row.held, row.band].flatMap((one) => one ?? []))
        expect(x >= 0 && width >= 0 && x + width <= 698.001).toBe(true);
    }
    expect(layout.rows.at(-1)?.torn).toBe(false);
    expect([...layout.marks, ...layout.connectors, ...layout.ticks].every(({ x }) => x <= 700)).toBe(true);
    expect(
      isFar(
        estimate(
          'near',
          [longform.waterfall.at(-1)].flatMap((step) => (step ? [[step.label, step.slot, step.categories, 1]] : [])) as never,
        ),
      ),
    ).toBe(false);
  });

  test('nothing lies outside the picture, whatever its width', () => {
    fc.assert(
      fc.property(estimates, fc.integer({ min: 240, max: 2000 }), (any, width) => {
        const layout = layoutWaterfall(any, width);
        const edges = [...layout.marks, ...layout.ticks, ...layout.connectors].map(({ x }) => x);
        for (const row of layout.rows) {
          for (const part of [...row.segments, row.change, row.over, row.held, row.band])
            if (part) edges.push(part.x, part.x + part.width);
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

  test('the result has a whisker from the least to the most that it may take on the card', () => {
    const layout = layoutWaterfall(longform, 700);
    const [from, to] = longform.peak.range;
    expect(layout.rows.filter(({ band }) => band !== null).map(({ kind }) => kind)).toEqual(['result']);
    expect(layout.rows.at(-1)?.band).toEqual({ from, to, x: from * layout.scale, width: (to - from) * layout.scale });
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

test('kernels: rows by their longest time, shares of their own step, small ones together, and nothing lost', () => {
  const peaks = { device: 'card', flops: 1, bandwidth: 1 };
  const of = (label: string, times: { [name: string]: number }) => ({
    type: 'kernels' as const,
    label,
    method: 'waits' as const,
    peaks,
    kernels: Object.entries(times).map(([name, seconds]) => ({
      name,
      class: 'elementwise' as const,
      calls: 2,
      seconds,
      atPeaks: 0,
    })),
  });
  const list = [of('plain', { a: 6, b: 3.9, c: 0.06, d: 0.04 }), of('tested', { b: 12, e: 7.95, d: 0.05 })];
  const { labels, rows, seconds } = layoutKernels(list);
  expect(labels).toEqual(['plain', 'tested']);
  expect(seconds).toEqual([10, 20]);
  expect(rows.map(({ name, cells }) => [name, ...cells.map((cell) => cell && [cell.seconds, cell.share, cell.calls])])).toEqual([
    ['b', [3.9, 0.39, 2], [12, 0.6, 2]],
    ['e', null, [7.95, expect.closeTo(0.3975), 2]],
    ['a', [6, 0.6, 2], null],
    ['2 others', [0.1, 0.01, 4], [0.05, 0.0025, 2]],
  ]);
  expect(rows[0]?.cells[1]?.length).toBe(1);
  expect(layoutKernels(list, true).rows.map(({ name }) => name)).toEqual(['b', 'e', 'a', 'c', 'd']);
  expect(layoutKernels([of('plain', { a: 0 })]).rows).toMatchObject([{ cells: [{ share: 0, length: 0 }] }]);
});

describe('timeline', () => {
  const live = createLive(timeline);
  const { sums } = live;
  const count = sums.length;
  const list = points(32, 16);
  const chart = ({ from, to }: Range, width = 700, most = 5) =>
    layoutTimeline(live, { from, to }, { width, height: 300, usable: 23 * 2 ** 30, most });
  const ranges = fc
    .tuple(fc.nat({ max: count }), fc.nat({ max: count }))
    .map(([a, b]) => clampRange({ from: Math.min(a, b), to: Math.max(a, b) }, count));

  test('packing keeps every byte, and any moment can be read', () => {
    expect(list).toHaveLength(count);
    list.forEach(({ bytes, op, layer }, index) => {
      expect(total(bytes)).toBe(sums[index]);
      expect(timeline.ops[timeline.op[index] as number]).toBe(op);
      expect(timeline.layer[index]).toBe(layer);
    });
    fc.assert(
      fc.property(fc.uniqueArray(fc.nat({ max: count - 1 }), { minLength: 1, maxLength: 20 }), (some) => {
        const sorted = some.sort((a, b) => a - b);
        expect([...live.rows(sorted)]).toEqual(sorted.flatMap((point) => list[point]?.bytes ?? []));
      }),
    );
    const categories = [...live.categories()];
    expect(categories[live.peak]).toEqual(categoriesOf(timeline, live.rows([live.peak])));
    expect(categories.map((one) => total(one.map(([, bytes]) => bytes)))).toEqual([...sums]);
  });

  test('a long step is read from the marks on the way as from its beginning', () => {
    const long = points(8, 400);
    const many = createLive(packTimeline(changesOf(long)));
    const some = [0, 2047, 2048, 2049, 4095, 4096, 6000, long.length - 1];
    expect([...many.rows(some)]).toEqual(some.flatMap((point) => long[point]?.bytes ?? []));
  });

  test('the largest kinds have areas, and with the one for all others they add up to every column’s highest moment, to the byte', () => {
    fc.assert(
      fc.property(ranges, fc.integer({ min: 240, max: 900 }), fc.integer({ min: 1, max: 20 }), (range, width, most) => {
        const { areas, others } = chart(range, width, most);
        const columns = (areas[0]?.points.length ?? 0) - 1;
        const named = areas.filter(({ kind }) => kind >= 0);
        expect(named.length).toBeLessThanOrEqual(most);
        const drawn = Array.from({ length: columns }, (_, column) =>
          total(areas.map(({ points }) => points[column]?.bytes ?? 0)),
        );
        expect(Math.max(...drawn)).toBe(sums[highest(sums, range)]);
        expect(drawn.every((sum) => sums.includes(sum))).toBe(true);
        // Nothing among the others is anywhere larger than each of those with a name is somewhere.
        const most1 = (kind: number) => Math.max(...list.slice(range.from, range.to).map(({ bytes }) => bytes[kind] ?? 0));
        if (range.to - range.from > columns || others <= 0) return;
        const least = Math.min(...named.map(({ kind }) => most1(kind)));
        const rest = timeline.kinds.map((_, kind) => kind).filter((kind) => !named.some((area) => area.kind === kind));
        expect(Math.max(...rest.map(most1))).toBeLessThanOrEqual(least);
        expect(rest.filter((kind) => most1(kind) > 0)).toHaveLength(others);
      }),
    );
  });

  test('the table at a moment has a row for each area, and adds up to what is alive', () => {
    fc.assert(
      fc.property(ranges, fc.nat({ max: count - 1 }), fc.option(fc.nat({ max: count - 1 })), (range, at, pinned) => {
        const rows = liveRows(live, chart(range), at, pinned);
        expect(total(rows.map(({ now }) => now))).toBe(sums[at]);
        expect(total(rows.map((row) => row.pinned))).toBe(pinned === null ? 0 : sums[pinned]);
        for (const { area, now } of rows.filter(({ area: { name } }) => name !== null))
          expect(now).toBe(list[at]?.bytes[timeline.kinds.findIndex(({ name }) => name === area.name)]);
      }),
    );
  });

  test('areas lie on one another and inside the plot, and names within them', () => {
    fc.assert(
      fc.property(ranges, (range) => {
        const { areas, plot } = chart(range);
        const wrong = areas.flatMap(({ points: line }, index) =>
          line.filter(({ x, y0 }, at) => {
            const base = areas[index - 1]?.points[at]?.y1 ?? plot.bottom;
            return !(Math.abs(y0 - base) < 1e-6 && x >= plot.left && x <= plot.right);
          }),
        );
        expect(wrong).toEqual([]);
        for (const { label, name, points: line } of areas)
          if (label) {
            const start = label.x - (name ?? 'other').length * 6.3;
            const under = line.filter(({ x }, at) => x < label.x && (line[at + 1]?.x ?? x) > start);
            expect(start).toBeGreaterThanOrEqual(plot.left);
            expect(under.every(({ y0, y1 }) => y1 <= label.y - 9 && y0 >= label.y + 2)).toBe(true);
          }
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
        const drawn = chart(range);
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
