/** Writes what the panel exports to where the user wants it. */
import * as vscode from 'vscode';
import type { FromWebview } from '../protocol';

type Save = Extract<FromWebview, { type: 'save' }>;

const { t } = vscode.l10n;
const FILTERS = { svg: t('SVG picture'), png: t('PNG picture'), csv: t('Comma-separated values'), md: 'Markdown' };

export async function save(beside: vscode.Uri, { format, name, content }: Save): Promise<void> {
  const folder = vscode.workspace.getWorkspaceFolder(beside)?.uri ?? vscode.Uri.joinPath(beside, '..');
  const target = await vscode.window.showSaveDialog({
    defaultUri: vscode.Uri.joinPath(folder, `${name}.${format}`),
    filters: { [FILTERS[format]]: [format] },
  });
  if (!target) return;
  try {
    await vscode.workspace.fs.writeFile(target, format === 'png' ? fromBase64(content) : new TextEncoder().encode(content));
  } catch (error) {
    void vscode.window.showErrorMessage(
      t('{0} was not written: {1}', target.path.split('/').pop() ?? '', (error as Error).message),
    );
  }
}

const fromBase64 = (text: string): Uint8Array => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
