/** Names that files declare, and every place where one is written: what definition, references and rename need. */
import { type AstNode, AstUtils, type CstNode, GrammarAST, isCompositeCstNode } from 'langium';
import type { DeviceDeclaration, Let, ModelDeclaration, PlanDeclaration } from '../generated/ast';
import { placeOf, type Span, spanOf } from './span';

export const KINDS = ['let', 'model', 'device', 'plan'] as const;
export type Kind = (typeof KINDS)[number];
export type Declaration = Let | ModelDeclaration | DeviceDeclaration | PlanDeclaration;

export interface Declared<T extends Declaration = Declaration> {
  kind: Kind;
  name: string;
  uri: string;
  node: T;
  /** Where the name stands. */
  span: Span;
}

/** One place where a declared name is written, the declaration itself included. */
export interface Occurrence {
  uri: string;
  span: Span;
  target: Declared;
}

export type Table = { [kind in Kind]: Map<string, Declared> };
export const emptyTable = (): Table => ({ let: new Map(), model: new Map(), device: new Map(), plan: new Map() });

/** Where a property of a node is written, or the node itself where it is missing. */
export function spanOfProperty(node: AstNode, property: string): Span {
  const found = node.$cstNode && leafOf(node.$cstNode, node.$cstNode.astNode, property);
  return found ? placeOf(found) : spanOf(node);
}

/** The first concrete node that an assignment of the grammar gave to the property. */
function leafOf(within: CstNode, node: AstNode, property: string): CstNode | undefined {
  if (!isCompositeCstNode(within)) return undefined;
  for (const child of within.content) {
    if (propertyOf(child) === property) return child;
    const found = isCompositeCstNode(child) && child.astNode === node ? leafOf(child, node, property) : undefined;
    if (found) return found;
  }
  return undefined;
}

/** By element of the grammar, which is always the same. */
const properties = new WeakMap<object, string | undefined>();

function propertyOf({ grammarSource }: CstNode): string | undefined {
  if (!grammarSource) return undefined;
  if (!properties.has(grammarSource))
    properties.set(grammarSource, AstUtils.getContainerOfType(grammarSource, GrammarAST.isAssignment)?.feature);
  return properties.get(grammarSource);
}

export function kindOf(node: AstNode): Kind | undefined {
  const kinds: { [type: string]: Kind } = {
    Let: 'let',
    ModelDeclaration: 'model',
    DeviceDeclaration: 'device',
    PlanDeclaration: 'plan',
  };
  return kinds[node.$type];
}
