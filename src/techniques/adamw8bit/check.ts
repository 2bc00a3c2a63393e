import { type TechniqueCheck, within } from '../../runner/checks/context';
import { replayRule, sampleGradients } from '../../runner/checks/optimizer';
import { relativeToChange } from '../../runner/reference/relative';
import { ADAM } from '../adamw/webgpu';
import { replayEightBit } from './reference';
import { adamw8bitRule, wholeBlock } from './webgpu';

const STEPS = 6;
const RATE = 0.01;
/** Above the size from which states are quantized, with a short last block. */
const COUNT = 4096 + 300;

/** The trajectory against the same codes in double precision, and the bytes of the states. */
export const check: TechniqueCheck = async ({ opened, seed, use, report }) => {
  const block = wholeBlock(Number(use.args.block));
  const { gradients, before } = sampleGradients(COUNT, STEPS, seed);
  const { parameters, parts } = await replayRule(opened, adamw8bitRule(block, ADAM), gradients, before, RATE);
  const wanted = replayEightBit(gradients, before, block, RATE, ADAM.epsilon);
  const off = parameters.map((got, step) => relativeToChange(got, wanted[step] ?? [], before));
  report(
    within(
      `${COUNT} weights after the first step against float64`,
      off[0] as number,
      1e-5,
      'the first update uses moments that were never rounded: it is Adam’s own',
    ),
  );
  // A tie between two codes may fall either way in float32; after it the two trajectories differ by that code for good.
  const last = { got: parameters[STEPS - 1] as Float32Array, wanted: wanted[STEPS - 1] as Float64Array };
  const change = last.wanted.reduce((high, w, i) => Math.max(high, Math.abs(w - (before[i] as number))), 0);
  const moved = last.got.reduce((count, w, i) => count + (Math.abs(w - (last.wanted[i] as number)) <= 1e-4 * change ? 0 : 1), 0);
  report(
    within(
      `weights further than 1e-4 from the float64 reference of the codes after ${STEPS} steps, of ${COUNT}`,
      moved,
      Math.ceil(COUNT * 0.01),
      'a code that lies in the middle between two values may be rounded either way: 1 % of the weights at most',
      'weights',
    ),
  );
  const bytes = parts.reduce((sum, { shape, dtype }) => sum + shape.reduce((a, b) => a * b, 1) * (dtype === 'int8' ? 1 : 4), 0);
  const stated = 2 * COUNT + 8 * Math.ceil(COUNT / block);
  report(
    within(
      `state bytes: ${bytes} held, ${stated} by 2n + 8·⌈n/${block}⌉`,
      Math.abs(bytes - stated),
      0,
      'two codes and their blocks’ maxima',
      'bytes',
    ),
  );
};
