/** The extension: builds the parts and connects them. Activated by the language, the panel or a command. */
import * as vscode from 'vscode';
import { ANALYSED_NOTIFICATION, type AnalysedParams, FIT_PROGRESS, type FitProgress } from '../protocol';
import { planAt } from './cursor';
import { createEstimates } from './estimates';
import { answerReads, type Host } from './host';
import { createLanguageStatus } from './language-status';
import { createMeasured } from './measured';
import { createPanels } from './panels';
import { showReport } from './report-command';
import { createRuns } from './runs';
import { openSample } from './sample';
import { createServer, type Server } from './server';
import { createStatusBar } from './status-bar';
import { readTarget, type Target } from './target';
import { createTasks } from './tasks';
import { createTests } from './tests';
import { createTools } from './tools';
import { createVerdicts } from './verdicts';

let running: Server | undefined;

export function activateOn(host: Host, context: vscode.ExtensionContext): void {
  const log = vscode.window.createOutputChannel('Memplan', { log: true });
  const server = createServer(
    () => host.createClient(context, log),
    (client) =>
      vscode.Disposable.from(
        answerReads(client),
        client.onNotification(ANALYSED_NOTIFICATION, ({ uri }: AnalysedParams) => {
          void estimates.follow(vscode.Uri.parse(uri)).catch((error: Error) => log.warn(error.message));
        }),
        client.onNotification(FIT_PROGRESS, (progress: FitProgress) => panels.progress(progress)),
      ),
  );
  running = server;
  const { send } = server;
  const estimates = createEstimates(send);
  const runs = createRuns(context, log, send, host.startRunner);
  const verdicts = createVerdicts(context.workspaceState, runs, server.notify);
  const measured = createMeasured(context.globalState, runs, server.notify);
  const panels = createPanels(context, estimates, runs, server);

  /** The command's target with its plan known, or a word that there is none. */
  const resolve = async (argument: unknown): Promise<(Target & { plan: string }) | undefined> => {
    const target = readTarget(argument);
    if (!target) {
      void vscode.window.showInformationMessage(vscode.l10n.t('Open a .memplan file first.'));
      return undefined;
    }
    if (target.plan !== null) return { ...target, plan: target.plan };
    await vscode.workspace.openTextDocument(target.uri);
    const editor = vscode.window.visibleTextEditors.find(({ document }) => document.uri.toString() === target.uri.toString());
    const reply = estimates.get(target.uri) ?? (await estimates.refresh(target.uri));
    const plan = planAt(reply, (editor?.selection.active.line ?? 0) + 1)?.name;
    // A file without plans has a panel too, which says so.
    return { ...target, plan: plan ?? '' };
  };

  const command = (id: string, run: (target: Target & { plan: string }) => Promise<unknown>) =>
    vscode.commands.registerCommand(id, async (argument?: unknown) => {
      try {
        const target = await resolve(argument);
        return target && (await run(target));
      } catch (error) {
        const message = error instanceof Error ? error.message : String(error);
        log.error(message);
        void vscode.window.showErrorMessage(message);
        return undefined;
      }
    });

  const failed = (error: Error): void => {
    log.error(error);
    void vscode.window.showErrorMessage(vscode.l10n.t('Memplan’s language server did not start: {0}', error.message));
  };

  context.subscriptions.push(
    log,
    server,
    estimates,
    runs,
    verdicts,
    measured,
    createStatusBar(estimates),
    command('memplan.estimate', (target) => panels.open(target, 'waterfall').then(() => undefined)),
    command('memplan.comparePlans', (target) => panels.open(target, 'compare').then(() => undefined)),
    command('memplan.runOnGpu', async (target) => {
      await panels.open(target);
      if (target.plan === '') return void vscode.window.showInformationMessage(vscode.l10n.t('This file has no plan to run.'));
      return runs.start(target.uri, target.plan);
    }),
    createLanguageStatus(server, runs),
    createTests(estimates, runs),
    createTools(send),
    ...(host.startRunner ? [createTasks(context)] : []),
    command('memplan.makeItFit', (target) => panels.fit(target)),
    vscode.commands.registerCommand('memplan.report', () => showReport(context, estimates, runs)),
    vscode.commands.registerCommand('memplan.openSample', () => openSample(context)),
    vscode.commands.registerCommand('memplan.showLog', () => log.show()),
    vscode.commands.registerCommand('memplan.restartServer', () => server.restart().catch(failed)),
    server.onDidChangeState(({ from, to }) => {
      if (from === 'running' && to === 'stopped') estimates.interrupt(vscode.l10n.t('The language server stopped.'));
      if (from === 'stopped' && to === 'starting')
        estimates.interrupt(vscode.l10n.t('The language server is being started again.'));
      if (to !== 'running') return;
      verdicts.tellAll();
      measured.tellAll();
    }),
    vscode.workspace.onDidCloseTextDocument(({ uri }) => estimates.forget(uri)),
  );
  server.started.catch(failed);
}

export async function deactivate(): Promise<void> {
  await running?.stop();
}
