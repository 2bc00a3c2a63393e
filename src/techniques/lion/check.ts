import type { TechniqueCheck } from '../../runner/checks/context';
import { replayRule, reportTrajectory, sampleGradients } from '../../runner/checks/optimizer';
import { LION, lionRule } from './webgpu';

const STEPS = 10;
const RATE = 1e-3;

/** The trajectory against double precision. */
export const check: TechniqueCheck = async ({ opened, seed, report }) => {
  const { gradients, before } = sampleGradients(500, STEPS, seed);
  const settings = { ...LION, decay: 0.1 };
  const run = await replayRule(opened, lionRule(settings), gradients, before, RATE);
  let m = new Float64Array(before.length);
  let wanted = before;
  for (const gradient of gradients) {
    const direction = gradient.map((g, i) => Math.sign(settings.beta1 * (m[i] as number) + (1 - settings.beta1) * g));
    wanted = wanted.map((w, i) => w * (1 - RATE * settings.decay) - RATE * (direction[i] as number));
    m = m.map((value, i) => settings.beta2 * value + (1 - settings.beta2) * (gradient[i] as number));
  }
  reportTrajectory(
    report,
    '500 weights',
    run,
    wanted,
    1e-4,
    'ten float32 roundings of weights near 0.3, and no sign that differs: that would be 0.2',
  );
};
