import type { Weight } from '../../plan/weights';
import type { TechniqueCheck } from '../../runner/checks/context';
import { replayRule, reportElements, reportTrajectory, sampleGradients } from '../../runner/checks/optimizer';
import { ADAM } from '../adamw/webgpu';
import { adamMiniRule } from './webgpu';

const [STEPS, RATE] = [8, 0.01];

/** Trajectories of what is shared in each way, by a head, a row and a whole, against double precision. */
export const check: TechniqueCheck = async ({ opened, plan, seed, report }) => {
  const { heads } = plan.model;
  const [rows, columns] = [heads * 6, 44];
  const cases: [Weight, number][] = [
    [{ name: 'attn.q', shape: [rows, columns], role: 'linear' }, heads],
    [{ name: 'mlp.up', shape: [rows, columns], role: 'linear' }, rows],
    [{ name: 'norm', shape: [rows * columns], role: 'norm' }, 1],
  ];
  for (const [weight, blocks] of cases) {
    const { gradients, before } = sampleGradients(rows * columns, STEPS, seed + blocks);
    const run = await replayRule(opened, adamMiniRule(plan.model), gradients, before, RATE, { weight });
    const size = before.length / blocks;
    const mean = new Float64Array(before.length);
    const square = new Float64Array(blocks);
    const wanted = before.slice();
    gradients.forEach((gradient, step) => {
      const [c1, c2] = [1 - ADAM.beta1 ** (step + 1), 1 - ADAM.beta2 ** (step + 1)];
      for (let block = 0; block < blocks; block++) {
        const own = gradient.subarray(block * size, (block + 1) * size);
        const v = own.reduce((sum, g) => sum + g * g, 0) / size;
        square[block] = ADAM.beta2 * (square[block] as number) + (1 - ADAM.beta2) * v;
      }
      gradient.forEach((g, i) => {
        const m = ADAM.beta1 * (mean[i] as number) + (1 - ADAM.beta1) * g;
        mean[i] = m;
        const root = Math.sqrt((square[Math.floor(i / size)] as number) / c2);
        wanted[i] = (wanted[i] as number) - ((RATE / c1) * m) / (root + ADAM.epsilon);
      });
    });
    const of = `${before.length} weights of ${weight.name} in ${blocks} block${blocks === 1 ? '' : 's'}`;
    reportTrajectory(report, of, run, wanted, 2e-5, 'float32 sums of up to a thousand squares are good to 1e-6');
    reportElements(report, of, run, before.length + blocks, 'a first moment an element and a second one a block');
  }
};
