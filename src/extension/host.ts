/** What differs between an extension host on a machine and one in a browser, and what both do alike for the language server. */
import * as vscode from 'vscode';
import type { BaseLanguageClient, LanguageClientOptions, State } from 'vscode-languageclient';
import { READ_FILE_REQUEST, type ReadFileParams, type ReadFileReply } from '../protocol';
import type { startRunner } from './runner-host';

/** A language client, with the names of its states: who asks for one has not loaded its library. */
export interface Client {
  client: BaseLanguageClient;
  State: typeof State;
}

export interface Host {
  createClient(context: vscode.ExtensionContext, log: vscode.LogOutputChannel): Promise<Client>;
  /** Absent where no process can be started. */
  startRunner?: typeof startRunner;
}

export function clientOptions(context: vscode.ExtensionContext, log: vscode.LogOutputChannel): LanguageClientOptions {
  const watchers = ['**/*.memplan', '**/*.json'].map((pattern) => vscode.workspace.createFileSystemWatcher(pattern));
  context.subscriptions.push(...watchers);
  return {
    documentSelector: [{ language: 'memplan' }],
    outputChannel: log,
    synchronize: { fileEvents: watchers },
    // The editor's texts in its language; absent in English.
    initializationOptions: { readsFiles: true, words: vscode.l10n.bundle },
  };
}

/** Reads files of virtual workspaces for the server, which reads those on disk itself. */
export function answerReads(client: BaseLanguageClient): vscode.Disposable {
  return client.onRequest(READ_FILE_REQUEST, async ({ uri }: ReadFileParams): Promise<ReadFileReply> => {
    const file = vscode.Uri.parse(uri);
    if (file.scheme === 'file') return { text: null };
    try {
      return { text: new TextDecoder().decode(await vscode.workspace.fs.readFile(file)) };
    } catch {
      return { text: null };
    }
  });
}
