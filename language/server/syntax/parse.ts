/** Text → tree. Never throws, whatever the text. */
import type { IToken } from 'chevrotain';
import {
  CstUtils,
  createDefaultCoreModule,
  createDefaultSharedCoreModule,
  EmptyFileSystem,
  inject,
  type LeafCstNode,
} from 'langium';
import type { Declaration, File } from '../../generated/ast';
import { MemplanGeneratedModule, MemplanGeneratedSharedModule } from '../../generated/module';
import { planted, type Span } from '../span';
import { MemplanLexer, MemplanTokenBuilder } from './lexer';
import { clip, MemplanLexerMessages, MemplanParserMessages } from './messages';
import { moved, partsOf } from './parts';

export interface SyntaxError {
  message: string;
  span: Span;
}

export interface Syntax {
  text: string;
  declarations: readonly Declaration[];
  /** Without comments. */
  readonly tokens: readonly IToken[];
  readonly comments: readonly IToken[];
  errors: readonly SyntaxError[];
  /** What it was put together from, in the order of the text. */
  parts: readonly Part[];
}

/** A stretch of a text that is read by itself, its offsets and lines its own. */
export interface Part {
  text: string;
  /** Where it stands in the newest text that has it. */
  start: number;
  file: File;
  tokens: readonly IToken[];
  comments: readonly IToken[];
  errors: readonly SyntaxError[];
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

/**
 * Reads a text. Of `before`, what the same file said last, the parts that the new text has too at its beginning and its end are
 * taken over, so that a keystroke costs the declaration that it changes; `before` itself is of no use from then on.
 */
export function parse(text: string, before?: Syntax): Syntax {
  if (text.length > LONGEST_TEXT) {
    const message = `This file is too long to be read: ${text.length} characters, at most ${LONGEST_TEXT}`;
    return { text, declarations: [], tokens: [], comments: [], errors: [{ message, span: { start: 0, end: 0 } }], parts: [] };
  }
  const parts = partsOf(text, before?.parts ?? [], read);
  let tokens: IToken[] | undefined;
  let comments: IToken[] | undefined;
  const errors = parts.flatMap(({ start, errors: own }) =>
    own.map(({ message, span }) => ({ message, span: { start: start + span.start, end: start + span.end } })),
  );
  return {
    text,
    declarations: parts.flatMap(({ file }) => file.declarations),
    // Few ask for them: they are put together when somebody does.
    get tokens() {
      tokens ??= moved(parts, (part) => part.tokens);
      return tokens;
    },
    get comments() {
      comments ??= moved(parts, (part) => part.comments);
      return comments;
    },
    errors,
    parts,
  };
}

function read(text: string, start: number): Part {
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
  if (deep) {
    const message = `This is nested too deeply (at most ${DEEPEST} brackets, ${MOST_OPERATORS} operators in one expression)`;
    return { text, start, file: emptyFile(), tokens, comments, errors: [{ message, span: spanOf(deep) }] };
  }
  const { value: file, parserErrors } = parser.LangiumParser.parse<File>(text);
  for (const error of parserErrors as ParserError[]) errors.push(located(error, tokens, text.length));
  const part: Part = { text, start, file, tokens, comments, errors: oneALine(errors, text) };
  planted(file, part);
  return part;
}

/** The leaf of the tree at an offset. */
export function leafAt({ parts }: Syntax, offset: number): LeafCstNode | undefined {
  const part = parts.findLast(({ start }) => start <= offset);
  const root = part?.file.$cstNode;
  return root && CstUtils.findLeafNodeAtOffset(root, offset - part.start);
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
  return {
    message: message.replace(/, found (`[^`]*`|the end of the file)$/, ` after \`${clip(previous.image)}\``),
    span: spanOf(opener || previous),
  };
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
