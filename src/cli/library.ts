/**
 * The package's public face: `import { estimate } from 'memplan'`. The planner's functions over plain data, and the reader that
 * makes such data of a `.memplan` text. Pure: it reads no file, starts no process and keeps no state.
 */
import { analyze } from '../../language/server/analyze';
import { EstimateCache } from '../../language/server/estimates';
import type { FileReader } from '../../language/server/modules';
import { reportOf } from '../../language/server/report';
import type { Plan } from '../plan/types';

export { deviceNames, findDevice } from '../plan/presets/devices';
export { findModel, modelNames } from '../plan/presets/models';
export type { Device, Model, Plan, Use } from '../plan/types';
export { estimate } from '../planner/estimate';
export { explain, explainSteps } from '../planner/explain';
export { fit } from '../planner/fit';
export type { Estimate, LedgerLine, StepExplanation, WaterfallStep } from '../planner/types';

export interface Diagnostic {
  severity: 'error' | 'warning' | 'information';
  /** The code under which the reference explains it. */
  code: string;
  message: string;
  /** 1-based, as are the others. */
  line: number;
  column: number;
  endLine: number;
  endColumn: number;
}

export interface ReadOptions {
  /**
   * Text of a file that the plan names (`import "base.memplan"`, `from "./config.json"`), by the path as it is written there; undefined
   * where there is none. Without this function no file is read.
   */
  readFile?: (path: string) => string | undefined;
}

export interface ReadPlans {
  /** The plans without errors, in the order of the text. */
  plans: Plan[];
  /** Every mistake, and plans that do not fit or break a `require`. */
  diagnostics: Diagnostic[];
}

/** Reads the text of a `.memplan` file. Never throws: mistakes are diagnostics. */
export function readPlans(text: string, { readFile }: ReadOptions = {}): ReadPlans {
  const analysis = analyze(text, readFile ? { reader: readerOf(readFile) } : {});
  const { diagnostics } = reportOf('', analysis, new EstimateCache());
  return { plans: analysis.plans.flatMap(({ plan }) => plan ?? []), diagnostics };
}

function readerOf(readFile: (path: string) => string | undefined): FileReader {
  return {
    read(_, path) {
      const text = readFile(path);
      return text === undefined ? { problem: 'there is no such file' } : { uri: `untitled:${path}`, text };
    },
    locate: (_, path) => (readFile(path) === undefined ? { problem: 'there is no such file' } : { path }),
  };
}
