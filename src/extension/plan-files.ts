/** The `.memplan` files of a folder, on disk or not; links are not followed. The editor's own search needs a program that not every host has. */
import * as vscode from 'vscode';

const MOST_FILES = 1000;
const MOST_FOLDERS = 5000;
const SKIPPED = new Set(['node_modules', 'dist', 'out', 'build']);

/** In the order of their paths. */
export async function planFilesIn(root: vscode.Uri): Promise<vscode.Uri[]> {
  const found: vscode.Uri[] = [];
  const waiting = [root];
  for (let looked = 0; looked < MOST_FOLDERS && found.length < MOST_FILES; looked++) {
    const folder = waiting.shift();
    if (!folder) break;
    const entries = await vscode.workspace.fs.readDirectory(folder).then(undefined, () => []);
    for (const [name, type] of entries) {
      const uri = vscode.Uri.joinPath(folder, name);
      if (type === vscode.FileType.Directory && !name.startsWith('.') && !SKIPPED.has(name)) waiting.push(uri);
      else if (type === vscode.FileType.File && name.endsWith('.memplan')) found.push(uri);
    }
  }
  return found.sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** Those of every folder of the workspace. */
export async function planFiles(): Promise<vscode.Uri[]> {
  const folders = vscode.workspace.workspaceFolders ?? [];
  return (await Promise.all(folders.map(({ uri }) => planFilesIn(uri)))).flat();
}
