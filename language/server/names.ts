/** Names that files declare, and every place where one is written: what definition, references and rename need. */
import type { AstNode } from 'langium';
import { GrammarUtils } from 'langium';
import type { DeviceDeclaration, Let, ModelDeclaration, PlanDeclaration } from '../generated/ast';
import { type Span, spanOf } from './span';

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
  const found = GrammarUtils.findNodeForProperty(node.$cstNode, property);
  return found ? { start: found.offset, end: found.end } : spanOf(node);
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
