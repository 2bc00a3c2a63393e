/** Outline, folding, selection, links. */
import {
  type DocumentLink,
  type DocumentSymbol,
  type FoldingRange,
  FoldingRangeKind,
  type SelectionRange,
  type SymbolInformation,
  SymbolKind,
} from 'vscode-languageserver-types';
import type { Declaration, Statement } from '../../generated/ast';
import { isImport, isSetting } from '../../generated/ast';
import { rangeOf } from '../lsp';
import { spanOfProperty } from '../names';
import { placeOf, spanOf } from '../span';
import { leafAt } from '../syntax/parse';
import type { View } from '../workspace';

const KIND: { [type: string]: SymbolKind } = {
  Import: SymbolKind.Module,
  Let: SymbolKind.Constant,
  ModelDeclaration: SymbolKind.Struct,
  DeviceDeclaration: SymbolKind.Object,
  PlanDeclaration: SymbolKind.Class,
  RunDeclaration: SymbolKind.Function,
};

/** What an entry of the outline is called, where its name stands, and what is beside it. */
function titleOf(node: Declaration): { name: string | undefined; property: string; detail: string } {
  switch (node.$type) {
    case 'Import':
      return { name: node.path, property: 'path', detail: 'import' };
    case 'Let':
      return { name: node.name, property: 'name', detail: node.value?.$cstNode?.text ?? '' };
    case 'PlanDeclaration':
      return { name: node.name, property: 'name', detail: node.base === undefined ? 'plan' : `extends ${node.base}` };
    case 'RunDeclaration':
      return { name: node.plan === undefined ? undefined : `run ${node.plan}`, property: 'plan', detail: '' };
    default:
      return { name: node.name, property: 'name', detail: node.source ?? node.$type.replace('Declaration', '').toLowerCase() };
  }
}

export function documentSymbols({ document, analysis }: View): DocumentSymbol[] {
  return analysis.syntax.declarations.flatMap((node): DocumentSymbol[] => {
    const { name, property, detail } = titleOf(node);
    if (!name || !node.$cstNode) return [];
    const children =
      'body' in node && node.body ? node.body.statements.flatMap((statement) => statementSymbol(document, statement)) : [];
    return [
      {
        name,
        detail,
        kind: KIND[node.$type] ?? SymbolKind.Variable,
        range: rangeOf(document, spanOf(node)),
        selectionRange: rangeOf(document, spanOfProperty(node, property)),
        children,
      },
    ];
  });
}

function statementSymbol(document: View['document'], node: Statement): DocumentSymbol[] {
  const text = node.$cstNode?.text.replace(/\s+/g, ' ') ?? '';
  const [, key = '', rest = ''] = /^(\S+)\s*(.*)$/s.exec(text) ?? [];
  if (!key) return [];
  const range = rangeOf(document, spanOf(node));
  const kind = isSetting(node) ? SymbolKind.Property : SymbolKind.Event;
  return [{ name: key, detail: rest.slice(0, 80), kind, range, selectionRange: range }];
}

/** Declarations whose name holds the letters of a query in their order. */
export function workspaceSymbols(view: View, query: string): SymbolInformation[] {
  const letters = [...query.toLowerCase()];
  const matches = (name: string): boolean => {
    let at = 0;
    for (const letter of name.toLowerCase()) if (letter === letters[at]) at++;
    return at === letters.length;
  };
  return documentSymbols(view)
    .filter(({ name }) => matches(name))
    .map(({ name, kind, selectionRange: range }) => ({ name, kind, location: { uri: view.document.uri, range } }));
}

export function foldingRanges({ document, analysis }: View): FoldingRange[] {
  const folds: FoldingRange[] = [];
  const add = (start: number, end: number, kind?: FoldingRangeKind): void => {
    const [first, last] = [document.positionAt(start).line, document.positionAt(end).line];
    if (last > first) folds.push({ startLine: first, endLine: last, ...(kind ? { kind } : {}) });
  };
  const openers: { image: string; offset: number }[] = [];
  for (const { image, startOffset } of analysis.syntax.tokens) {
    if (image === '{' || image === '[' || image === '(') openers.push({ image, offset: startOffset });
    if (image === '}' || image === ']' || image === ')') {
      const opener = openers.pop();
      // The closing bracket stays in sight.
      const close = document.positionAt(startOffset).line;
      const open = opener && document.positionAt(opener.offset).line;
      if (open !== undefined && close - 1 > open) folds.push({ startLine: open, endLine: close - 1 });
    }
  }
  let run: { start: number; end: number; line: number } | undefined;
  const flush = () => {
    if (run) add(run.start, run.end, FoldingRangeKind.Comment);
    run = undefined;
  };
  for (const comment of analysis.syntax.comments.toSorted((a, b) => a.startOffset - b.startOffset)) {
    const [start, end] = [comment.startOffset, comment.startOffset + comment.image.length];
    const line = document.positionAt(start).line;
    const alone =
      document
        .getText()
        .slice(document.offsetAt({ line, character: 0 }), start)
        .trim() === '';
    if (!alone || !comment.image.startsWith('//') || run?.line !== line - 1) flush();
    if (!comment.image.startsWith('//')) add(start, end, FoldingRangeKind.Comment);
    else if (alone) run = { start: run?.start ?? start, end, line };
  }
  flush();
  const imports = analysis.syntax.declarations.filter(isImport).map(spanOf);
  const [first, last] = [imports[0], imports.at(-1)];
  if (first && last) add(first.start, last.end, FoldingRangeKind.Imports);
  return folds;
}

/** From the word outwards: argument, call, statement, block, declaration, file. */
export function selectionRange({ document, analysis }: View, offset: number): SelectionRange {
  let node = leafAt(analysis.syntax, offset)?.container;
  const leaf = analysis.syntax.tokens.find(
    ({ startOffset, image }) => startOffset <= offset && offset <= startOffset + image.length,
  );
  const spans = leaf ? [{ start: leaf.startOffset, end: leaf.startOffset + leaf.image.length }] : [];
  // The outermost node is no more than what is read at a time.
  for (; node?.container; node = node.container) {
    const last = spans.at(-1);
    const span = placeOf(node);
    if (!last || span.start < last.start || span.end > last.end) spans.push(span);
  }
  const whole: SelectionRange = { range: rangeOf(document, { start: 0, end: document.getText().length }) };
  return spans.reduceRight<SelectionRange>((parent, span) => ({ range: rangeOf(document, span), parent }), whole);
}

export function documentLinks({ document, analysis }: View): DocumentLink[] {
  const module = analysis.modules.get(analysis.uri);
  return (module?.imports ?? []).flatMap(({ node, uri }) =>
    uri ? [{ range: rangeOf(document, spanOfProperty(node, 'path')), target: uri }] : [],
  );
}
