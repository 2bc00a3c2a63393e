/** Prints how far estimates are from published measurements, source by source, beside three peers' formulas. */
import { estimate } from '../../src/planner/estimate';
import { express, isExpressed } from './plans';
import { records } from './records';
import { figures, groupBy, groupedFigures } from './statistics';

const all = records.map(express);
const rows = all.filter(isExpressed).map((entry) => {
  const e = estimate(entry.plan);
  const got = e.peak[entry.quantity] / 2 ** 30;
  return {
    ...entry,
    got,
    alloc: e.peak.allocated / 2 ** 30,
    error: got / entry.measured - 1,
    group: entry.record.group,
    at: `${e.peakAt.phase} ${e.peakAt.layer ?? ''} ${e.peakAt.op}`,
  };
});
for (const r of rows)
  console.log(
    r.record.id.padEnd(40),
    r.quantity.padEnd(9),
    r.measured.toFixed(2).padStart(6),
    r.got.toFixed(2).padStart(6),
    r.alloc.toFixed(2).padStart(6),
    `${(100 * r.error).toFixed(1)}%`.padStart(8),
    r.at,
  );
for (const [s, rs] of groupBy(rows, (r) => r.record.source)) {
  const f = figures(rs);
  console.log(s.padEnd(22), f.n, ...[f.bias, f.median, f.p90].map((x) => `${(100 * x).toFixed(1)}%`));
}
const g = groupedFigures(rows);
console.log('all by group', g.n, ...[g.bias, g.median, g.p90].map((x) => `${(100 * x).toFixed(1)}%`));
const f = figures(rows);
console.log('all', f.n, ...[f.bias, f.median, f.p90].map((x) => `${(100 * x).toFixed(1)}%`));
const why = groupBy(
  all.filter((e) => !isExpressed(e)),
  (e) => (e as any).reason,
);
for (const [k, v] of why) console.log(v.length, k);
