/** The extension's entry in a browser: the language server is a worker, and there are no processes. */
import * as vscode from 'vscode';
import type { LanguageClient } from 'vscode-languageclient/browser';
import { clientOptions, type Host } from './host';
import { activateOn } from './main';

export { deactivate } from './main';

/** The worker's global; the page's types do not belong to an extension. */
declare const Worker: new (url: string) => ConstructorParameters<typeof LanguageClient>[3];

const createClient: Host['createClient'] = async (context, log) => {
  const { LanguageClient, State } = await import('vscode-languageclient/browser');
  const script = vscode.Uri.joinPath(context.extensionUri, 'dist/server-worker.js').toString(true);
  return { client: new LanguageClient('memplan', 'Memplan', clientOptions(context, log), new Worker(script)), State };
};

export function activate(context: vscode.ExtensionContext): void {
  activateOn({ createClient }, context);
}
