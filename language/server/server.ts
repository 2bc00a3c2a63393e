/** The language server: a table from the protocol's requests to pure functions of a view. */
import * as l10n from '@vscode/l10n';
import {
  type CancellationToken,
  CodeActionKind,
  type Connection,
  DidChangeWatchedFilesNotification,
  type InitializeParams,
  type InitializeResult,
  LSPErrorCodes,
  ResponseError,
  type TextDocumentContentChangeEvent,
  TextDocumentSyncKind,
} from 'vscode-languageserver';
import { TextDocument } from 'vscode-languageserver-textdocument';
import { type Plan, TECHNIQUE_SLOTS } from '../../src/plan/types';
import { heaviest } from '../../src/planner/ranks';
import { changesOf } from '../../src/planner/timeline';
import {
  ANALYSED_NOTIFICATION,
  type AnalysedParams,
  ESTIMATE_REQUEST,
  type EstimateParams,
  type EstimateReply,
  MEASURED_NOTIFICATION,
  type MeasuredParams,
  READ_FILE_REQUEST,
  type ReadFileReply,
  RUN_REQUEST,
  type RunRequestParams,
  type RunRequestReply,
  VERDICT_NOTIFICATION,
  type VerdictParams,
} from '../../src/protocol';
import { Calibrations } from './calibrations';
import { panelView } from './estimates';
import { FIX_ALL } from './features/actions';
import { TOKEN_MODIFIERS, TOKEN_TYPES } from './features/semantic';
import { canonical, pathOf } from './files';
import { fingerprintOf } from './fingerprint';
import { describe, type Found, registerFeatures } from './handlers';
import { lintsOn } from './lints';
import { diagnosticOf } from './lsp';
import { pricesOf } from './prices';
import type { Code, Problem } from './problems';
import { type Answers, answerSteps, unanswered } from './questions';
import { RunVerdicts } from './run-verdicts';
import { breathe, idle, Schedule, TURN_MS, taking } from './schedule';
import { contains, Lines } from './span';
import { registerTrials } from './trials';
import { verdictSteps, verdictsOn } from './verdicts';
import { isVirtual, VirtualFiles } from './virtual-files';
import { type View, Workspace } from './workspace';

/** Seconds until a run is given up. */
const RUN_TIMEOUT = 600;

export interface ServeOptions {
  /** Where a code is explained. */
  pageOf?: (code: Code) => string | undefined;
}

export function serve(connection: Connection, { pageOf = () => undefined }: ServeOptions = {}): void {
  const workspace = new Workspace();
  let watches = false;
  let refreshesLenses = false;
  let refreshesHints = false;

  connection.onInitialize(
    ({ workspaceFolders, rootUri, capabilities, initializationOptions }: InitializeParams): InitializeResult => {
      const folders = workspaceFolders?.map(({ uri }) => uri) ?? (rootUri ? [rootUri] : []);
      if (initializationOptions?.words) l10n.config({ contents: initializationOptions.words });
      if (initializationOptions?.readsFiles === true) {
        workspace.virtual = new VirtualFiles({
          read: (uri) => connection.sendRequest<ReadFileReply>(READ_FILE_REQUEST, { uri }).then(({ text }) => text),
          arrived: (uri) => look(workspace.forget(uri)),
        });
        workspace.virtual.roots = folders.filter(isVirtual);
      }
      workspace.roots = folders.flatMap((uri) => pathOf(uri) ?? []);
      watches = capabilities.workspace?.didChangeWatchedFiles?.dynamicRegistration === true;
      refreshesHints = capabilities.workspace?.inlayHint?.refreshSupport === true;
      refreshesLenses = capabilities.workspace?.codeLens?.refreshSupport === true;
      return {
        serverInfo: { name: 'memplan' },
        capabilities: {
          textDocumentSync: { openClose: true, change: TextDocumentSyncKind.Incremental },
          completionProvider: { triggerCharacters: ['.', '(', ',', ':', '"', '[', ' '], resolveProvider: true },
          hoverProvider: true,
          documentSymbolProvider: true,
          foldingRangeProvider: true,
          selectionRangeProvider: true,
          documentLinkProvider: {},
          documentHighlightProvider: true,
          definitionProvider: true,
          referencesProvider: true,
          renameProvider: { prepareProvider: true },
          codeLensProvider: {},
          codeActionProvider: { codeActionKinds: [CodeActionKind.QuickFix, FIX_ALL], resolveProvider: true },
          inlayHintProvider: true,
          signatureHelpProvider: { triggerCharacters: ['(', ','], retriggerCharacters: [':'] },
          semanticTokensProvider: {
            legend: { tokenTypes: [...TOKEN_TYPES], tokenModifiers: [...TOKEN_MODIFIERS] },
            full: true,
            range: true,
          },
          workspaceSymbolProvider: true,
          documentFormattingProvider: true,
          documentRangeFormattingProvider: true,
          documentOnTypeFormattingProvider: { firstTriggerCharacter: '}', moreTriggerCharacter: ['\n'] },
          workspace: { workspaceFolders: { supported: true, changeNotifications: true } },
        },
      };
    },
  );

  connection.onInitialized(() => {
    const watchers = [{ globPattern: '**/*.memplan' }, { globPattern: '**/*.json' }];
    if (watches) void connection.client.register(DidChangeWatchedFilesNotification.type, { watchers });
    if (workspace.roots.length > 0 || workspace.virtual?.roots.length)
      connection.workspace.onDidChangeWorkspaceFolders(foldersChanged);
  });

  function foldersChanged({ added, removed }: { added: { uri: string }[]; removed: { uri: string }[] }): void {
    const gone = removed.flatMap(({ uri }) => pathOf(uri) ?? []);
    workspace.roots = [
      ...workspace.roots.filter((root) => !gone.includes(root)),
      ...added.flatMap(({ uri }) => pathOf(uri) ?? []),
    ];
    if (workspace.virtual) {
      const left = workspace.virtual.roots.filter((root) => !removed.some(({ uri }) => uri === root));
      workspace.virtual.roots = [...left, ...added.map(({ uri }) => uri).filter(isVirtual)];
    }
    look(workspace.documents.flatMap(({ uri }) => workspace.forget(uri)));
  }

  // ---- documents ----

  const schedule = new Schedule(workspace, { run: answer }, (error) => connection.console.error(describe(error)));

  const look = (documents: readonly TextDocument[]): void => {
    for (const { uri } of documents) schedule.touch(canonical(uri));
  };

  connection.onDidOpenTextDocument(({ textDocument: { uri, languageId, version, text } }) => {
    look(workspace.put(TextDocument.create(uri, languageId, version, text)));
  });
  connection.onDidChangeTextDocument(({ textDocument: { uri, version }, contentChanges }) => {
    const document = workspace.document(uri);
    const last = contentChanges.at(-1);
    if (document && last && 'range' in last) edited.set(canonical(uri), document.offsetAt(last.range.start));
    if (document) look(workspace.put(TextDocument.update(document, contentChanges as TextDocumentContentChangeEvent[], version)));
  });
  connection.onDidCloseTextDocument(({ textDocument: { uri } }) => {
    schedule.forget(canonical(uri));
    connection.sendDiagnostics({ uri, diagnostics: [] });
    latest.delete(canonical(uri));
    edited.delete(canonical(uri));
    look(workspace.close(uri));
  });
  connection.onDidChangeWatchedFiles(({ changes }) => {
    for (const { uri } of changes) {
      workspace.virtual?.forget(canonical(uri));
      if (!workspace.document(uri)) look(workspace.forget(uri));
    }
  });

  /** Where each document was edited last. */
  const edited = new Map<string, number>();
  /** What was found of the newest text that was looked at. */
  const latest = new Map<string, Found & { view: View }>();
  const foundOf = (view: View): Found => {
    const known = latest.get(view.analysis.uri);
    return known?.view === view
      ? known
      : {
          problems: [
            ...view.analysis.problems,
            ...view.analysis.plans.flatMap((plan) => verdictsOn(view.analysis, plan, workspace.cache)),
          ],
          answers: new Map<string, Answers>(),
        };
  };

  /**
   * First what the text alone says and the estimates, plan by plan; then, once nobody types, what takes trials and searches. Nothing is
   * sent of a version that is gone.
   */
  async function answer(view: View, isCurrent: () => boolean): Promise<void> {
    const { analysis, document } = view;
    const problems: Problem[] = [...analysis.problems];
    for (const plan of analysis.plans) {
      await breathe();
      if (!isCurrent()) return;
      problems.push(...verdictsOn(analysis, plan, workspace.cache));
    }
    latest.set(view.analysis.uri, { view, problems, answers: new Map() });
    publish(view, problems);
    const params: AnalysedParams = { uri: document.uri, version: document.version };
    void connection.sendNotification(ANALYSED_NOTIFICATION, params);
    // Editors ask for lenses again after an edit of their own; an edit of an imported file they cannot know of.
    if (refreshesLenses && view.dependencies.size > 0) connection.sendRequest('workspace/codeLens/refresh').catch(() => {});
    await idle();
    if (!isCurrent()) return;
    const found = new Map<string, Answers>();
    const all: Problem[] = [...analysis.problems];
    for (const plan of analysis.plans) {
      await idle();
      if (!isCurrent()) return;
      const verdicts = await taking(verdictSteps(analysis, plan, workspace.cache), isCurrent);
      const answers = verdicts && (await taking(answerSteps(analysis, plan, workspace.cache), isCurrent));
      const lints = answers && (await taking(lintsOn(analysis, plan, workspace.cache), isCurrent));
      if (!verdicts || !answers || !lints) return;
      found.set(plan.name, answers);
      all.push(...verdicts, ...unanswered(answers), ...lints);
    }
    latest.set(view.analysis.uri, { view, problems: all, answers: found });
    if (
      refreshesHints &&
      [...found.values()].some(({ answers, sweeps, comparisons }) => answers.length + sweeps.length + comparisons.length > 0)
    ) {
      connection.sendRequest('workspace/inlayHint/refresh').catch(() => {});
    }
    if (JSON.stringify(all) !== JSON.stringify(problems)) publish(view, all);
    await taking(pricesAhead(view), isCurrent);
  }

  /** Prices in the plan that was edited last: whoever goes on there finds a list of techniques ranked at once. */
  function* pricesAhead({ analysis }: View): Generator<unknown, void> {
    const at = edited.get(analysis.uri);
    const plan = at === undefined ? undefined : analysis.plans.find(({ whole }) => contains(whole, at))?.draft;
    for (const slot of plan ? TECHNIQUE_SLOTS : []) yield* pricesOf(plan as Plan, slot, workspace.cache);
  }

  function publish(view: View, problems: readonly Problem[]): void {
    const { uri, version } = view.document;
    const diagnostics = problems
      .toSorted((a, b) => a.span.start - b.span.start)
      .map((problem) => diagnosticOf(view, problem, pageOf(problem.code)));
    connection.sendDiagnostics({ uri, version, diagnostics });
  }

  const runs = new RunVerdicts();
  registerFeatures(connection, workspace, foundOf, runs);
  connection.onNotification(VERDICT_NOTIFICATION, (params: VerdictParams) => {
    if (runs.put(params) && refreshesLenses) connection.sendRequest('workspace/codeLens/refresh').catch(() => {});
  });
  const calibrations = new Calibrations();
  workspace.measured = calibrations.measured;
  connection.onNotification(MEASURED_NOTIFICATION, (params: MeasuredParams) => {
    if (calibrations.put(params)) look(workspace.documents.flatMap(({ uri }) => workspace.forget(uri)));
  });
  registerTrials(connection, workspace);

  // ---- requests of the extension ----

  connection.onRequest(ESTIMATE_REQUEST, async (params: EstimateParams, token: CancellationToken) => {
    for (;;) {
      const view = workspace.view(params.uri);
      if (!view)
        return new ResponseError(LSPErrorCodes.RequestFailed, 'There is no such file, or it lies outside what may be read');
      const reply = await estimated(view, params, token);
      if (token.isCancellationRequested) return new ResponseError(LSPErrorCodes.RequestCancelled, 'cancelled');
      // An edit came in between: what was estimated is no longer what is written.
      if (reply) return reply;
    }
  });

  async function estimated(
    view: View,
    { uri, plan: only, timeline = false, explain = true }: EstimateParams,
    token: CancellationToken,
  ): Promise<EstimateReply | undefined> {
    const { analysis, document } = view;
    const lines = new Lines(analysis.text);
    let began = performance.now();
    const reply: EstimateReply = { uri, version: document.version, plans: [], errors: 0 };
    for (const plan of analysis.plans) {
      if (only !== undefined && plan.name !== only) continue;
      // Each breath lets a stretch of a search in: not more of them than keystrokes need.
      if (performance.now() - began > TURN_MS) {
        await breathe();
        began = performance.now();
      }
      if (token.isCancellationRequested || workspace.isStale(view)) return undefined;
      const shown = panelView(analysis, plan, workspace.cache, lines);
      const known = shown.estimate && plan.plan;
      reply.plans.push({
        ...shown,
        ...(known && explain ? workspace.cache.explained(known) : {}),
        ...(known && timeline ? { timeline: changesOf(heaviest(known).whole()) } : {}),
      });
    }
    const problems = [...analysis.problems, ...analysis.plans.flatMap((plan) => verdictsOn(analysis, plan, workspace.cache))];
    return { ...reply, errors: problems.filter(({ severity }) => severity === 'error').length };
  }

  connection.onRequest(RUN_REQUEST, ({ uri, plan: name }: RunRequestParams): RunRequestReply => {
    const found = workspace.view(uri)?.analysis.plans.find((plan) => plan.name === name);
    if (!found) return { ok: false, message: `There is no plan \`${name}\` in this file` };
    const { plan, run, problem } = found;
    if (!plan) return { ok: false, message: `Plan \`${name}\` cannot run: ${problem ?? 'it has errors'}` };
    if (!run) return { ok: false, message: `The \`run\` block of plan \`${name}\` has errors` };
    return {
      ok: true,
      request: { type: 'run', plan, run, adapter: 'auto', timeout: RUN_TIMEOUT },
      fingerprint: fingerprintOf(found),
    };
  });

  connection.listen();
}
