/** What a command is to work on: its argument, else the active file and the cursor's plan. */
import * as vscode from 'vscode';

export interface Target {
  uri: vscode.Uri;
  plan: string | null;
}

/** Reads `{ uri, plan }` as code lenses send it, a `Uri` as menus send it, or nothing; undefined where there is no file. */
export function readTarget(argument: unknown): Target | undefined {
  if (argument instanceof vscode.Uri) return { uri: argument, plan: null };
  if (typeof argument === 'object' && argument !== null && 'uri' in argument) {
    const uri = typeof argument.uri === 'string' ? parse(argument.uri) : undefined;
    const plan = 'plan' in argument && typeof argument.plan === 'string' ? argument.plan : null;
    return uri && { uri, plan };
  }
  const document = vscode.window.activeTextEditor?.document;
  if (document?.languageId === 'memplan') return { uri: document.uri, plan: null };
  // From the panel's own tab no editor is active: the file is the one that is in sight.
  const visible = vscode.window.visibleTextEditors.find((editor) => editor.document.languageId === 'memplan');
  return visible && { uri: visible.document.uri, plan: null };
}

function parse(text: string): vscode.Uri | undefined {
  try {
    return vscode.Uri.parse(text, true);
  } catch {
    return undefined;
  }
}
