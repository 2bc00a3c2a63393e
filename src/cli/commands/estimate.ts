import { explainSteps, explain as ledgerOf } from '../../planner/explain';
import type { Invocation } from '../arguments';
import type { Io } from '../io';
import { paintDiagnostics } from '../paint/diagnostics';
import { paintPlan } from '../paint/estimate';
import { paintLedger, paintReasons } from '../paint/explain';
import { render } from '../paint/style';
import { paintTimeline } from '../paint/timeline';
import { assertPlan, openPlanFile, statusOf } from '../plan-file';

/** Estimates all plans of a file, or one. Plans that are whole are estimated even where the file has errors. */
export async function estimate(asked: Extract<Invocation, { command: 'estimate' }>, io: Io): Promise<0 | 1 | 2> {
  const { file, plan, json, timeline, explain } = asked;
  const opened = await openPlanFile(file, asked.calibration);
  assertPlan(opened, plan);
  const report = opened.report({ timeline, ...(plan === undefined ? {} : { plan }) });
  const ledgers = new Map(
    explain
      ? opened.analysis.plans.flatMap((one) =>
          one.plan ? [[one.name, { ...ledgerOf(one.plan), steps: explainSteps(one.plan) }]] : [],
        )
      : [],
  );
  if (json) {
    const plans = report.plans.map((one) => ({ ...one, ...(ledgers.has(one.name) ? { ledger: ledgers.get(one.name) } : {}) }));
    io.out(`${JSON.stringify({ ...report, plans }, null, 2)}\n`);
    return statusOf(report.diagnostics);
  }
  for (const one of report.plans) {
    const drawn = timeline ? ['', ...paintTimeline(io.style, one)] : [];
    const ledger = ledgers.get(one.name);
    const explained = ledger
      ? [
          '',
          ...paintReasons(
            io.style,
            one.waterfall.map(({ label }) => label),
            ledger.steps,
          ),
          '',
          ...paintLedger(io.style, ledger),
        ]
      : [];
    io.out(render(io.style, [...paintPlan(io.style, one), ...drawn, ...explained, '']));
  }
  if (opened.analysis.plans.length === 0) io.err(`${file} has no plans: one starts with \`plan NAME {\`\n`);
  io.err(render(io.errorStyle, paintDiagnostics(io.errorStyle, file, report.diagnostics)));
  return statusOf(report.diagnostics);
}
