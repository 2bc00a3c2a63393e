/** Where reference.md explains a code: the file beside the bundle, at the line of the code's heading. */
import { readFileSync } from 'node:fs';
import type { Code } from './problems';

export function pages(reference: URL): (code: Code) => string | undefined {
  const lines = read(reference)?.split(/\r?\n/) ?? [];
  const found = new Map(lines.flatMap((line, index) => (line.startsWith('#### ') ? [[line.slice(5), index + 1] as const] : [])));
  return (code) => (found.has(code) ? `${reference}#L${found.get(code)}` : undefined);
}

function read(file: URL): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    // A server without its reference serves without links.
    return undefined;
  }
}
