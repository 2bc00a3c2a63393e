/** Text → tree. Never throws, whatever the text. */
import type { IToken } from 'chevrotain';
import { createDefaultCoreModule, createDefaultSharedCoreModule, EmptyFileSystem, inject } from 'langium';
import type { File } from '../../generated/ast';
import { MemplanGeneratedModule, MemplanGeneratedSharedModule } from '../../generated/module';
import type { Span } from '../span';
import { MemplanLexer, MemplanTokenBuilder } from './lexer';
import { clip, MemplanLexerMessages, MemplanParserMessages } from './messages';

export interface SyntaxError {
  message: string;
  span: Span;
}

export interface Syntax {
  file: File;
  /** Without comments. */
  tokens: readonly IToken[];
  comments: readonly IToken[];
  errors: SyntaxError[];
}

/** Longest text that is read, in UTF-16 units; far above any plan, and it bounds time and memory. */
export const LONGEST_TEXT = 2_000_000;
/** Deepest nesting of brackets: the parser recurses. */
const DEEPEST = 100;
const MOST_OPERATORS = 500;

function createParser() {
  const shared = inject(createDefaultSharedCoreModule(EmptyFileSystem), MemplanGeneratedSharedModule);
  const services = inject(createDefaultCoreModule({ shared }), MemplanGeneratedModule, {
    parser: {
      TokenBuilder: () => new MemplanTokenBuilder(),
      Lexer: (core: ConstructorParameters<typeof MemplanLexer>[0]) => new MemplanLexer(core),
      ParserErrorMessageProvider: () => new MemplanParserMessages(),
      LexerErrorMessageProvider: () => new MemplanLexerMessages(),
    },
  });
  shared.ServiceRegistry.register(services);
  return services.parser;
}

let parser: ReturnType<typeof createParser> | undefined;

const emptyFile = (): File => ({ $type: 'File', declarations: [] });
const spanOf = (token: IToken): Span => ({ start: token.startOffset, end: (token.endOffset ?? token.startOffset) + 1 });

export function parse(text: string): Syntax {
  const refused = (message: string, span: Span): Syntax => ({
    file: emptyFile(),
    tokens: [],
    comments: [],
    errors: [{ message, span }],
  });
  if (text.length > LONGEST_TEXT) {
    return refused(`This file is too long to be read: ${text.length} characters, at most ${LONGEST_TEXT}`, { start: 0, end: 0 });
  }
  parser ??= createParser();
  const { tokens, hidden: comments, errors: lexerErrors } = parser.Lexer.tokenize(text);
  const errors: SyntaxError[] = lexerErrors.map(({ message, offset, length }) => ({
    message,
    span: { start: offset, end: offset + length },
  }));
  for (const token of [...tokens, ...comments]) {
    const message = unclosed(token);
    if (message) errors.push({ message, span: spanOf(token) });
  }
  const deep = tooDeep(tokens);
  if (deep)
    return {
      ...refused(
        `This is nested too deeply (at most ${DEEPEST} brackets, ${MOST_OPERATORS} operators in one expression)`,
        spanOf(deep),
      ),
      tokens,
      comments,
    };

  const result = parser.LangiumParser.parse<File>(text);
  for (const error of result.parserErrors as ParserError[]) errors.push(located(error, tokens, text.length));
  return { file: result.value, tokens, comments, errors: oneALine(errors, text) };
}

const OPENERS: { [closer: string]: string } = { '}': '{', ')': '(', ']': '[' };

/**
 * Where a parser's error belongs. What is missing at the end of a line is missing there, not at the next line's first
 * word; a bracket that is never closed is shown where it opens.
 */
function located({ message, token, previousToken }: ParserError, tokens: readonly IToken[], length: number): SyntaxError {
  const atEnd = Number.isNaN(token.startOffset);
  const previous = previousToken && !Number.isNaN(previousToken.startOffset) ? previousToken : atEnd ? tokens.at(-1) : undefined;
  const onLaterLine = atEnd || (previous && (previous.endLine ?? 0) < (token.startLine ?? 0));
  if (!previous || !onLaterLine) return { message, span: atEnd ? { start: length, end: length } : spanOf(token) };
  const closer = /is not closed: expected .*`([})\]])`/.exec(message)?.[1];
  const opener = closer && openOne(tokens, previous, closer);
  return { message: message.replace(/, found `[^`]*`$/, ` after \`${clip(previous.image)}\``), span: spanOf(opener || previous) };
}

/** The bracket that `closer` should have closed, looking back from `last`. */
function openOne(tokens: readonly IToken[], last: IToken, closer: string): IToken | undefined {
  let depth = 0;
  for (let index = tokens.indexOf(last); index >= 0; index--) {
    const token = tokens[index];
    if (token?.image === closer) depth++;
    if (token?.image === OPENERS[closer] && --depth < 0) return token;
  }
  return undefined;
}

interface ParserError {
  message: string;
  token: IToken;
  previousToken?: IToken;
}

function unclosed(token: IToken): string | undefined {
  const { image } = token;
  switch (token.tokenType.name) {
    case 'STRING':
      if (image.startsWith("'")) return 'Strings are written in double quotes';
      return image.length < 2 || !/(^|[^\\])(\\\\)*"$/.test(image.slice(1))
        ? 'This string is not closed: expected `"` on the same line'
        : undefined;
    case 'BLOCK_COMMENT':
      return image.length < 4 || !image.endsWith('*/') ? 'This comment is not closed: expected `*/`' : undefined;
    default:
      return undefined;
  }
}

/** The token at which the tree would become too deep to walk: brackets, or operators of one expression, which nest to the left. */
function tooDeep(tokens: readonly IToken[]): IToken | undefined {
  let brackets = 0;
  let operators = 0;
  for (const token of tokens) {
    const kind = token.tokenType.name;
    if ('([{'.includes(kind)) brackets++;
    else if (')]}'.includes(kind)) brackets = Math.max(0, brackets - 1);
    else if ('+-*/'.includes(kind) || /^[<>=!]=?$/.test(kind)) operators++;
    else if (/^[A-Za-z]/.test(kind) && !['WORD', 'LABEL', 'QUANTITY', 'STRING'].includes(kind)) operators = 0;
    if (brackets > DEEPEST || operators > MOST_OPERATORS) return token;
  }
  return undefined;
}

/** The first error of a line is the mistake; the others on it follow from it. */
function oneALine(errors: SyntaxError[], text: string): SyntaxError[] {
  const seen = new Set<number>();
  const sorted = errors.toSorted((a, b) => a.span.start - b.span.start);
  return sorted.filter(({ span }) => {
    const line = text.lastIndexOf('\n', span.start - 1);
    return seen.has(line) ? false : seen.add(line);
  });
}
