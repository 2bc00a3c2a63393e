/** Spans and problems in the protocol's terms. */

import { TextDocument } from 'vscode-languageserver-textdocument';
import { type Diagnostic, DiagnosticSeverity, type Location, type Range, type TextEdit } from 'vscode-languageserver-types';
import type { Problem } from './problems';
import type { Span } from './span';
import type { View } from './workspace';

export const SOURCE = 'memplan';
const SEVERITY = {
  error: DiagnosticSeverity.Error,
  warning: DiagnosticSeverity.Warning,
  information: DiagnosticSeverity.Information,
} as const;

export const rangeOf = (document: TextDocument, { start, end }: Span): Range => ({
  start: document.positionAt(start),
  end: document.positionAt(end),
});
export const editOf = (document: TextDocument, span: Span, newText: string): TextEdit => ({
  range: rangeOf(document, span),
  newText,
});

/** A place in the document itself or in a file that it imports. */
export function locationOf({ document, analysis }: View, uri: string, span: Span): Location {
  if (uri === analysis.uri) return { uri: document.uri, range: rangeOf(document, span) };
  const text = analysis.modules.get(uri)?.text ?? '';
  return { uri, range: rangeOf(TextDocument.create(uri, 'memplan', 0, text), span) };
}

/** `href` is the page of the code in the reference. */
export function diagnosticOf(view: View, problem: Problem, href?: string): Diagnostic {
  const related = (problem.related ?? []).map(({ uri, span, message }) => ({ location: locationOf(view, uri, span), message }));
  return {
    range: rangeOf(view.document, problem.span),
    severity: SEVERITY[problem.severity],
    source: SOURCE,
    code: problem.code,
    message: problem.message,
    ...(href ? { codeDescription: { href } } : {}),
    ...(related.length > 0 ? { relatedInformation: related } : {}),
  };
}
