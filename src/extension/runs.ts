/**
 * Runs on the GPU: one at a time, each in a process of its own. What a run reported is kept by file, so that a panel
 * opened later, or after a reload of its page, shows it again.
 */
import * as vscode from 'vscode';
import { RUN_REQUEST, type RunRequestParams, type RunRequestReply, type ToWebview } from '../protocol';
import type { Host } from './host';
import { createKept } from './kept-runs';
import { type Ended, ended, failureOf } from './outcome';
import { readSettings } from './settings';

export interface Runs extends vscode.Disposable {
  /** Starts a run; resolves when it has ended, whichever way. Refusals are told in words and resolve too. */
  start(uri: vscode.Uri, plan: string): Promise<Ended['outcome']>;
  cancel(uri: vscode.Uri): void;
  /** What the last run of a file has reported so far, as a panel wants it. */
  messages(uri: vscode.Uri): readonly ToWebview[];
  readonly onMessage: vscode.Event<{ uri: vscode.Uri; message: ToWebview }>;
}

const { t } = vscode.l10n;

interface Active {
  uri: vscode.Uri;
  plan: string;
  cancel: vscode.CancellationTokenSource;
}

export function createRuns(
  context: vscode.ExtensionContext,
  log: vscode.LogOutputChannel,
  send: <T>(method: string, params: RunRequestParams) => Promise<T>,
  startRunner: Host['startRunner'],
): Runs {
  const kept = createKept(context.workspaceState);
  const history = new Map<string, ToWebview[]>();
  const emitter = new vscode.EventEmitter<{ uri: vscode.Uri; message: ToWebview }>();
  const places = { extensionPath: context.extensionPath, cache: context.globalStorageUri.fsPath };
  let active: Active | null = null;

  const tell = (uri: vscode.Uri, message: ToWebview) => {
    const key = uri.toString();
    if (message.type === 'run-started') history.set(key, []);
    history.get(key)?.push(message);
    if (message.type === 'run-ended') kept.put(key, history.get(key) ?? []);
    emitter.fire({ uri, message });
  };

  const start = async (uri: vscode.Uri, plan: string): Promise<Ended['outcome']> => {
    const refuse = (message: string, ...actions: Action[]) => {
      tell(uri, { type: 'run-started', plan, uri: uri.toString() });
      return end(uri, { type: 'run-ended', plan, outcome: 'error', message }, actions);
    };
    if (!vscode.workspace.isTrusted)
      return refuse(
        t('Running on the GPU starts a process, which needs a trusted workspace. Estimates work without.'),
        MANAGE_TRUST,
      );
    if (!startRunner)
      return refuse(
        t(
          'Running on the GPU starts a process, which a browser cannot: open the file in VS Code on a desktop or a server. Estimates work here.',
        ),
      );
    if (!['file', 'untitled'].includes(uri.scheme))
      return refuse(
        t('Running on the GPU needs files on disk; this workspace is virtual ({0}). Estimates work without.', uri.scheme),
      );
    if (active) {
      log.info(`A run of ${plan} was not started: one of ${active.plan} is under way.`);
      const action = await vscode.window.showWarningMessage(t('A run of {0} is under way.', active.plan), t('Cancel It'));
      if (action !== undefined) active?.cancel.cancel();
      return 'error';
    }
    const cancel = new vscode.CancellationTokenSource();
    active = { uri, plan, cancel };
    try {
      return await run(startRunner, uri, plan, cancel, refuse);
    } finally {
      active = null;
      cancel.dispose();
    }
  };

  const run = async (
    startRunner: NonNullable<Host['startRunner']>,
    uri: vscode.Uri,
    plan: string,
    cancel: vscode.CancellationTokenSource,
    refuse: (message: string, ...actions: Action[]) => Ended['outcome'],
  ): Promise<Ended['outcome']> => {
    const reply = await send<RunRequestReply>(RUN_REQUEST, { uri: uri.toString(), plan }).catch(
      (error: Error): RunRequestReply => ({ ok: false, message: t('The language server did not answer: {0}', error.message) }),
    );
    if (!reply.ok) return refuse(reply.message);
    const { adapter, timeout, nodePath } = readSettings();
    const version = vscode.workspace.textDocuments.find((document) => document.uri.toString() === uri.toString())?.version;
    tell(uri, {
      type: 'run-started',
      plan,
      uri: uri.toString(),
      fingerprint: reply.fingerprint,
      ...(version === undefined ? {} : { version }),
    });
    log.info(`Run of ${plan}: adapter ${adapter}, ${timeout} s at most.`);
    const options = { location: vscode.ProgressLocation.Notification, title: t('Memplan: run of {0}', plan), cancellable: true };
    const events = await vscode.window.withProgress(options, (progress, token) => {
      token.onCancellationRequested(() => cancel.cancel());
      let last = 0;
      return startRunner({ ...reply.request, adapter, timeout }, { ...places, nodePath, log, cancel: cancel.token }, (event) => {
        tell(uri, { type: 'run-event', plan, event });
        if (event.type !== 'progress') return;
        const percent = event.total > 0 ? (event.done / event.total) * 100 : 0;
        progress.report({ message: event.stage, increment: percent - last });
        last = percent;
      });
    });
    const code = failureOf(events)?.code;
    return end(uri, ended(plan, events), code === 'no-node' || code === 'no-webgpu' ? [SET_NODE] : []);
  };

  const end = (uri: vscode.Uri, message: Ended, actions: Action[]): Ended['outcome'] => {
    tell(uri, message);
    announce(message, log, actions);
    return message.outcome;
  };

  return {
    start,
    cancel: (uri) => {
      if (active?.uri.toString() === uri.toString()) active.cancel.cancel();
    },
    messages: (uri) => history.get(uri.toString()) ?? kept.get(uri.toString()),
    onMessage: emitter.event,
    dispose: () => {
      active?.cancel.cancel();
      emitter.dispose();
    },
  };
}

interface Action {
  label: string;
  command: string;
  argument?: string;
}
const MANAGE_TRUST: Action = { label: t('Manage Trust'), command: 'workbench.trust.manage' };
const SET_NODE: Action = {
  label: t('Set a Node'),
  command: 'workbench.action.openSettings',
  argument: 'memplan.runner.nodePath',
};

/** Passed runs are told by the panel alone; the rest is worth a notification. Nobody waits for its buttons. */
function announce({ plan, outcome, message }: Ended, log: vscode.LogOutputChannel, actions: Action[]): void {
  log.info(`Run of ${plan}: ${outcome}${message === undefined ? '' : `. ${message}`}`);
  if (outcome === 'passed' || outcome === 'cancelled') return;
  const words = message ?? t('Run of {0}: a check failed.', plan);
  const show = outcome === 'error' ? vscode.window.showErrorMessage : vscode.window.showWarningMessage;
  void show(words, ...actions.map(({ label }) => label)).then((label) => {
    const action = actions.find((candidate) => candidate.label === label);
    if (action) void vscode.commands.executeCommand(action.command, action.argument);
  });
}
