/** The object of `estimate --json`. The command line only prints it. */

import type { Unit } from '../../src/plan/format';
import { type Answer, finish, type SweepPoint } from '../../src/planner/answers';
import type { Estimate } from '../../src/planner/types';
import type { Analysis } from './analyze';
import { type EstimateCache, viewOf } from './estimates';
import type { Code, Problem, Severity } from './problems';
import { answersOf, type Comparison, unanswered } from './questions';
import { Lines } from './span';
import { verdictSteps } from './verdicts';

export interface ReportedPlan extends Estimate {
  answers: ({ line: number; find: string; value: number | null; limitedBy?: string } & Omit<Answer, 'value' | 'breaks'>)[];
  sweeps: { line: number; key: string; unit?: Unit; points: SweepPoint[] }[];
  comparisons: Omit<Comparison, 'span'>[];
}

export interface ReportedDiagnostic {
  severity: Severity;
  code: Code;
  message: string;
  line: number;
  column: number;
  endLine: number;
  endColumn: number;
}

export interface Report {
  file: string;
  /** Plans that are whole; the others are in the diagnostics. */
  plans: ReportedPlan[];
  diagnostics: ReportedDiagnostic[];
}

export interface ReportOptions {
  /** Only the plan of this name, and what concerns the whole file. */
  plan?: string;
  timeline?: boolean;
}

export function reportOf(
  file: string,
  analysis: Analysis,
  cache: EstimateCache,
  { plan: only, timeline = false }: ReportOptions = {},
): Report {
  const lines = new Lines(analysis.text);
  const problems: Problem[] = [...analysis.problems];
  const plans: ReportedPlan[] = [];
  for (const plan of analysis.plans) {
    if (only !== undefined && plan.name !== only) continue;
    const { estimate } = viewOf(analysis, plan, cache, lines, timeline);
    problems.push(...finish(verdictSteps(analysis, plan, cache)));
    if (!estimate) continue;
    const answers = answersOf(analysis, plan, cache);
    problems.push(...unanswered(answers));
    plans.push({
      ...estimate,
      answers: answers.answers.map(({ span: _, value, ...answer }) => ({ ...answer, value: value ?? null })),
      sweeps: answers.sweeps.map(({ span: _, ...one }) => one),
      comparisons: answers.comparisons.map(({ span: _, ...one }) => one),
    });
  }
  return { file, plans, diagnostics: diagnosticsOf(problems, lines) };
}

/** Diagnostics with lines and columns, in the order of the file. */
export const diagnosticsOf = (problems: readonly Problem[], lines: Lines): ReportedDiagnostic[] =>
  problems
    .toSorted((a, b) => a.span.start - b.span.start || a.span.end - b.span.end)
    .map(({ severity, code, message, span }) => ({ severity, code, message, ...lines.place(span) }));
