/** The language server as a process of its own. */
import type * as vscode from 'vscode';
import { LanguageClient, TransportKind } from 'vscode-languageclient/node';
import { clientOptions } from './host';
import { SERVER_FLAGS } from './server-flags';

export function createClient(context: vscode.ExtensionContext, log: vscode.LogOutputChannel): LanguageClient {
  const server = { module: context.asAbsolutePath('dist/server.mjs'), transport: TransportKind.ipc };
  const run = { ...server, options: { execArgv: SERVER_FLAGS } };
  const debug = { ...server, options: { execArgv: [...SERVER_FLAGS, '--nolazy', '--inspect=6019'] } };
  return new LanguageClient('memplan', 'Memplan', { run, debug }, clientOptions(context, log));
}
