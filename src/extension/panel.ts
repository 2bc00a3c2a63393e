/** One panel: a page that shows a file's plans. It forwards; what is shown is the page's own affair. */
import * as vscode from 'vscode';
import type { EstimateReply, Place, ToWebview } from '../protocol';
import { readFromWebview } from './inbox';
import { panelHtml } from './panel-html';
import { save } from './save';
import type { Question } from './trials';

export const PANEL_TYPE = 'memplan.panel';

/** A page that takes longer to answer has died, or is as good as dead. */
const PATIENCE_MS = 4000;

export interface PanelEvents {
  onRun(plan: string): void;
  onCancelRun(): void;
  onReady(): void;
  onTimeline(plan: string): void;
  onQuestion(question: Question): void;
}

export interface Panel {
  readonly uri: vscode.Uri;
  readonly panel: vscode.WebviewPanel;
  /** The plan on show. */
  selected: string | null;
  /** Resolves once the page listens. One that listened and does not answer, because its process died, is loaded anew. */
  awake(): Promise<void>;
  post(message: ToWebview): void;
  show(reply: EstimateReply): void;
}

export function newWebview(): vscode.WebviewPanel {
  return vscode.window.createWebviewPanel(
    PANEL_TYPE,
    'Memplan',
    { viewColumn: vscode.ViewColumn.Beside, preserveFocus: true },
    {},
  );
}

export function createPanel(
  context: vscode.ExtensionContext,
  panel: vscode.WebviewPanel,
  { uri, plan }: { uri: vscode.Uri; plan: string | null },
  events: PanelEvents,
): Panel {
  const { webview } = panel;
  const asset = (path: string) => vscode.Uri.joinPath(context.extensionUri, path);
  // Posted before the page listens, messages would be lost; it asks for everything with `ready`.
  let listening = false;
  let patience: NodeJS.Timeout | undefined;
  const waiting: (() => void)[] = [];
  const there = () => {
    clearTimeout(patience);
    for (const resolve of waiting.splice(0)) resolve();
  };
  const load = () => {
    listening = false;
    webview.html = panelHtml({
      script: webview.asWebviewUri(asset('dist/webview.js')).toString(),
      style: webview.asWebviewUri(asset('dist/webview.css')).toString(),
      cspSource: webview.cspSource,
      nonce: crypto.randomUUID(),
      language: vscode.env.language,
      words: vscode.l10n.bundle,
    });
  };
  const self: Panel = {
    uri,
    panel,
    selected: plan,
    awake: () =>
      new Promise((resolve) => {
        waiting.push(resolve);
        if (!listening) return;
        void webview.postMessage({ type: 'hello' } satisfies ToWebview);
        clearTimeout(patience);
        patience = setTimeout(load, PATIENCE_MS);
      }),
    post(message) {
      if (listening) void webview.postMessage(message);
    },
    show(reply) {
      if (!reply.plans.some(({ name }) => name === self.selected)) self.selected = reply.plans[0]?.name ?? self.selected;
      self.post({ type: 'plans', reply, selected: self.selected });
    },
  };
  panel.title = `Memplan: ${
    uri.path
      .split('/')
      .pop()
      ?.replace(/\.memplan$/, '') ?? ''
  }`;
  panel.iconPath = { light: asset('media/icons/file-light.svg'), dark: asset('media/icons/file-dark.svg') };
  webview.onDidReceiveMessage((value: unknown) => {
    const message = readFromWebview(value);
    switch (message?.type) {
      case 'ready':
        listening = true;
        there();
        return events.onReady();
      case 'here':
        return there();
      case 'select':
        self.selected = message.plan;
        return self.post(message);
      case 'reveal':
        return void reveal(uri, message.place);
      case 'run':
        return events.onRun(message.plan);
      case 'cancel-run':
        return events.onCancelRun();
      case 'restart-server':
        return void vscode.commands.executeCommand('memplan.restartServer');
      case 'copy':
        return void vscode.env.clipboard.writeText(message.text);
      case 'save':
        return void save(uri, message);
      case 'timeline':
        return events.onTimeline(message.plan);
      case 'what-if':
      case 'sweeps':
      case 'fit':
      case 'cancel-fit':
      case 'apply':
        return events.onQuestion(message);
    }
  });
  webview.options = { enableScripts: true, localResourceRoots: [asset('dist'), asset('media')] };
  load();
  panel.onDidDispose(() => clearTimeout(patience));
  return self;
}

/** Puts the cursor on `place`, in the editor that shows the file where there is one. */
async function reveal(uri: vscode.Uri, place: Place): Promise<void> {
  const document = await vscode.workspace.openTextDocument(uri);
  const selection = document.validateRange(
    new vscode.Range(place.line - 1, place.column - 1, place.endLine - 1, place.endColumn - 1),
  );
  const shown = vscode.window.visibleTextEditors.find((editor) => editor.document.uri.toString() === uri.toString());
  await vscode.window.showTextDocument(document, { selection, viewColumn: shown?.viewColumn ?? vscode.ViewColumn.One });
}
