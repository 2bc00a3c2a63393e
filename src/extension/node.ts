/** The extension's entry where it runs on a machine: on a desktop, or on a server. */
import type { ExtensionContext } from 'vscode';
import type { Host } from './host';
import { activateOn } from './main';
import { startRunner } from './runner-host';

export { deactivate } from './main';

const createClient: Host['createClient'] = async (context, log) => (await import('./client')).createClient(context, log);

export function activate(context: ExtensionContext): void {
  activateOn({ createClient, startRunner }, context);
}
