/** From the protocol's requests about a place to pure functions of a view. */
import {
  type CancellationToken,
  CodeActionTriggerKind,
  type Connection,
  LSPErrorCodes,
  ResponseError,
} from 'vscode-languageserver';
import type { PlanAnalysis } from './analyze';
import { codeActionSteps, type Pending, resolveSteps } from './features/actions';
import { completions, priced, type Unpriced, withPrice } from './features/completion';
import { cursorAt } from './features/cursor';
import { hoverSteps } from './features/hover';
import { inlayHints } from './features/inlay';
import { codeLenses } from './features/lenses';
import { definition, highlights, prepareRename, references, rename } from './features/navigation';
import { semanticTokens } from './features/semantic';
import { signatureHelp } from './features/signature';
import { documentLinks, documentSymbols, foldingRanges, selectionRange, workspaceSymbols } from './features/symbols';
import type { Found } from './findings';
import { format } from './format';
import { editOf } from './lsp';
import { pricesOf } from './prices';
import type { RunVerdicts } from './run-verdicts';
import { breathe, idle, taking } from './schedule';
import { overlaps } from './span';
import type { View, Workspace } from './workspace';

/** How long a completion may look at the text and at prices; prices that take longer come with the next key. */
const COMPLETION_MS = 7;

export const describe = (error: unknown): string => (error instanceof Error ? (error.stack ?? error.message) : String(error));

export function registerFeatures(
  connection: Connection,
  workspace: Workspace,
  foundOf: (view: View) => Found,
  runs: RunVerdicts,
): void {
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

  connection.onCompletion((params) => {
    const until = performance.now() + COMPLETION_MS;
    const view = workspace.view(params.textDocument.uri);
    if (!view) return [];
    try {
      const place = offset(view, params);
      const target = priced(view, cursorAt(view.analysis.syntax, place));
      const known = target === undefined || price(target, view, until);
      return { isIncomplete: !known, items: completions(view, place, workspace.cache) };
    } catch (error) {
      connection.console.error(describe(error));
      return [];
    }
  });
  /** Prices techniques until a moment, and the rest afterwards; whether all are known by now. An editor asks again at the next key. */
  const price = ({ plan, slot }: NonNullable<ReturnType<typeof priced>>, view: View, until: number): boolean => {
    const steps = pricesOf(plan, slot, workspace.cache);
    for (;;) {
      const { done, value } = steps.next();
      if (done) return true;
      if (value === 'slow' || performance.now() > until) break;
    }
    const isWanted = () => !workspace.isStale(view);
    void idle()
      .then(() => (isWanted() ? taking(steps, isWanted) : undefined))
      .catch((error) => connection.console.error(describe(error)));
    return false;
  };
  connection.onHover(async (params, token) => {
    const view = workspace.view(params.textDocument.uri);
    if (!view) return null;
    const steps = hoverSteps(view, offset(view, params), { cache: workspace.cache, runs, now: Date.now() });
    return (await taking(steps, () => !token.isCancellationRequested && !workspace.isStale(view))) ?? null;
  });
  connection.onCompletionResolve((item) => {
    const asked = item.data as Unpriced | undefined;
    const plan = asked && workspace.view(asked.uri)?.analysis.plans.find(({ name }) => name === asked.plan)?.draft;
    return plan ? withPrice(item, plan, asked, workspace.cache) : item;
  });
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
  /** Estimates plan by plan, letting messages in between; false where the text changed meanwhile. */
  const prepared = async (view: View, token: CancellationToken, look: (plan: PlanAnalysis) => unknown): Promise<boolean> => {
    for (const plan of view.analysis.plans) {
      await breathe();
      if (token.isCancellationRequested || workspace.isStale(view)) return false;
      look(plan);
    }
    return true;
  };
  const wanted = (view: View, token: CancellationToken) => () => !token.isCancellationRequested && !workspace.isStale(view);
  const changed = () => new ResponseError<void>(LSPErrorCodes.ContentModified, 'The text has changed');
  connection.onCodeLens(async ({ textDocument: { uri } }, token) => {
    const view = workspace.view(uri);
    if (!view) return [];
    const ready = await prepared(view, token, ({ plan }) => plan && workspace.cache.brief(plan));
    return ready ? codeLenses(view, workspace.cache, runs, Date.now()) : changed();
  });

  const spanOf = ({ document }: View, { start, end }: { start: Position; end: Position }) => ({
    start: document.offsetAt(start),
    end: document.offsetAt(end),
  });
  connection.onCodeAction(async ({ textDocument: { uri }, range, context }, token) => {
    const view = workspace.view(uri);
    if (!view) return [];
    const waits = context.triggerKind !== CodeActionTriggerKind.Automatic;
    const steps = codeActionSteps(view, foundOf(view).problems, spanOf(view, range), workspace.cache, {
      only: context.only,
      waits,
    });
    return (await taking(steps, wanted(view, token))) ?? changed();
  });
  connection.onCodeActionResolve(async (action, token) => {
    const pending = action.data as Pending | undefined;
    const view = pending && workspace.view(pending.uri);
    if (!view) return action;
    const resolved = await taking(resolveSteps(view, pending, workspace.cache), wanted(view, token));
    if (!resolved) return changed();
    if ('edit' in resolved) return { ...action, edit: resolved.edit };
    connection.window.showWarningMessage(resolved.problem);
    return action;
  });
  connection.languages.inlayHint.on(async ({ textDocument: { uri }, range }, token) => {
    const view = workspace.view(uri);
    if (!view) return [];
    const within = spanOf(view, range);
    const ready = await prepared(view, token, ({ plan, whole }) => plan && overlaps(whole, within) && workspace.cache.get(plan));
    return ready ? inlayHints(view, workspace.cache, foundOf(view), within) : changed();
  });
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
