/** Files of calibration: `run` writes them, `estimate` and `fit` read them. */
import { writeFile } from 'node:fs/promises';
import { type Calibration, calibrationOf, readCalibration } from '../plan/calibration';
import type { RunEvent } from '../protocol';
import { UsageError } from './arguments';
import { readText } from './files';

/** Throws `UsageError` where the file cannot be read or holds something else. */
export async function readCalibrationFile(file: string): Promise<Calibration> {
  const text = await readText(file);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    value = null;
  }
  const found = readCalibration(value);
  if (!found) throw new UsageError(`${file} is no calibration; \`memplan run FILE --calibration ${file}\` writes one`);
  return found;
}

/** Passes a run's events on, and writes what they measured; says on `warn` what came of it. */
export async function* writingCalibration(
  events: AsyncIterable<RunEvent>,
  file: string,
  warn: (words: string) => void,
): AsyncGenerator<RunEvent> {
  let adapter: Extract<RunEvent, { type: 'adapter' }> | undefined;
  const kernels: Extract<RunEvent, { type: 'kernels' }>[] = [];
  for await (const event of events) {
    if (event.type === 'adapter') adapter = event;
    if (event.type === 'kernels') kernels.push(event);
    yield event;
  }
  const calibration = adapter && calibrationOf(adapter, kernels);
  if (!calibration) return warn(`nothing was timed: ${file} is not written`);
  try {
    await writeFile(file, `${JSON.stringify(calibration, null, 2)}\n`);
  } catch (error) {
    // What the run proved is still to be told.
    return warn(`${file} cannot be written: ${(error as Error).message}`);
  }
  warn(`calibration on ${calibration.adapter} written to ${file}`);
}
