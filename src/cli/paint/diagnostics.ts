/** Diagnostics as compilers print them, so that editors and problem matchers find the place. */
import type { ReportedDiagnostic } from '../../../language/server/report';
import { type Color, paint, printable, type Style } from './style';

const COLORS: { readonly [severity in ReportedDiagnostic['severity']]: Color } = {
  error: 'red',
  warning: 'yellow',
  information: 'cyan',
};

/** `file:line:col: severity code: message`, one a line. */
export const paintDiagnostics = (style: Style, file: string, diagnostics: readonly ReportedDiagnostic[]): string[] =>
  diagnostics.map(
    ({ severity, code, message, line, column }) =>
      `${printable(file)}:${line}:${column}: ${paint(style, COLORS[severity], severity)} ${code}: ${printable(message)}`,
  );
