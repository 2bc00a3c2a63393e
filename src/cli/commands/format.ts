import { writeFile } from 'node:fs/promises';
import type { Invocation } from '../arguments';
import { UsageError } from '../arguments';
import { readText } from '../files';
import type { Io } from '../io';

/** Stub for wiring. */
export async function format({ files, write }: Extract<Invocation, { command: 'format' }>, io: Io): Promise<0 | 2> {
  for (const file of files) {
    const text = await readText(file);
    if (write) await writeFile(file, text);
    else io.out(text);
  }
  throw new UsageError('');
}
