/** The language server: a table from the protocol's requests to pure functions of a view. */
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
import {
  ANALYSED_NOTIFICATION,
  type AnalysedParams,
  ESTIMATE_REQUEST,
  type EstimateParams,
  type EstimateReply,
  RUN_REQUEST,
  type RunRequestParams,
  type RunRequestReply,
} from '../../src/protocol';
import { type Answers, answerSteps, unanswered, verdictsOf, verdictsOn, viewOf } from './estimates';
import { codeActions, FIX_ALL, type Pending, resolvePending } from './features/actions';
import { completions } from './features/completion';
import { hover } from './features/hover';
import { inlayHints } from './features/inlay';
import { codeLenses } from './features/lenses';
import { definition, highlights, prepareRename, references, rename } from './features/navigation';
import { semanticTokens, TOKEN_MODIFIERS, TOKEN_TYPES } from './features/semantic';
import { signatureHelp } from './features/signature';
import { documentLinks, documentSymbols, foldingRanges, selectionRange, workspaceSymbols } from './features/symbols';
import { canonical, pathOf } from './files';
import { format } from './format';
import { lintsOn } from './lints';
import { diagnosticOf, editOf } from './lsp';
import type { Code, Problem } from './problems';
import { breathe, Schedule, taking } from './schedule';
import { Lines } from './span';
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

  connection.onInitialize(({ workspaceFolders, rootUri, capabilities }: InitializeParams): InitializeResult => {
    const folders = workspaceFolders?.map(({ uri }) => uri) ?? (rootUri ? [rootUri] : []);
    workspace.roots = folders.flatMap((uri) => pathOf(uri) ?? []);
    watches = capabilities.workspace?.didChangeWatchedFiles?.dynamicRegistration === true;
    refreshesHints = capabilities.workspace?.inlayHint?.refreshSupport === true;
    refreshesLenses = capabilities.workspace?.codeLens?.refreshSupport === true;
    return {
      serverInfo: { name: 'memplan' },
      capabilities: {
        textDocumentSync: { openClose: true, change: TextDocumentSyncKind.Incremental },
        completionProvider: { triggerCharacters: ['.', '(', ',', ':', '"', '[', ' '] },
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
  });

  connection.onInitialized(() => {
    const watchers = [{ globPattern: '**/*.memplan' }, { globPattern: '**/*.json' }];
    if (watches) void connection.client.register(DidChangeWatchedFilesNotification.type, { watchers });
    if (workspace.roots.length > 0) connection.workspace.onDidChangeWorkspaceFolders(foldersChanged);
  });

  function foldersChanged({ added, removed }: { added: { uri: string }[]; removed: { uri: string }[] }): void {
    const gone = removed.flatMap(({ uri }) => pathOf(uri) ?? []);
    workspace.roots = [
      ...workspace.roots.filter((root) => !gone.includes(root)),
      ...added.flatMap(({ uri }) => pathOf(uri) ?? []),
    ];
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
    if (document) look(workspace.put(TextDocument.update(document, contentChanges as TextDocumentContentChangeEvent[], version)));
  });
  connection.onDidCloseTextDocument(({ textDocument: { uri } }) => {
    schedule.forget(canonical(uri));
    connection.sendDiagnostics({ uri, diagnostics: [] });
    latest.delete(canonical(uri));
    look(workspace.close(uri));
  });
  connection.onDidChangeWatchedFiles(({ changes }) => {
    for (const { uri } of changes) if (!workspace.document(uri)) look(workspace.forget(uri));
  });

  /** What was found of the newest text that was looked at. */
  const latest = new Map<string, { view: View; problems: readonly Problem[]; answers: ReadonlyMap<string, Answers> }>();
  const latestOf = (view: View) => {
    const known = latest.get(view.analysis.uri);
    return known?.view === view
      ? known
      : {
          problems: [...view.analysis.problems, ...verdictsOf(view.analysis, workspace.cache)],
          answers: new Map<string, Answers>(),
        };
  };

  /** First what the text alone says and the estimates, plan by plan; then the searches. Nothing is sent of a version that is gone. */
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
    const silent = problems.length;
    const found = new Map<string, Answers>();
    for (const plan of analysis.plans) {
      await breathe();
      if (!isCurrent()) return;
      const answers = await taking(answerSteps(analysis, plan, workspace.cache), isCurrent);
      const lints = answers && (await taking(lintsOn(analysis, plan, workspace.cache), isCurrent));
      if (!answers || !lints) return;
      found.set(plan.name, answers);
      problems.push(...unanswered(answers), ...lints);
    }
    latest.set(view.analysis.uri, { view, problems, answers: found });
    if (
      refreshesHints &&
      [...found.values()].some(({ answers, sweeps, comparisons }) => answers.length + sweeps.length + comparisons.length > 0)
    ) {
      connection.sendRequest('workspace/inlayHint/refresh').catch(() => {});
    }
    if (problems.length > silent) publish(view, problems);
  }

  function publish(view: View, problems: readonly Problem[]): void {
    const { uri, version } = view.document;
    const diagnostics = problems
      .toSorted((a, b) => a.span.start - b.span.start)
      .map((problem) => diagnosticOf(view, problem, pageOf(problem.code)));
    connection.sendDiagnostics({ uri, version, diagnostics });
  }

  // ---- features ----

  /** A request about a place of a document: nothing where there is no document, and a failure is logged, not thrown. */
  const at =
    <P extends { textDocument: { uri: string } }, R>(otherwise: R, respond: (view: View, params: P) => R) =>
    (params: P, token: CancellationToken): R | ResponseError<void> => {
      if (token.isCancellationRequested) return new ResponseError<void>(LSPErrorCodes.RequestCancelled, 'cancelled');
      try {
        const view = workspace.view(params.textDocument.uri);
        return view ? respond(view, params) : otherwise;
      } catch (error) {
        connection.console.error(describe(error));
        return otherwise;
      }
    };
  type Position = { line: number; character: number };
  const offset = (view: View, { position }: { position: Position }): number => view.document.offsetAt(position);

  connection.onCompletion(at([], (view, params) => completions(view, offset(view, params))));
  connection.onHover(at(null, (view, params) => hover(view, offset(view, params), workspace.cache) ?? null));
  connection.onDocumentSymbol(at([], documentSymbols));
  connection.onFoldingRanges(at([], foldingRanges));
  connection.onSelectionRanges(
    at([], (view, { positions }) => positions.map((position) => selectionRange(view, offset(view, { position })))),
  );
  connection.onDocumentLinks(at([], documentLinks));
  connection.onDocumentHighlight(at([], (view, params) => highlights(view, offset(view, params))));
  connection.onDefinition(at(null, (view, params) => definition(view, offset(view, params)) ?? null));
  connection.onReferences(
    at([], (view, params) => references(view, offset(view, params), workspace.others(view), params.context.includeDeclaration)),
  );
  connection.onPrepareRename(at(null, (view, params) => prepareRename(view, offset(view, params)) ?? null));
  connection.onRenameRequest((params) => {
    const view = workspace.view(params.textDocument.uri);
    if (!view) return null;
    const renamed = rename(view, offset(view, params), params.newName, workspace.others(view));
    return 'problem' in renamed ? new ResponseError(LSPErrorCodes.RequestFailed, renamed.problem) : renamed;
  });
  connection.onCodeLens(async ({ textDocument: { uri } }, token) => {
    const view = workspace.view(uri);
    for (const { plan } of view?.analysis.plans ?? []) {
      await breathe();
      if (token.isCancellationRequested || !view || stale(view))
        return new ResponseError(LSPErrorCodes.ContentModified, 'The text has changed');
      if (plan) workspace.cache.get(plan);
    }
    return view ? codeLenses(view, workspace.cache) : [];
  });

  const spanOf = ({ document }: View, { start, end }: { start: Position; end: Position }) => ({
    start: document.offsetAt(start),
    end: document.offsetAt(end),
  });
  connection.onCodeAction(
    at([], (view, { range, context }) =>
      codeActions(view, latestOf(view).problems, spanOf(view, range), workspace.cache, context.only),
    ),
  );
  connection.onCodeActionResolve((action) => {
    const pending = action.data as Pending | undefined;
    const view = pending && workspace.view(pending.uri);
    if (!view) return action;
    const resolved = resolvePending(view, pending);
    if ('edit' in resolved) return { ...action, edit: resolved.edit };
    connection.window.showWarningMessage(resolved.problem);
    return action;
  });
  connection.languages.inlayHint.on(
    at([], (view, { range }) => inlayHints(view, workspace.cache, latestOf(view), spanOf(view, range))),
  );
  connection.onSignatureHelp(at(null, (view, params) => signatureHelp(view, offset(view, params)) ?? null));
  connection.languages.semanticTokens.on(at({ data: [] as number[] }, (view) => semanticTokens(view)));
  connection.languages.semanticTokens.onRange(
    at({ data: [] as number[] }, (view, { range }) => semanticTokens(view, spanOf(view, range))),
  );
  connection.onWorkspaceSymbol(({ query }) =>
    workspace.documents.flatMap(({ uri }) => {
      const view = workspace.view(uri);
      return view ? workspaceSymbols(view, query) : [];
    }),
  );

  const formatted = (view: View, options: { insertSpaces: boolean; tabSize: number }, lines?: { from: number; to: number }) => {
    const indent = options.insertSpaces ? ' '.repeat(options.tabSize) : '\t';
    const { document, analysis } = view;
    return format(analysis.text, analysis.syntax, { indent })
      .map(({ span, text }) => editOf(document, span, text))
      .filter(({ range }) => !lines || (range.end.line >= lines.from && range.end.line <= lines.to));
  };
  connection.onDocumentFormatting(at([], (view, { options }) => formatted(view, options)));
  connection.onDocumentRangeFormatting(
    at([], (view, { options, range }) => formatted(view, options, { from: range.start.line, to: range.end.line })),
  );
  connection.onDocumentOnTypeFormatting(
    at([], (view, { options, position, ch }) => {
      // Enter formats the line that is finished; a brace, its own line.
      const line = ch === '\n' ? position.line - 1 : position.line;
      return formatted(view, options, { from: line, to: line });
    }),
  );

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
    { uri, plan: only, timeline = false }: EstimateParams,
    token: CancellationToken,
  ): Promise<EstimateReply | undefined> {
    const { analysis, document } = view;
    const lines = new Lines(analysis.text);
    const reply: EstimateReply = { uri, version: document.version, plans: [], errors: 0 };
    for (const plan of analysis.plans) {
      if (only !== undefined && plan.name !== only) continue;
      await breathe();
      if (token.isCancellationRequested || stale(view)) return undefined;
      reply.plans.push(viewOf(analysis, plan, workspace.cache, lines, timeline));
    }
    const problems = [...analysis.problems, ...analysis.plans.flatMap((plan) => verdictsOn(analysis, plan, workspace.cache))];
    return { ...reply, errors: problems.filter(({ severity }) => severity === 'error').length };
  }

  /** Whether a newer text of the document, or of a file it depends on, has come in. */
  const stale = (view: View): boolean =>
    workspace.document(view.document.uri) !== undefined && workspace.view(view.document.uri) !== view;

  connection.onRequest(RUN_REQUEST, ({ uri, plan: name }: RunRequestParams): RunRequestReply => {
    const found = workspace.view(uri)?.analysis.plans.find((plan) => plan.name === name);
    if (!found) return { ok: false, message: `There is no plan \`${name}\` in this file` };
    const { plan, run, problem } = found;
    if (!plan) return { ok: false, message: `Plan \`${name}\` cannot run: ${problem ?? 'it has errors'}` };
    if (!run) return { ok: false, message: `The \`run\` block of plan \`${name}\` has errors` };
    return { ok: true, request: { type: 'run', plan, run, adapter: 'auto', timeout: RUN_TIMEOUT } };
  });

  connection.listen();
}

const describe = (error: unknown): string => (error instanceof Error ? (error.stack ?? error.message) : String(error));
