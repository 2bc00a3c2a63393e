import type { TechniqueCheck } from '../../runner/checks/context';
import { replayRule, reportTrajectory, sampleGradients } from '../../runner/checks/optimizer';
import { sgdRule } from './webgpu';

const STEPS = 10;
const RATE = 0.1;

/** The trajectory against double precision. */
export const check: TechniqueCheck = async ({ opened, seed, use, report }) => {
  const momentum = Number(use.args.momentum);
  const { gradients, before } = sampleGradients(500, STEPS, seed);
  const run = await replayRule(opened, sgdRule(momentum), gradients, before, RATE);
  let velocity = new Float64Array(before.length);
  let wanted = before;
  for (const gradient of gradients) {
    velocity = velocity.map((v, i) => momentum * v + (gradient[i] as number));
    wanted = wanted.map((w, i) => w - RATE * (velocity[i] as number));
  }
  reportTrajectory(report, '500 weights', run, wanted, 1e-5, 'ten roundings of float32');
};
