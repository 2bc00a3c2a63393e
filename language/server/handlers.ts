/** From the protocol's requests about a place to pure functions of a view. */
import { type CancellationToken, type Connection, LSPErrorCodes, ResponseError } from 'vscode-languageserver';
import { codeActions, type Pending, resolvePending } from './features/actions';
import { completions } from './features/completion';
import { hover } from './features/hover';
import { inlayHints } from './features/inlay';
import { codeLenses } from './features/lenses';
import { definition, highlights, prepareRename, references, rename } from './features/navigation';
import { semanticTokens } from './features/semantic';
import { signatureHelp } from './features/signature';
import { documentLinks, documentSymbols, foldingRanges, selectionRange, workspaceSymbols } from './features/symbols';
import { format } from './format';
import { editOf } from './lsp';
import type { Problem } from './problems';
import type { Answers } from './questions';
import { breathe } from './schedule';
import type { View, Workspace } from './workspace';

/** What is known of a view by now: searches come after the rest. */
export interface Found {
  problems: readonly Problem[];
  answers: ReadonlyMap<string, Answers>;
}

export const describe = (error: unknown): string => (error instanceof Error ? (error.stack ?? error.message) : String(error));

export function registerFeatures(connection: Connection, workspace: Workspace, foundOf: (view: View) => Found): void {
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
      if (token.isCancellationRequested || !view || workspace.isStale(view))
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
      codeActions(view, foundOf(view).problems, spanOf(view, range), workspace.cache, context.only),
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
    at([], (view, { range }) => inlayHints(view, workspace.cache, foundOf(view), spanOf(view, range))),
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
}
