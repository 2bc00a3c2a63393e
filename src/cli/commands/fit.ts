import { estimate } from '../../planner/estimate';
import { type Edit, type Floor, fit as search } from '../../planner/fit';
import type { Invocation } from '../arguments';
import type { Io } from '../io';
import { paintDiagnostics } from '../paint/diagnostics';
import { paintFit } from '../paint/fit';
import { render } from '../paint/style';
import { assertPlan, openPlanFile, statusOf } from '../plan-file';

/** The Pareto-best ways to make plans fit. 1 where a plan cannot be made to fit. */
export async function fit(asked: Extract<Invocation, { command: 'fit' }>, io: Io): Promise<0 | 1 | 2> {
  const opened = await openPlanFile(asked.file, asked.calibration);
  assertPlan(opened, asked.plan);
  const whole = opened.analysis.plans.filter((plan) => asked.plan === undefined || plan.name === asked.plan);
  const answers = whole.flatMap(({ plan }) => (plan ? [{ before: estimate({ ...plan, order: [] }), found: search(plan) }] : []));
  if (asked.json) {
    const plans = answers.map(({ before, found }) => ({
      name: before.name,
      considered: found.considered,
      points: found.points.map((point) => ({
        exact: point.exact,
        peak: point.estimate.peak,
        time: point.estimate.time,
        edits: point.edits.map(editFigures),
      })),
      floor: found.floor && floorFigures(found.floor),
    }));
    io.out(`${JSON.stringify({ file: asked.file, plans }, null, 2)}\n`);
  } else for (const { before, found } of answers) io.out(render(io.style, [...paintFit(io.style, before, found), '']));
  const report = opened.report(asked.plan === undefined ? {} : { plan: asked.plan });
  const mistakes = report.diagnostics.filter(({ code }) => !code.startsWith('exceeds') && code !== 'require-failed');
  if (statusOf(mistakes) === 2) {
    io.err(render(io.errorStyle, paintDiagnostics(io.errorStyle, asked.file, mistakes)));
    return 2;
  }
  return answers.some(({ found }) => found.points.length === 0) ? 1 : 0;
}

const editFigures = ({ change: _, ...edit }: Edit) => edit;

const floorFigures = ({ plan: _, edits, ...floor }: Floor) => ({ ...floor, edits: edits.map(editFigures) });
