/** What a technique's checks are given, for tests of one technique. */
import type { Plan, TechniqueSlot, Use } from '../../src/plan/types';
import type { CheckContext, CheckEvent } from '../../src/runner/checks/context';
import { checkOf } from '../../src/runner/checks/registry';
import { batchAt } from '../../src/runner/data';
import { createTrainer } from '../../src/runner/trainer';
import { initialWeights } from '../../src/runner/weights';
import { recipeOf } from '../../src/techniques/recipe-of';
import { planOf, TEXT, type use } from './plans';
import { softwareDevice } from './software';

export async function contextOf(plan: Plan, slot: TechniqueSlot, tested: Use, checks: CheckEvent[]): Promise<CheckContext> {
  return {
    opened: await softwareDevice(),
    plan,
    slot,
    use: tested,
    seed: 3,
    batch: batchAt(TEXT, 0, 1, plan.batch, plan.sequence, plan.model.vocab, plan.accumulate),
    weights: initialWeights(plan.model, 1),
    shared: new Map(),
    report: (check) => checks.push({ type: 'check', technique: tested.name, ...check }),
  };
}

/** What a technique's own checks report. */
export async function checksOf(
  slot: TechniqueSlot,
  tested: Use,
  others: Plan['slots'] = {},
  changes: Partial<Plan> = {},
): Promise<CheckEvent[]> {
  const checks: CheckEvent[] = [];
  const check = checkOf(slot, tested.name);
  if (!check) throw new Error(`${tested.name} has no check`);
  await check(await contextOf({ ...planOf({ [slot]: tested, ...others }), ...changes }, slot, tested, checks));
  return checks;
}

/** Trains a few steps on one batch; losses, and bytes predicted and counted. */
export async function trained(slots: Plan['slots'], model: Partial<Plan['model']> = {}, rate = 3e-3, steps = 5) {
  const plan = planOf(slots, model);
  const opened = await softwareDevice();
  const before = opened.counter.live();
  opened.counter.reset();
  const trainer = await createTrainer(opened, recipeOf(plan), initialWeights(plan.model, 1), 1);
  const losses: number[] = [];
  try {
    for (let step = 0; step < steps; step++) losses.push(await trainer.step(step, batchAt(TEXT, 0, 1, 2, 19, 256), rate));
    const { live, buffers } = trainer.program.predicted;
    const predicted = { live, buffers };
    return { losses, predicted, counted: { live: trainer.program.highWater(), buffers: opened.counter.peak() - before } };
  } finally {
    trainer.destroy();
  }
}

/** A call as a plan would write it, for the names of tests. */
export const written = ({ name, args }: ReturnType<typeof use>): string =>
  `${name}(${Object.entries(args)
    .map(([key, value]) => `${key}: ${value}`)
    .join(', ')})`;
