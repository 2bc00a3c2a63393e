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
    if (terminal.name === 'KEY' || terminal.name === 'LABEL') return { name: terminal.name, PATTERN: Lexer.NA };
    const type = super.buildTerminalToken(terminal);
    if (terminal.hidden) type.GROUP = terminal.name === 'SPACE' ? Lexer.SKIPPED : 'hidden';
    return type;
  }
}

export class MemplanLexer extends DefaultLexer {
  /** The parser lexes what its caller has just lexed to look at the tokens. */
  private last: { text: string; result: LexerResult } | undefined;

  override tokenize(text: string): LexerResult {
    if (this.last?.text === text) return copy(this.last.result);
    const result = super.tokenize(text);
    classify(result.tokens, (token, name) => {
      const type = this.tokenTypes[name];
      if (!type) return;
      token.tokenType = type;
      token.tokenTypeIdx = type.tokenTypeIdx ?? 0;
    });
    this.last = { text, result };
    return copy(result);
  }
}

/** The parser empties the list of comments as it builds its tree. */
const copy = (result: LexerResult): LexerResult => ({ ...result, hidden: [...result.hidden] });

const OPERAND_ENDS = new Set(['QUANTITY', 'WORD', 'STRING', 'true', 'false', ')', ']']);

function classify(tokens: readonly IToken[], retype: (token: IToken, name: string) => void): void {
  const state = { braces: 0, brackets: 0, bound: 0 };
  for (const [index, token] of tokens.entries()) {
    const name = token.tokenType.name === 'WORD' ? placed(tokens, index, state) : nest(token.tokenType.name, state);
    if (name) retype(token, name);
  }
}

interface State {
  braces: number;
  brackets: number;
  /** Words left that belong to a `find`, `sweep` or `compare`. */
  bound: number;
}

function nest(kind: string, state: State): undefined {
  if (kind === '{') state.braces++;
  if (kind === '}') state.braces = Math.max(0, state.braces - 1);
  if (kind === '{' || kind === '}') state.brackets = 0;
  if (kind === '(' || kind === '[') state.brackets++;
  if (kind === ')' || kind === ']') state.brackets = Math.max(0, state.brackets - 1);
}

/** The type of a word by its place; undefined where it stays a WORD. */
function placed(tokens: readonly IToken[], index: number, state: State): string | undefined {
  const [previous, token, next] = [tokens[index - 1], tokens[index], tokens[index + 1]];
  if (!token) return undefined;
  const word = token.image;
  const before = previous?.tokenType.name ?? '';
  const first = !previous || (previous.endLine ?? 0) < (token.startLine ?? 0);
  const literal = word === 'true' || word === 'false' ? word : undefined;
  // Two operands side by side mean nothing inside brackets: a bracket was left open on a line above.
  if (first && state.brackets > 0 && next && startsOperand(next) && next.startLine === token.startLine) state.brackets = 0;
  if (state.brackets > 0 && next?.tokenType.name === ':') return 'LABEL';
  if (state.brackets > 0 || before === '.') return literal;

  const declares = (DECLARATIONS as readonly string[]).includes(word);
  if (state.braces > 0 && first && declares && opensDeclaration(tokens, index)) state.braces = 0;
  if (state.braces === 0) {
    if (declares && (first || before === '}' || OPERAND_ENDS.has(before))) return word;
    if ((word === 'extends' || word === 'from') && before === 'WORD') return word;
    return literal;
  }
  if (first) state.bound = 0;
  const begins = first || before === '{' || (state.bound === 0 && OPERAND_ENDS.has(before));
  if (begins && Object.hasOwn(QUESTIONS, word)) {
    state.bound = QUESTIONS[word as keyof typeof QUESTIONS];
    return word;
  }
  if (begins) return 'KEY';
  if (state.bound > 0) state.bound--;
  return word === 'in' || (word === 'to' && before === 'compare') ? word : literal;
}

const startsOperand = (token: IToken): boolean => ['WORD', 'QUANTITY', 'STRING'].includes(token.tokenType.name);

/** Whether a declaration word that stands first on a line inside a block really begins a declaration (a `}` is missing). */
function opensDeclaration(tokens: readonly IToken[], index: number): boolean {
  const [word, name, after] = [tokens[index], tokens[index + 1], tokens[index + 2]];
  if (!word || !name || !after || name.startLine !== word.startLine) return false;
  if (word.image === 'import') return name.tokenType.name === 'STRING';
  if (name.tokenType.name !== 'WORD') return false;
  return ['{', '='].includes(after.image) || (after.startLine === word.startLine && ['extends', 'from'].includes(after.image));
}
