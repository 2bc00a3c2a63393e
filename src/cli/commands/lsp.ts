/** `memplan lsp`: the language server's own bundle, in this process, on standard input and output. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { UsageError } from '../arguments';
import { bundles } from '../bundles';

export async function lsp(): Promise<0> {
  const server = join(bundles, 'server.mjs');
  if (!existsSync(server)) throw new UsageError('the language server is not built; `npm run build` builds it');
  // The server's library takes its transport from the command line.
  if (!process.argv.includes('--stdio')) process.argv.push('--stdio');
  await import(pathToFileURL(server).href);
  return 0;
}
