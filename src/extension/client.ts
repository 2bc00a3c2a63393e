/** The language server's process, and the requests beyond the protocol's own. */
import * as vscode from 'vscode';
import { LanguageClient, TransportKind } from 'vscode-languageclient/node';

export function createClient(context: vscode.ExtensionContext, log: vscode.LogOutputChannel): LanguageClient {
  const module = context.asAbsolutePath('dist/server.mjs');
  const run = { module, transport: TransportKind.ipc };
  const watchers = ['**/*.memplan', '**/config.json'].map((pattern) => vscode.workspace.createFileSystemWatcher(pattern));
  context.subscriptions.push(...watchers);
  return new LanguageClient(
    'memplan',
    'Memplan',
    { run, debug: { ...run, options: { execArgv: ['--nolazy', '--inspect=6019'] } } },
    { documentSelector: [{ language: 'memplan' }], outputChannel: log, synchronize: { fileEvents: watchers } },
  );
}
