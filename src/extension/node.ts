/** The extension's entry where it runs on a machine: on a desktop, or on a server. */
import type { ExtensionContext } from 'vscode';
import { createClient } from './client';
import { activateOn } from './main';
import { startRunner } from './runner-host';

export { deactivate } from './main';

export function activate(context: ExtensionContext): void {
  activateOn({ createClient, startRunner }, context);
}
