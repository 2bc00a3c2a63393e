import { exportPlan, importConfig } from '../../interchange/convert';
import { type Invocation, UsageError } from '../arguments';
import { readText } from '../files';
import type { Io } from '../io';
import { paint, printable } from '../paint/style';
import { openPlanFile, wholePlan } from '../plan-file';

const note = (io: Io, notes: readonly string[]) => {
  for (const text of notes) io.err(`${paint(io.errorStyle, 'yellow', 'note:')} ${printable(text)}\n`);
};

/** Prints a plan as a trainer's configuration; what it cannot say goes to standard error. */
export async function exportTo(asked: Extract<Invocation, { command: 'export' }>, io: Io): Promise<0> {
  const { plan } = wholePlan(await openPlanFile(asked.file), asked.plan, io);
  const result = exportPlan(plan, asked.to);
  if (!result.ok) throw new UsageError(result.message);
  io.out(result.text);
  note(io, result.notes);
  return 0;
}

/** Prints a trainer's configuration as a `.memplan` file. */
export async function importFrom(asked: Extract<Invocation, { command: 'import' }>, io: Io): Promise<0> {
  const result = importConfig(await readText(asked.file), asked.file, asked.from);
  if (!result.ok) throw new UsageError(result.message);
  io.out(result.text);
  note(io, result.notes);
  return 0;
}
