/** Runs inside the extension host of a real VS Code. `run` is what it calls. */
import { writeFileSync } from 'node:fs';
import { add, MARK, runSteps } from '../checks';
import { extensionSteps, figures } from './extension';
import { languageSteps } from './language';
import { partsSteps } from './parts';

/** The workbench logs much of its own; the launcher shows only what is marked. */
const log = (line: string) => console.log(`${MARK}${line}`);

export async function run(): Promise<void> {
  const counts = add(
    await runSteps('In the extension host: the extension', extensionSteps, { log }),
    await runSteps('In the extension host: the language', languageSteps, { log }),
    await runSteps('In the extension host: beside them', partsSteps, { log }),
  );
  const file = process.env.MEMPLAN_RESULTS;
  if (file) writeFileSync(file, JSON.stringify(counts));
  if (process.env.MEMPLAN_FIGURES) writeFileSync(process.env.MEMPLAN_FIGURES, JSON.stringify(figures));
  if (counts.failed > 0) throw new Error(`${counts.failed} of ${counts.passed + counts.failed} failed in the extension host`);
}
