/** What the parser and the lexer say: what was expected at this place, in the reader's words, and the nearest word. */
import type { IParserErrorMessageProvider, IToken, TokenType } from 'chevrotain';
import { DefaultLexerErrorMessageProvider } from 'langium';
import { nearest } from '../../../src/plan/nearest';
import { DECLARATIONS } from './lexer';

const SPOKEN: { [token: string]: string } = {
  WORD: 'a name',
  KEY: 'a statement',
  LABEL: 'the name of an argument',
  STRING: 'a string in double quotes',
  QUANTITY: 'a number',
  EOF: 'the end of the file',
};
const spoken = (type: TokenType): string => SPOKEN[type.name] ?? `\`${type.name}\``;

const found = (token: IToken | undefined): string =>
  !token || token.tokenType.name === 'EOF' ? 'the end of the file' : `\`${clip(token.image)}\``;
export const clip = (text: string): string => (text.length > 40 ? `${text.slice(0, 39)}…` : text);

const A_DECLARATION = `Expected a declaration (${DECLARATIONS.map((word) => `\`${word}\``).join(', ')})`;
const A_VALUE = 'Expected a value (a number such as `16k` or `24 GiB`, a name, a string, a list or `(`)';

/** What a rule wants where it has several ways on. */
const ALTERNATIVES: { [rule: string]: string } = {
  File: A_DECLARATION,
  Declaration: A_DECLARATION,
  Primary: A_VALUE,
  BooleanLiteral: A_VALUE,
  Statement: 'Expected a statement (a key and its value) or `}`',
};

/** Sentences for a token that is missing, by rule and token, where naming the token alone would not help. */
const MISSING: { [place: string]: string } = {
  'Block }': 'This block is not closed: expected `}`',
  'Word )': 'This call is not closed: expected `,` or `)`',
  'ListLiteral ]': 'This list is not closed: expected `,` or `]`',
  'Group )': 'This parenthesis is not closed: expected `)`',
  'Import STRING': 'Expected the path of a file in double quotes, such as `"base.memplan"`',
  'ModelDeclaration STRING': 'Expected a model preset or a configuration file in double quotes',
  'DeviceDeclaration STRING': 'Expected a device preset in double quotes, such as `"RTX 4090"`',
  'Path WORD': 'Expected a key, such as `sequence`, `batch` or an argument of a technique in use',
  'Find WORD': 'Expected `max` or `min`',
};

const nearestDeclaration = (token: IToken | undefined): string => {
  const word = token && nearest(token.image, DECLARATIONS);
  return word && word !== token.image ? `. Did you mean \`${word}\`?` : '';
};

/** Only these leave a block unfinished; anything else is a stray word inside it. */
const endsBlock = (token: IToken): boolean =>
  token.tokenType.name === 'EOF' || (DECLARATIONS as readonly string[]).includes(token.tokenType.name);

const plainRule = (rule: string): string => rule.replace(/\u200B$/, '');

export class MemplanParserMessages implements IParserErrorMessageProvider {
  buildMismatchTokenMessage(options: { expected: TokenType; actual: IToken; previous: IToken; ruleName: string }): string {
    const { expected, actual, previous } = options;
    const rule = plainRule(options.ruleName);
    if (expected.name === 'EOF') return this.buildNotAllInputParsedMessage({ firstRedundant: actual });
    if (rule === 'Block' && expected.name === '}' && !endsBlock(actual)) {
      return previous.tokenType.name === 'KEY'
        ? `${A_VALUE} after \`${clip(previous.image)}\`, found ${found(actual)}`
        : `${ALTERNATIVES.Statement}, found ${found(actual)}`;
    }
    const sentence = MISSING[`${rule} ${expected.name}`];
    return `${sentence ?? `Expected ${spoken(expected)}`}, found ${found(actual)}`;
  }

  buildNotAllInputParsedMessage({ firstRedundant }: { firstRedundant: IToken }): string {
    if (firstRedundant.image === '}') return 'This `}` closes nothing';
    return `${A_DECLARATION}, found ${found(firstRedundant)}${nearestDeclaration(firstRedundant)}`;
  }

  buildNoViableAltMessage(options: { expectedPathsPerAlt: TokenType[][][]; actual: IToken[]; ruleName: string }): string {
    const firsts = new Set(options.expectedPathsPerAlt.flat().flatMap(([first]) => (first ? [spoken(first)] : [])));
    const wanted = ALTERNATIVES[plainRule(options.ruleName)] ?? `Expected ${[...firsts].join(', ')}`;
    return `${wanted}, found ${found(options.actual[0])}`;
  }

  buildEarlyExitMessage({ actual }: { actual: IToken[] }): string {
    return `${A_VALUE}, found ${found(actual[0])}`;
  }
}

/** Characters that other languages use, and what to write here. */
const FOREIGN: { [character: string]: string } = {
  ';': 'a statement ends with its line; `;` is not needed',
  '#': 'a comment begins with `//`',
  '“': 'strings are written in straight double quotes `"`',
  '”': 'strings are written in straight double quotes `"`',
  '×': 'multiplication is written `*`',
  '≤': 'write `<=`',
  '≥': 'write `>=`',
  '−': 'write the minus sign `-`',
};

export class MemplanLexerMessages extends DefaultLexerErrorMessageProvider {
  override buildUnexpectedCharactersMessage(text: string, offset: number, length: number): string {
    const character = String.fromCodePoint(text.codePointAt(offset) ?? 0);
    const printable = /[\p{C}\p{Z}]/u.test(character)
      ? `U+${(text.codePointAt(offset) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`
      : clip(text.slice(offset, offset + length));
    const hint = FOREIGN[character];
    return `Unexpected \`${printable}\`${hint ? `: ${hint}` : ''}`;
  }
}
