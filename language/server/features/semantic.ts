/** Semantic tokens: what a word is, which its spelling alone does not say. */
import type { IToken } from 'chevrotain';
import { type SemanticTokens, SemanticTokensBuilder } from 'vscode-languageserver';
import { FIGURES } from '../../../src/planner/expression';
import { allSpecs } from '../../../src/techniques/registry';
import type { Kind } from '../names';
import type { Span } from '../span';
import { DECLARATIONS, QUESTIONS } from '../syntax/lexer';
import type { View } from '../workspace';

export const TOKEN_TYPES = [
  'keyword',
  'class',
  'struct',
  'variable',
  'property',
  'function',
  'parameter',
  'number',
  'string',
  'comment',
  'operator',
  'enumMember',
] as const;
export const TOKEN_MODIFIERS = ['declaration', 'readonly'] as const;
type Type = (typeof TOKEN_TYPES)[number];

const OF_KIND: { [kind in Kind]: Type } = { let: 'variable', model: 'struct', device: 'struct', plan: 'class' };
const techniqueNames = new Set(allSpecs.map(({ name }) => name));

export function semanticTokens({ document, analysis }: View, within?: Span): SemanticTokens {
  const named = new Map(analysis.occurrences.filter(({ uri }) => uri === analysis.uri).map((one) => [one.span.start, one]));
  const builder = new SemanticTokensBuilder();
  for (const [index, token] of analysis.syntax.tokens.entries()) {
    const end = token.startOffset + token.image.length;
    if (within && (end < within.start || token.startOffset > within.end)) continue;
    const occurrence = named.get(token.startOffset);
    const type = occurrence
      ? OF_KIND[occurrence.target.kind]
      : typeOf(token, analysis.syntax.tokens[index - 1], analysis.syntax.tokens[index + 1]);
    if (!type) continue;
    const declares =
      occurrence !== undefined && occurrence.target.uri === analysis.uri && occurrence.target.span.start === token.startOffset;
    const modifiers = (declares ? 1 : 0) | (occurrence?.target.kind === 'let' ? 2 : 0);
    const { line, character } = document.positionAt(token.startOffset);
    builder.push(line, character, token.image.length, TOKEN_TYPES.indexOf(type), modifiers);
  }
  return builder.build();
}

function typeOf(token: IToken, before: IToken | undefined, after: IToken | undefined): Type | undefined {
  const kind = token.tokenType.name;
  if (
    (DECLARATIONS as readonly string[]).includes(kind) ||
    kind in QUESTIONS ||
    ['extends', 'from', 'in', 'to', 'true', 'false'].includes(kind)
  )
    return 'keyword';
  if (kind === 'KEY') return 'property';
  if (kind === 'LABEL') return 'parameter';
  if (kind === 'QUANTITY') return 'number';
  if (kind !== 'WORD') return undefined;
  if (before?.tokenType.name === 'find') return 'keyword';
  if (before?.image === '.' || (FIGURES as readonly string[]).includes(token.image)) return 'property';
  if (after?.image === '(' || techniqueNames.has(token.image)) return 'function';
  return 'enumMember';
}
