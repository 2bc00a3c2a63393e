/** The panels by file: opened beside the editor, kept up to date with edits, the cursor and runs, restored after a reload. */
import * as vscode from 'vscode';
import type { FitProgress, View } from '../protocol';
import { planAbove } from './cursor';
import type { Estimates } from './estimates';
import { createPanel, newWebview, PANEL_TYPE, type Panel } from './panel';
import type { Runs } from './runs';
import type { Server } from './server';
import { readSettings } from './settings';
import type { Target } from './target';
import { packTimeline } from './timeline';
import { createTrials } from './trials';

export interface Panels {
  /** Opens or brings forward the panel of a file; resolves when its page shows the newest estimate. */
  open(target: Target, view?: View): Promise<Panel>;
  /** Opens the panel and looks for ways to make the target's plan fit. */
  fit(target: Target & { plan: string }): Promise<void>;
  /** How far a search for ways to fit is. */
  progress(progress: FitProgress): void;
}

export function createPanels(context: vscode.ExtensionContext, estimates: Estimates, runs: Runs, server: Server): Panels {
  const panels = new Map<string, Panel>();
  const of = (uri: vscode.Uri | string) => panels.get(uri.toString());

  const attach = (webview: vscode.WebviewPanel, target: Target & { view?: View | undefined }): Panel => {
    const { uri } = target;
    const panel = createPanel(context, webview, target, {
      onRun: (plan) => void runs.start(uri, plan),
      onCancelRun: () => runs.cancel(uri),
      onTimeline: (plan) => void sendTimeline(panel, plan),
      onQuestion: (question) => answer(question),
      opening: (panel) => {
        const known = estimates.get(uri);
        // Of a text that changes the server tells by itself.
        if (!known) void update(panel);
        const { line = null } = told.get(panel) ?? {};
        return [...(known ? [panel.showing(known)] : []), ...runs.messages(uri), { type: 'cursor', line }];
      },
    });
    const answer = createTrials(server.send, uri, (message) => panel.post(message));
    panels.set(uri.toString(), panel);
    webview.onDidDispose(() => panels.delete(uri.toString()));
    return panel;
  };

  /** Problems are shown in the panel itself. */
  const update = (panel: Panel) => estimates.refresh(panel.uri).catch(() => undefined);

  const sendTimeline = async (panel: Panel, plan: string): Promise<void> => {
    const reply = await estimates.timeline(panel.uri, plan).catch(() => undefined);
    const changes = reply?.plans.find(({ name }) => name === plan)?.timeline;
    if (reply && changes) panel.post({ type: 'timeline', plan, version: reply.version, timeline: packTimeline(changes) });
  };

  const restore = async (webview: vscode.WebviewPanel, state: unknown): Promise<void> => {
    const saved = state as { uri?: unknown; plan?: unknown } | undefined;
    if (typeof saved?.uri !== 'string') return webview.dispose();
    const uri = vscode.Uri.parse(saved.uri);
    attach(webview, { uri, plan: typeof saved.plan === 'string' ? saved.plan : null });
    // The server knows open documents only, and after a reload the file may be in no editor.
    await vscode.workspace.openTextDocument(uri).then(undefined, () => {
      of(uri)?.post({
        type: 'problem',
        message: vscode.l10n.t('{0} cannot be opened; was it moved or deleted?', vscode.workspace.asRelativePath(uri)),
      });
    });
  };

  context.subscriptions.push(
    estimates.onDidChange((reply) => {
      const panel = of(reply.uri);
      panel?.post(panel.showing(reply));
    }),
    estimates.onDidFail(({ uri, message }) => of(uri)?.post({ type: 'problem', message, restart: server.state === 'stopped' })),
    runs.onMessage(({ uri, message }) => {
      // A run that begins is what one wants to see; one that is remembered is not.
      if (message.type === 'run-started') of(uri)?.post({ type: 'view', view: 'run' });
      of(uri)?.post(message);
    }),
    vscode.workspace.onDidChangeTextDocument(({ document, contentChanges }) => {
      const panel = contentChanges.length > 0 && of(document.uri);
      if (!panel) return;
      panel.post({ type: 'estimating', version: document.version });
      // At once: by the time the server tells of the text it has long been asked.
      if (server.state === 'running') void update(panel);
    }),
    vscode.window.onDidChangeTextEditorSelection(({ textEditor, selections }) => {
      const panel = of(textEditor.document.uri);
      if (panel) followCursor(panel, (selections[0]?.active.line ?? 0) + 1, estimates);
    }),
    vscode.window.registerWebviewPanelSerializer(PANEL_TYPE, { deserializeWebviewPanel: restore }),
  );

  const open: Panels['open'] = async (target, view) => {
    await vscode.workspace.openTextDocument(target.uri);
    const known = of(target.uri);
    const panel = known ?? attach(newWebview(context), { ...target, view });
    if (known) {
      known.panel.reveal(undefined, true);
      if (target.plan !== null) select(known, target.plan);
    }
    const updated = update(panel);
    await panel.awake();
    if (known && view) panel.post({ type: 'view', view });
    await updated;
    return panel;
  };

  return {
    open,
    async fit(target) {
      const panel = await open(target, 'compare');
      if (target.plan !== '') panel.post({ type: 'fit-wanted', plan: target.plan });
    },
    progress: ({ uri, plan, done, total }) => of(uri)?.post({ type: 'fit-progress', plan, done, total }),
  };
}

function select(panel: Panel, plan: string): void {
  panel.selected = plan;
  panel.post({ type: 'select', plan });
}

/** Line and plan of the cursor, as the panel was last told. */
const told = new WeakMap<Panel, { line: number; plan: string | undefined }>();

/** The bar of the cursor's line lights up; the panel changes to another plan when the cursor enters it. */
function followCursor(panel: Panel, line: number, estimates: Estimates): void {
  const before = told.get(panel);
  // Within a line nothing changes, and every key moves the cursor.
  if (before?.line === line) return;
  panel.post({ type: 'cursor', line });
  const plan = planAbove(estimates.get(panel.uri), line)?.name ?? before?.plan;
  told.set(panel, { line, plan });
  if (plan === undefined || before === undefined || before.plan === plan) return;
  if (before.plan !== undefined && readSettings().followCursor && plan !== panel.selected) select(panel, plan);
}
