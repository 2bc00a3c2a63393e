/** What the tests in the extension host share. */
import * as vscode from 'vscode';

/** Resolves once `read` gives something; asks again whenever VS Code reports a change, never by the clock alone. */
export function until<T>(
  what: string,
  changes: vscode.Event<unknown>[],
  read: () => T | undefined | Promise<T | undefined>,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const listeners: vscode.Disposable[] = [];
    const end = (settle: () => void) => {
      clearTimeout(limit);
      for (const listener of listeners) listener.dispose();
      settle();
    };
    const limit = setTimeout(() => end(() => reject(new Error(`waited in vain for ${what}`))), 30_000);
    const look = async () => {
      const value = await read();
      if (value !== undefined) end(() => resolve(value));
    };
    for (const change of changes) listeners.push(change(() => void look()));
    void look();
  });
}

export const uriOf = (name: string): vscode.Uri => {
  const [folder] = vscode.workspace.workspaceFolders ?? [];
  if (!folder) throw new Error('no workspace folder');
  return vscode.Uri.joinPath(folder.uri, name);
};

export async function open(name: string): Promise<vscode.TextEditor> {
  return vscode.window.showTextDocument(await vscode.workspace.openTextDocument(uriOf(name)));
}

/** Opens a document that is in no file. */
export async function openText(content: string): Promise<vscode.TextEditor> {
  return vscode.window.showTextDocument(await vscode.workspace.openTextDocument({ language: 'memplan', content }));
}

export const diagnosticsOf = (uri: vscode.Uri, holds: (list: vscode.Diagnostic[]) => boolean): Promise<vscode.Diagnostic[]> =>
  until('diagnostics', [vscode.languages.onDidChangeDiagnostics], () => {
    const list = vscode.languages.getDiagnostics(uri);
    return holds(list) ? list : undefined;
  });

export const codeOf = (diagnostic: vscode.Diagnostic): string =>
  String(typeof diagnostic.code === 'object' ? diagnostic.code.value : diagnostic.code);
