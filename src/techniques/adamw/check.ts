import type { TechniqueCheck } from '../../runner/checks/context';
import { replayRule, reportTrajectory, sampleGradients } from '../../runner/checks/optimizer';
import { adamDirection, adamState } from '../../runner/reference/optimizers';
import { ADAM, adamwRule } from './webgpu';

const STEPS = 10;
const RATE = 0.01;

/** The trajectory against Adam in double precision. */
export const check: TechniqueCheck = async ({ opened, seed, report }) => {
  const { gradients, before } = sampleGradients(500, STEPS, seed);
  const run = await replayRule(opened, adamwRule(ADAM), gradients, before, RATE);
  const state = adamState(before.length);
  let wanted = before;
  gradients.forEach((gradient, step) => {
    const change = adamDirection(state, gradient, step + 1, { rate: RATE, ...ADAM });
    wanted = wanted.map((w, i) => w - (change[i] as number));
  });
  reportTrajectory(report, '500 weights', run, wanted, 1e-5, 'float32 rounds a weight of 0.1 to 1e-8 in each step of 1e-2');
};
