/**
 * Lexing by place. Every word comes from the grammar's lexer as WORD; here the word that begins a statement becomes KEY,
 * and words that declare or relate become their keywords, by where they stand. So any of them is also a name elsewhere, a
 * statement without its value does not swallow the next line, and a forgotten bracket hurts one statement, not the file.
 */
import { type IToken, Lexer, type TokenType } from 'chevrotain';
import { DefaultLexer, DefaultTokenBuilder, type GrammarAST, type LexerResult } from 'langium';

export const DECLARATIONS = ['import', 'let', 'model', 'device', 'plan', 'run'] as const;
/** Statements with a form of their own, and how many words on their line cannot begin another statement. */
export const QUESTIONS = { require: 0, find: 2, sweep: 2, compare: 2 } as const;

const isWordLike = (name: string): boolean => /^[a-z]/i.test(name);

/** Alphabetic keywords are never matched by their text: `classify` decides. */
export class MemplanTokenBuilder extends DefaultTokenBuilder {
  protected override buildKeywordToken(keyword: GrammarAST.Keyword, ...rest: [TokenType[], boolean]): TokenType {
    return isWordLike(keyword.value) ? { name: keyword.value, PATTERN: Lexer.NA } : super.buildKeywordToken(keyword, ...rest);
  }

  protected override buildTerminalToken(terminal: GrammarAST.TerminalRule): TokenType {
    return terminal.name === 'KEY' ? { name: 'KEY', PATTERN: Lexer.NA } : super.buildTerminalToken(terminal);
  }
}

export class MemplanLexer extends DefaultLexer {
  /** The parser lexes what its caller has just lexed to look at the tokens. */
  private last: { text: string; result: LexerResult } | undefined;

  override tokenize(text: string): LexerResult {
    if (this.last?.text === text) return this.last.result;
    const result = super.tokenize(text);
    classify(result.tokens, (token, name) => {
      const type = this.tokenTypes[name];
      if (!type) return;
      token.tokenType = type;
      token.tokenTypeIdx = type.tokenTypeIdx ?? 0;
    });
    this.last = { text, result };
    return result;
  }
}

const OPERAND_ENDS = new Set(['QUANTITY', 'WORD', 'STRING', 'true', 'false', ')', ']']);

function classify(tokens: IToken[], retype: (token: IToken, name: string) => void): void {
  let braces = 0;
  let brackets = 0;
  /** Words left that belong to a `find`, `sweep` or `compare`. */
  let bound = 0;
  tokens.forEach((token, index) => {
    const previous = tokens[index - 1];
    const next = tokens[index + 1];
    const kind = token.tokenType.name;
    if (kind === '{') braces++;
    if (kind === '}') braces = Math.max(0, braces - 1);
    if (kind === '{' || kind === '}') brackets = 0;
    if (kind === '(' || kind === '[') brackets++;
    if (kind === ')' || kind === ']') brackets = Math.max(0, brackets - 1);
    if (kind !== 'WORD') return;

    const word = token.image;
    const first = !previous || (previous.endLine ?? 0) < (token.startLine ?? 0);
    // Two operands side by side mean nothing inside brackets: a bracket was left open on a line above.
    if (first && brackets > 0 && next && startsOperand(next) && next.startLine === token.startLine) brackets = 0;
    if (brackets === 0 && previous?.tokenType.name !== '.') {
      const declares = (DECLARATIONS as readonly string[]).includes(word);
      if (braces > 0 && first && declares && opensDeclaration(tokens, index)) braces = 0;
      if (braces === 0) {
        const afterWhole = first || previous?.tokenType.name === '}' || OPERAND_ENDS.has(previous?.tokenType.name ?? '');
        if (declares && afterWhole) return retype(token, word);
        if ((word === 'extends' || word === 'from') && previous?.tokenType.name === 'WORD') return retype(token, word);
      } else {
        if (first) bound = 0;
        const begins = first || previous?.tokenType.name === '{' || (bound === 0 && OPERAND_ENDS.has(previous?.tokenType.name ?? ''));
        if (begins && Object.hasOwn(QUESTIONS, word)) {
          bound = QUESTIONS[word as keyof typeof QUESTIONS];
          return retype(token, word);
        }
        if (begins) return retype(token, 'KEY');
        if (word === 'to' && previous?.tokenType.name === 'compare') return retype(token, word);
        if (bound > 0) bound--;
        if (word === 'in') return retype(token, word);
      }
    }
    if (word === 'true' || word === 'false') retype(token, word);
  });
}

const startsOperand = (token: IToken): boolean => ['WORD', 'QUANTITY', 'STRING'].includes(token.tokenType.name);

/** Whether a declaration word that stands first on a line inside a block really begins a declaration (a `}` is missing). */
function opensDeclaration(tokens: IToken[], index: number): boolean {
  const [word, name, after] = [tokens[index], tokens[index + 1], tokens[index + 2]];
  if (!word || !name || !after || name.startLine !== word.startLine) return false;
  if (word.image === 'import') return name.tokenType.name === 'STRING';
  if (name.tokenType.name !== 'WORD') return false;
  return ['{', '='].includes(after.image) || (after.startLine === word.startLine && ['extends', 'from'].includes(after.image));
}
