/** `memplan lsp`: the language server's own bundle, in this process, on standard input and output. */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { UsageError } from '../arguments';

export async function lsp(): Promise<0> {
  const server = new URL('./server.mjs', import.meta.url);
  if (!existsSync(fileURLToPath(server))) throw new UsageError('the language server is not built; `npm run build` builds it');
  // The server's library takes its transport from the command line.
  if (!process.argv.includes('--stdio')) process.argv.push('--stdio');
  await import(server.href);
  return 0;
}
