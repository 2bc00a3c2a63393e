/** The language server as a process of its own. A bundle of its own, too: `createServer` loads it late. */
import type * as vscode from 'vscode';
import { LanguageClient, State, TransportKind } from 'vscode-languageclient/node';
import { type Client, clientOptions } from './host';
import { SERVER_FLAGS } from './server-flags';

export function createClient(context: vscode.ExtensionContext, log: vscode.LogOutputChannel): Client {
  const server = { module: context.asAbsolutePath('dist/server.mjs'), transport: TransportKind.ipc };
  const run = { ...server, options: { execArgv: SERVER_FLAGS } };
  const debug = { ...server, options: { execArgv: [...SERVER_FLAGS, '--nolazy', '--inspect=6019'] } };
  return { client: new LanguageClient('memplan', 'Memplan', { run, debug }, clientOptions(context, log)), State };
}
