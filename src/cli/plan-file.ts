/** A `.memplan` file with what the language says of it. */
import { resolve } from 'node:path';
import { type Analysis, analyze } from '../../language/server/analyze';
import { EstimateCache } from '../../language/server/estimates';
import { fileReader, uriOf } from '../../language/server/files';
import { type Report, type ReportedDiagnostic, type ReportOptions, reportOf } from '../../language/server/report';
import { nearest } from '../plan/nearest';
import { UsageError } from './arguments';
import { readText } from './files';
import { workspaceOf } from './workspace';

export interface PlanFile {
  file: string;
  analysis: Analysis;
  report(options?: ReportOptions): Report;
}

/** Reads and analyses. Throws `UsageError` where the file cannot be read. */
export async function openPlanFile(file: string): Promise<PlanFile> {
  const text = await readText(file);
  const roots = [workspaceOf(file)];
  const analysis = analyze(text, { uri: uriOf(resolve(file)), reader: fileReader({ roots: () => roots }) });
  const cache = new EstimateCache();
  return { file, analysis, report: (options = {}) => reportOf(file, analysis, cache, options) };
}

/** Throws `UsageError` that names the nearest plan, or all, where there is none of that name. */
export function assertPlan({ file, analysis }: PlanFile, name: string | undefined): void {
  if (name === undefined || analysis.plans.some((plan) => plan.name === name)) return;
  const names = analysis.plans.map((plan) => plan.name);
  const near = nearest(name, names);
  const hint =
    names.length === 0 ? 'it has no plans' : near === undefined ? `it has ${names.join(', ')}` : `did you mean ${near}?`;
  throw new UsageError(`${file} has no plan ${name}; ${hint}`);
}

/** What the estimates say against a file that is otherwise in order. */
const VERDICTS: ReadonlySet<string> = new Set(['exceeds-memory', 'require-failed']);

/** 2 where the file has errors, 1 where a plan does not fit or a condition fails, else 0. */
export function statusOf(diagnostics: readonly ReportedDiagnostic[]): 0 | 1 | 2 {
  const errors = diagnostics.filter(({ severity }) => severity === 'error');
  if (errors.some(({ code }) => !VERDICTS.has(code))) return 2;
  return errors.length > 0 ? 1 : 0;
}
