/** A `.memplan` file with what the language says of it. */
import { resolve } from 'node:path';
import { type Analysis, analyze } from '../../language/server/analyze';
import { EstimateCache } from '../../language/server/estimates';
import { fileReader, uriOf } from '../../language/server/files';
import { diagnosticsOf, type Report, type ReportedDiagnostic, type ReportOptions, reportOf } from '../../language/server/report';
import { Lines } from '../../language/server/span';
import { calibrated } from '../plan/calibration';
import { nearest } from '../plan/nearest';
import type { Device, Plan } from '../plan/types';
import { UsageError } from './arguments';
import { readCalibrationFile } from './calibration';
import { readText } from './files';
import type { Io } from './io';
import { paintDiagnostics } from './paint/diagnostics';
import { render } from './paint/style';
import { workspaceOf } from './workspace';

export interface PlanFile {
  file: string;
  analysis: Analysis;
  report(options?: ReportOptions): Report;
}

/** Reads and analyses, with times by a file of calibration where one is named. Throws `UsageError` where a file cannot be read. */
export async function openPlanFile(file: string, calibration?: string): Promise<PlanFile> {
  const text = await readText(file);
  const roots = [workspaceOf(file)];
  const known = calibration === undefined ? undefined : await readCalibrationFile(calibration);
  const measured = (device: Device) => (known ? calibrated(device, known, true) : device);
  const analysis = analyze(text, { uri: uriOf(resolve(file)), reader: fileReader({ roots: () => roots }), measured });
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

/**
 * The plan that is meant: the one that is named, else the only one. Throws `UsageError` where there is none, or several, or it has
 * errors, which are then printed.
 */
export function wholePlan(opened: PlanFile, named: string | undefined, io: Io): { name: string; plan: Plan } {
  assertPlan(opened, named);
  const { file, analysis } = opened;
  const names = analysis.plans.map(({ name }) => name);
  const [name, ...others] = named === undefined ? names : [named];
  if (name === undefined) throw new UsageError(`${file} has no plans: one starts with \`plan NAME {\``);
  if (others.length > 0) throw new UsageError(`${file} has the plans ${names.join(', ')}; name one with --plan`);
  const plan = analysis.plans.find((one) => one.name === name)?.plan;
  if (plan === undefined) {
    printErrors(opened, io);
    throw new UsageError(`${file}: plan ${name} has errors`);
  }
  return { name, plan };
}

/** Mistakes of the file, what its estimates say aside. */
export function printErrors({ file, analysis }: PlanFile, io: Io): void {
  const errors = analysis.problems.filter(({ severity }) => severity === 'error');
  const { errorStyle: style } = io;
  io.err(render(style, paintDiagnostics(style, file, diagnosticsOf(errors, new Lines(analysis.text)))));
}

/** What the estimates say against a file that is otherwise in order. */
const VERDICTS: ReadonlySet<string> = new Set(['exceeds-memory', 'require-failed']);

/** 2 where the file has errors, 1 where a plan does not fit or a condition fails, else 0. */
export function statusOf(diagnostics: readonly ReportedDiagnostic[]): 0 | 1 | 2 {
  const errors = diagnostics.filter(({ severity }) => severity === 'error');
  if (errors.some(({ code }) => !VERDICTS.has(code))) return 2;
  return errors.length > 0 ? 1 : 0;
}
