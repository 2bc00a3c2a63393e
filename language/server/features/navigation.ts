/** Definition, references, highlights and rename: all from the occurrences that the analysis noted. */
import {
  type DocumentHighlight,
  DocumentHighlightKind,
  type Location,
  type Range,
  type TextEdit,
} from 'vscode-languageserver-types';
import { locationOf, rangeOf } from '../lsp';
import type { Declared, Occurrence } from '../names';
import { contains, spanOf } from '../span';
import type { View } from '../workspace';

const isDeclaration = ({ uri, span, target }: Occurrence): boolean => uri === target.uri && span.start === target.span.start;
const same = (a: Declared, b: Declared): boolean => a.uri === b.uri && a.span.start === b.span.start;

export const occurrenceAt = ({ analysis }: View, offset: number): Occurrence | undefined =>
  analysis.occurrences.find(({ uri, span }) => uri === analysis.uri && contains(span, offset));

/** Occurrences of one declaration, each place once. */
function occurrencesOf({ analysis }: View, target: Declared): Occurrence[] {
  const seen = new Set<string>();
  return analysis.occurrences.filter((one) => {
    const key = `${one.uri} ${one.span.start}`;
    return same(one.target, target) && !seen.has(key) && seen.add(key);
  });
}

export function definition(view: View, offset: number): Location | undefined {
  const found = occurrenceAt(view, offset);
  if (found) return locationOf(view, found.target.uri, found.target.span);
  const imported = view.analysis.modules.get(view.analysis.uri)?.imports.find(({ node, uri }) => {
    return uri && contains(spanOf(node), offset);
  });
  return imported?.uri ? locationOf(view, imported.uri, { start: 0, end: 0 }) : undefined;
}

/** References in this file, its imports, and the other open files that see the same declaration. */
export function references(view: View, offset: number, others: readonly View[], withDeclaration: boolean): Location[] {
  const found = occurrenceAt(view, offset);
  if (!found) return [];
  const seen = new Set<string>();
  const locations: Location[] = [];
  for (const one of [view, ...others]) {
    for (const occurrence of occurrencesOf(one, found.target)) {
      const key = `${occurrence.uri} ${occurrence.span.start}`;
      if (seen.has(key) || (!withDeclaration && isDeclaration(occurrence))) continue;
      seen.add(key);
      locations.push(locationOf(one, occurrence.uri, occurrence.span));
    }
  }
  return locations;
}

export function highlights(view: View, offset: number): DocumentHighlight[] {
  const found = occurrenceAt(view, offset);
  if (!found) return [];
  return occurrencesOf(view, found.target)
    .filter(({ uri }) => uri === view.analysis.uri)
    .map((one) => ({
      range: rangeOf(view.document, one.span),
      kind: isDeclaration(one) ? DocumentHighlightKind.Write : DocumentHighlightKind.Read,
    }));
}

export function prepareRename(view: View, offset: number): { range: Range; placeholder: string } | undefined {
  const found = occurrenceAt(view, offset);
  return found && { range: rangeOf(view.document, found.span), placeholder: found.target.name };
}

const NAME = /^[A-Za-z_]\w*(-\w+)*$/;
const LITERALS = ['true', 'false', 'min', 'max'];

/** Edits of a rename by file, or why it cannot be. */
export function rename(
  view: View,
  offset: number,
  name: string,
  others: readonly View[],
): { changes: { [uri: string]: TextEdit[] } } | { problem: string } {
  const found = occurrenceAt(view, offset);
  if (!found) return { problem: 'There is no name here' };
  if (!NAME.test(name) || LITERALS.includes(name))
    return { problem: `\`${name}\` is not a name: letters, digits, \`_\` and \`-\`, a letter first` };
  const { target } = found;
  for (const { analysis } of [view, ...others]) {
    const names = analysis.modules.get(analysis.uri)?.visible[target.kind];
    const seen = names?.get(target.name);
    // Only files that see the name mind what else is called so.
    if (seen && same(seen, target) && names?.has(name) && name !== target.name)
      return { problem: `There is a ${target.kind} named \`${name}\` already` };
  }
  const changes: { [uri: string]: TextEdit[] } = {};
  for (const { uri, range } of references(view, offset, others, true)) {
    changes[uri] ??= [];
    changes[uri].push({ range, newText: name });
  }
  return { changes };
}
