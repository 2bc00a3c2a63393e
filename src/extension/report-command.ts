/** “Memplan: Report”: opens what was gathered as a document that the user reads before anybody else does. */
import * as vscode from 'vscode';
import type { RunEvent } from '../protocol';
import { planAt } from './cursor';
import type { Estimates } from './estimates';
import { reportText } from './report';
import type { Runs } from './runs';
import { SETTINGS } from './settings';

export async function showReport(context: vscode.ExtensionContext, estimates: Estimates, runs: Runs): Promise<void> {
  const editor = vscode.window.visibleTextEditors.find(({ document }) => document.languageId === 'memplan');
  const uri = editor?.document.uri;
  const reply = uri && (await estimates.refresh(uri).catch(() => undefined));
  const view = planAt(reply, (editor?.selection.active.line ?? 0) + 1);
  const messages = uri ? runs.messages(uri) : [];
  const events = messages.flatMap((message): RunEvent[] => (message.type === 'run-event' ? [message.event] : []));
  const content = reportText({
    versions: versions(context),
    settings: changedSettings(),
    events,
    plan: view?.estimate && { estimate: view.estimate, ledger: view.ledger?.lines ?? [], holds: view.ledger?.holds ?? [] },
    private: privateFolders(context),
  });
  await vscode.window.showTextDocument(await vscode.workspace.openTextDocument({ language: 'markdown', content }));
}

function versions({ extension }: vscode.ExtensionContext): [string, string][] {
  const node = typeof process === 'undefined' ? undefined : process.versions;
  return [
    ['Memplan', String(extension.packageJSON.version)],
    [
      `${vscode.env.appName} (${vscode.env.appHost}${vscode.env.remoteName ? `, remote ${vscode.env.remoteName}` : ''})`,
      vscode.version,
    ],
    ['Node of the extension host', node?.node ?? 'none: a browser'],
    ...(node?.electron ? [['Electron', node.electron] as [string, string]] : []),
    ...(node?.node ? [['system', `${process.platform} ${process.arch}`] as [string, string]] : []),
    ['workspace', vscode.workspace.isTrusted ? 'trusted' : 'not trusted'],
  ];
}

function changedSettings(): [string, unknown][] {
  const settings = vscode.workspace.getConfiguration('memplan');
  return SETTINGS.flatMap((key): [string, unknown][] => {
    const found = settings.inspect(key);
    const value = settings.get(key);
    return found && JSON.stringify(found.defaultValue) !== JSON.stringify(value) ? [[`memplan.${key}`, value]] : [];
  });
}

function privateFolders({ extensionPath, globalStorageUri }: vscode.ExtensionContext): string[] {
  const home = typeof process === 'undefined' ? undefined : (process.env.HOME ?? process.env.USERPROFILE);
  const workspaces = vscode.workspace.workspaceFolders?.map(({ uri }) => uri.fsPath) ?? [];
  return [...workspaces, extensionPath, globalStorageUri.fsPath, ...(home ? [home] : [])];
}
