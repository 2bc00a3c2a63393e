import type { Weight } from '../../plan/weights';
import type { TechniqueCheck } from '../../runner/checks/context';
import { replayRule, reportElements, reportTrajectory, sampleGradients } from '../../runner/checks/optimizer';
import { adafactorRule, keptShare } from './webgpu';

const [STEPS, RATE] = [8, 0.01];

/** Trajectories of a tall and a wide matrix and of a vector against double precision, and the states as the paper counts them. */
export const check: TechniqueCheck = async ({ opened, seed, use, report }) => {
  const momentum = use.args.momentum === true;
  for (const shape of [[40, 24], [24, 300], [500]] as const) {
    const [rows, columns] = shape.length > 1 ? [shape[0], shape[1] as number] : [1, shape[0]];
    const weight: Weight = { name: 'w', shape, role: shape.length > 1 ? 'linear' : 'norm' };
    const { gradients, before } = sampleGradients(rows * columns, STEPS, seed + columns);
    const run = await replayRule(opened, adafactorRule(momentum), gradients, before, RATE, { weight });
    const [row, column, smooth] = [rows, columns, before.length].map((count) => new Float64Array(count)) as [
      Float64Array,
      Float64Array,
      Float64Array,
    ];
    const wanted = before.slice();
    gradients.forEach((gradient, step) => {
      const keep = keptShare(step + 1);
      const mean = (count: number, at: (other: number) => number) => {
        let sum = 0;
        for (let other = 0; other < count; other++) sum += (gradient[at(other)] as number) ** 2 + 1e-30;
        return sum / count;
      };
      row.forEach((old, r) => {
        row[r] = keep * old + (1 - keep) * mean(columns, (c) => r * columns + c);
      });
      column.forEach((old, c) => {
        column[c] = keep * old + (1 - keep) * mean(rows, (r) => r * columns + c);
      });
      const middle = row.reduce((sum, value) => sum + value, 0) / rows;
      // The squares' estimate of a matrix is an outer product; a vector's squares are kept as they are.
      const direction = gradient.map((g, i) => {
        const share = rows > 1 ? (row[Math.floor(i / columns)] as number) / middle : 1;
        return g / Math.sqrt(share * (column[i % columns] as number));
      });
      const size = Math.sqrt(direction.reduce((sum, d) => sum + d * d, 0) / direction.length);
      direction.forEach((d, i) => {
        const change = (RATE * d) / Math.max(1, size);
        smooth[i] = momentum ? 0.9 * (smooth[i] as number) + 0.1 * change : change;
        wanted[i] = (wanted[i] as number) - (smooth[i] as number);
      });
    });
    const of = `${shape.join(' × ')} weights`;
    reportTrajectory(report, of, run, wanted, 2e-5, 'float32 sums of some hundred squares are good to 1e-6');
    const stated = (shape.length > 1 ? rows + columns : columns) + (momentum ? rows * columns : 0);
    const parts = `a row and a column of a matrix, the squares of a vector${momentum ? ', and a momentum' : ''}`;
    reportElements(report, of, run, stated, parts);
  }
};
