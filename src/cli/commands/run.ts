import { nearest } from '../../plan/nearest';
import type { RunRequest } from '../../protocol';
import { launch } from '../../runner/launch';
import { type Invocation, UsageError } from '../arguments';
import { bundles } from '../bundles';
import { writingCalibration } from '../calibration';
import { follow } from '../follow';
import type { Io } from '../io';
import { assertPlan, openPlanFile, type PlanFile, printErrors } from '../plan-file';

/** Runs the proxy of one plan on the GPU and follows it. */
export async function run(asked: Extract<Invocation, { command: 'run' }>, io: Io): Promise<0 | 1 | 2 | 130> {
  const opened = await openPlanFile(asked.file);
  const name = planOf(opened, asked.plan);
  const plan = opened.analysis.plans.find((one) => one.name === name);
  if (plan?.plan === undefined || plan.run === undefined) {
    printErrors(opened, io);
    throw new UsageError(`${asked.file}: plan ${name} has errors, so it cannot run`);
  }
  const request: RunRequest = { type: 'run', plan: plan.plan, run: plan.run, adapter: asked.adapter, timeout: asked.timeout };
  const events = launch(request, { signal: io.signal, dist: bundles });
  const { calibration } = asked;
  const written =
    calibration === undefined ? events : writingCalibration(events, calibration, (words) => io.err(`memplan: ${words}\n`));
  return follow(written, io, asked.json);
}

/** The plan that is meant: the one that is named, else the one that has a `run` block, else the only one. */
function planOf(opened: PlanFile, named: string | undefined): string {
  const { file, analysis } = opened;
  assertPlan(opened, named);
  if (named !== undefined) return named;
  const names = analysis.plans.map((plan) => plan.name);
  const blocks = analysis.syntax.declarations.flatMap((node) =>
    node.$type === 'RunDeclaration' && node.plan ? [node.plan] : [],
  );
  const known = blocks.filter((block) => names.includes(block));
  const [only, ...others] = known.length > 0 ? known : names;
  if (only === undefined) {
    const [block] = blocks;
    const near = block === undefined ? undefined : nearest(block, names);
    throw new UsageError(`${file} has no plan to run${near === undefined ? '' : `; did you mean ${near}?`}`);
  }
  if (others.length > 0) {
    const what = known.length > 0 ? 'run blocks of' : 'no run block, and the plans';
    throw new UsageError(`${file} has ${what} ${[only, ...others].join(', ')}; name one with --plan`);
  }
  return only;
}
