import type { Invocation } from '../arguments';
import type { Io } from '../io';
import { paintDiagnostics } from '../paint/diagnostics';
import { render } from '../paint/style';
import { openPlanFile, statusOf } from '../plan-file';

/** Prints the diagnostics of every file; the worst status of all. */
export async function check({ files, json }: Extract<Invocation, { command: 'check' }>, io: Io): Promise<0 | 1 | 2> {
  let worst: 0 | 1 | 2 = 0;
  const reports = [];
  for (const file of files) {
    const { diagnostics } = (await openPlanFile(file)).report();
    const status = statusOf(diagnostics);
    if (status > worst) worst = status;
    if (json) reports.push({ file, diagnostics });
    else io.out(render(io.style, paintDiagnostics(io.style, file, diagnostics)));
  }
  if (json) io.out(`${JSON.stringify({ files: reports }, null, 2)}\n`);
  return worst;
}
