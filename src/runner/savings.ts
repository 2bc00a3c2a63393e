/**
 * What each technique of a plan changes of a step's bytes: the plan is built up from the plain one, technique by technique in the file's
 * order, and one step of each stage is run. The first and the last stage are the configurations that are trained anyway.
 */
import { type Plan, TECHNIQUE_SLOTS, type TechniqueSlot } from '../plan/types';
import type { RunEvent } from '../protocol';
import { conflictsOf, refusalsOf } from '../techniques/compatibility';
import { recipeOf } from '../techniques/recipe-of';
import { within } from './checks/context';
import { RunnerError } from './errors';
import { withSlots } from './proxy';
import { createTrainer } from './trainer';
import { firstBatch, type StepBytes, type Training } from './training';

type Saving = Extract<RunEvent, { type: 'saving' }>;

/** The plan with the techniques up to this one. */
export interface Stage {
  /** Those that this stage adds: several where one does not stand without the next. */
  techniques: string[];
  plan: Plan;
}

/** From the first technique to the plan as it is. */
export function stagesOf(plan: Plan): Stage[] {
  const stated = (slot: string): slot is TechniqueSlot => slot !== 'engine' && slot in plan.slots;
  const slots = [...new Set([...plan.order, ...TECHNIQUE_SLOTS])].filter(stated);
  const stages: Stage[] = [];
  let current: Plan = { ...plan, slots: plan.slots.engine ? { engine: plan.slots.engine } : {} };
  let added: string[] = [];
  for (const [index, slot] of slots.entries()) {
    const use = plan.slots[slot];
    current = withSlots(current, { [slot]: use ?? null });
    added.push(use?.name ?? slot);
    const stands = conflictsOf(current).length === 0 && refusalsOf(current).length === 0;
    if (!stands && index < slots.length - 1) continue;
    stages.push({ techniques: added, plan: index === slots.length - 1 ? plan : current });
    added = [];
  }
  return stages;
}

/** Measures the stages between the plain plan and the last one, and says what each adds or saves. */
export async function tellSavings(training: Training, plain: StepBytes, last: StepBytes): Promise<void> {
  const { plan, emit, alive } = training;
  const stages = stagesOf(plan);
  let before = plain;
  let added: string[] = [];
  for (const [index, stage] of stages.entries()) {
    alive();
    emit({ type: 'progress', stage: 'measuring the techniques', done: index, total: stages.length });
    added.push(...stage.techniques);
    const after = index === stages.length - 1 ? last : await bytesOf({ ...training, plan: stage.plan });
    if (!after) continue;
    const saving: Saving = { type: 'saving', technique: added.join(' + '), before, after };
    emit(saving);
    const [counted, predicted] = [after.counted - before.counted, after.predicted - before.predicted];
    const why = 'a step with the techniques before it in the file and one with it too: simulated tapes against the arena’s books';
    const name = `counted less predicted change of the peak by ${saving.technique}`;
    emit({ type: 'check', technique: 'memory', ...within(name, Math.abs(counted - predicted), 0, why, 'bytes') });
    before = after;
    added = [];
  }
}

/** Null where the runner has no such step, though it has the whole plan's: the technique is told with the next. */
async function bytesOf(training: Training): Promise<StepBytes | null> {
  const { opened, plan, weights, seed } = training;
  const batch = await firstBatch(training);
  opened.counter.reset();
  const before = opened.counter.live();
  try {
    const { program, step, destroy } = await createTrainer(opened, recipeOf(plan), weights, seed);
    try {
      await step(0, batch, 0);
      return { predicted: program.predicted.live, counted: program.highWater(), buffers: opened.counter.peak() - before };
    } finally {
      destroy();
    }
  } catch (error) {
    if (error instanceof RunnerError && ['kernel', 'limits', 'out-of-memory'].includes(error.code)) return null;
    throw error;
  }
}
