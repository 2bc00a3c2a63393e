/** One panel: a page that shows a file's plans. It forwards; what is shown is the page's own affair. */
import * as vscode from 'vscode';
import type { EstimateReply, Place, ToWebview, View } from '../protocol';
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
  /** All that a page which knows nothing has to be told. */
  opening(panel: Panel): ToWebview[];
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
  /** What is said before the page listens waits for it. */
  post(message: ToWebview): void;
  /** The message that shows `reply`; the plan on show stays where it is still there. */
  showing(reply: EstimateReply): ToWebview;
}

const options = ({ extensionUri }: vscode.ExtensionContext): vscode.WebviewOptions => ({
  enableScripts: true,
  localResourceRoots: ['dist', 'media'].map((path) => vscode.Uri.joinPath(extensionUri, path)),
});

export function newWebview(context: vscode.ExtensionContext): vscode.WebviewPanel {
  return vscode.window.createWebviewPanel(
    PANEL_TYPE,
    'Memplan',
    { viewColumn: vscode.ViewColumn.Beside, preserveFocus: true },
    // What is being tried, zoomed and pinned stays while another tab is in front.
    { ...options(context), retainContextWhenHidden: true },
  );
}

export function createPanel(
  context: vscode.ExtensionContext,
  panel: vscode.WebviewPanel,
  { uri, plan, view }: { uri: vscode.Uri; plan: string | null; view?: View | undefined },
  events: PanelEvents,
): Panel {
  const { webview } = panel;
  const asset = (path: string) => vscode.Uri.joinPath(context.extensionUri, path);
  // Posted before the page listens, messages would be lost.
  let listening = false;
  /** Since the page was written; null once it has come to life: one that does so again has forgotten all. */
  let unsaid: ToWebview[] | null = [];
  let patience: NodeJS.Timeout | undefined;
  const waiting: (() => void)[] = [];
  const there = () => {
    clearTimeout(patience);
    for (const resolve of waiting.splice(0)) resolve();
  };
  const load = (first: readonly ToWebview[] = []) => {
    listening = false;
    unsaid = [];
    webview.html = panelHtml({
      script: webview.asWebviewUri(asset('dist/webview.js')).toString(),
      style: webview.asWebviewUri(asset('dist/webview.css')).toString(),
      cspSource: webview.cspSource,
      nonce: crypto.randomUUID(),
      language: vscode.env.language,
      words: vscode.l10n.bundle,
      messages: [...events.opening(self), ...first],
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
        patience = setTimeout(load, PATIENCE_MS, []);
      }),
    post(message) {
      if (listening) void webview.postMessage(message);
      else unsaid?.push(message);
    },
    showing(reply) {
      if (!reply.plans.some(({ name }) => name === self.selected)) self.selected = reply.plans[0]?.name ?? self.selected;
      return { type: 'plans', reply, selected: self.selected };
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
        for (const said of unsaid ?? events.opening(self)) self.post(said);
        unsaid = null;
        return there();
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
  webview.options = options(context);
  load(view ? [{ type: 'view', view }] : []);
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
