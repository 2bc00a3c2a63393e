import { writeFile } from 'node:fs/promises';
import { applyEdits, format as editsOf } from '../../../language/server/format';
import { diagnosticsOf } from '../../../language/server/report';
import { Lines } from '../../../language/server/span';
import { parse } from '../../../language/server/syntax/parse';
import { type Invocation, UsageError } from '../arguments';
import { readText } from '../files';
import type { Io } from '../io';
import { paintDiagnostics } from '../paint/diagnostics';
import { render } from '../paint/style';

/** Prints formatted files, or writes those that change and names them. A file that does not parse is left alone: status 2. */
export async function format({ files, write }: Extract<Invocation, { command: 'format' }>, io: Io): Promise<0 | 2> {
  let status: 0 | 2 = 0;
  for (const file of files) {
    const text = await readText(file);
    const syntax = parse(text);
    if (syntax.errors.length > 0) {
      const problems = syntax.errors.map((error) => ({ severity: 'error' as const, code: 'syntax' as const, ...error }));
      io.err(render(io.errorStyle, paintDiagnostics(io.errorStyle, file, diagnosticsOf(problems, new Lines(text)))));
      status = 2;
      continue;
    }
    const formatted = applyEdits(text, editsOf(text, syntax));
    if (!write) io.out(formatted);
    else if (formatted !== text) {
      await save(file, formatted);
      io.out(`${file}\n`);
    }
  }
  return status;
}

async function save(file: string, text: string): Promise<void> {
  try {
    await writeFile(file, text);
  } catch (error) {
    throw new UsageError(`${file}: it cannot be written (${error instanceof Error && 'code' in error ? error.code : 'unknown'})`);
  }
}
