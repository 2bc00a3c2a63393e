/** The language server: a table from the protocol's requests to pure functions of a view. */
import * as l10n from '@vscode/l10n';
import {
  type Connection,
  DidChangeWatchedFilesNotification,
  type InitializeParams,
  type InitializeResult,
  type TextDocumentContentChangeEvent,
} from 'vscode-languageserver';
import { TextDocument } from 'vscode-languageserver-textdocument';
import {
  ANALYSED_NOTIFICATION,
  type AnalysedParams,
  MEASURED_NOTIFICATION,
  type MeasuredParams,
  READ_FILE_REQUEST,
  type ReadFileReply,
  VERDICT_NOTIFICATION,
  type VerdictParams,
} from '../../src/protocol';
import { Calibrations } from './calibrations';
import { CAPABILITIES } from './capabilities';
import { canonical, pathOf } from './files';
import { Findings } from './findings';
import { describe, registerFeatures } from './handlers';
import { diagnosticOf } from './lsp';
import type { Code, Problem } from './problems';
import { registerRequests } from './requests';
import { RunVerdicts } from './run-verdicts';
import { Schedule } from './schedule';
import { registerTrials } from './trials';
import { isVirtual, VirtualFiles } from './virtual-files';
import { type View, Workspace } from './workspace';

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
        capabilities: CAPABILITIES,
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

  const findings = new Findings(workspace, {
    problems: publish,
    estimated: ({ document: { uri, version }, dependencies }) => {
      const params: AnalysedParams = { uri, version };
      void connection.sendNotification(ANALYSED_NOTIFICATION, params);
      // Editors ask for lenses again after an edit of their own; an edit of an imported file they cannot know of.
      if (refreshesLenses && dependencies.size > 0) refresh('codeLens');
    },
    answered: (found) => {
      const any = [...found.values()].some(
        ({ answers, sweeps, comparisons }) => answers.length + sweeps.length + comparisons.length > 0,
      );
      if (refreshesHints && any) refresh('inlayHint');
    },
  });
  const run = (view: View, isCurrent: () => boolean): Promise<void> => findings.look(view, isCurrent);
  const schedule = new Schedule(workspace, { run }, (error) => connection.console.error(describe(error)));

  const look = (documents: readonly TextDocument[]): void => {
    for (const { uri } of documents) schedule.touch(canonical(uri));
  };

  connection.onDidOpenTextDocument(({ textDocument: { uri, languageId, version, text } }) => {
    look(workspace.put(TextDocument.create(uri, languageId, version, text)));
  });
  connection.onDidChangeTextDocument(({ textDocument: { uri, version }, contentChanges }) => {
    const document = workspace.document(uri);
    const last = contentChanges.at(-1);
    if (document && last && 'range' in last) findings.editedAt(canonical(uri), document.offsetAt(last.range.start));
    if (document) look(workspace.put(TextDocument.update(document, contentChanges as TextDocumentContentChangeEvent[], version)));
  });
  connection.onDidCloseTextDocument(({ textDocument: { uri } }) => {
    schedule.forget(canonical(uri));
    connection.sendDiagnostics({ uri, diagnostics: [] });
    findings.forget(canonical(uri));
    look(workspace.close(uri));
  });
  connection.onDidChangeWatchedFiles(({ changes }) => {
    for (const { uri } of changes) {
      workspace.virtual?.forget(canonical(uri));
      if (!workspace.document(uri)) look(workspace.forget(uri));
    }
  });

  const refresh = (what: 'codeLens' | 'inlayHint'): void => {
    connection.sendRequest(`workspace/${what}/refresh`).catch(() => {});
  };

  function publish(view: View, problems: readonly Problem[]): void {
    const { uri, version } = view.document;
    const diagnostics = problems
      .toSorted((a, b) => a.span.start - b.span.start)
      .map((problem) => diagnosticOf(view, problem, pageOf(problem.code)));
    connection.sendDiagnostics({ uri, version, diagnostics });
  }

  const runs = new RunVerdicts();
  registerFeatures(connection, workspace, (view) => findings.of(view), runs);
  connection.onNotification(VERDICT_NOTIFICATION, (params: VerdictParams) => {
    if (runs.put(params) && refreshesLenses) refresh('codeLens');
  });
  const calibrations = new Calibrations();
  workspace.measured = calibrations.measured;
  connection.onNotification(MEASURED_NOTIFICATION, (params: MeasuredParams) => {
    if (calibrations.put(params)) look(workspace.documents.flatMap(({ uri }) => workspace.forget(uri)));
  });
  registerTrials(connection, workspace);
  registerRequests(connection, workspace);

  connection.listen();
}
