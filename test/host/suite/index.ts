/** Runs inside the extension host of a real VS Code. `run` is what it calls. */
import { writeFileSync } from 'node:fs';
import { add, runSteps } from '../checks';
import { extensionSteps } from './extension';
import { languageSteps } from './language';

export async function run(): Promise<void> {
  const counts = add(
    await runSteps('In the extension host: the extension', extensionSteps),
    await runSteps('In the extension host: the language', languageSteps),
  );
  const file = process.env.MEMPLAN_RESULTS;
  if (file) writeFileSync(file, JSON.stringify(counts));
  if (counts.failed > 0) throw new Error(`${counts.failed} of ${counts.passed + counts.failed} failed in the extension host`);
}
