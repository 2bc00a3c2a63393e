/**
 * A folder is a test. `main.memplan` holds markers `»…«` and, in comments, what is expected of them, in the order of the markers:
 *
 *     // $TEST$ error out-of-range "wants a whole number"    a diagnostic on exactly these words; there are no others
 *     // $HOVER$ "32,768 tokens"                             hovering there shows this
 *     // $COMPLETE$ has adamw, galore; not streambp          completion there; `»«` is a caret
 *     // $COMPLETE$ first checkpoint; priced checkpoint "fits" its order and its prices, once all are known
 *     // $FIX$ "batch 1"                                     the line after the first fix of the diagnostic there
 *
 * `formatted.memplan` beside it is what formatting makes of it. Other files of the folder can be imported and read.
 */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { TextDocument } from 'vscode-languageserver-textdocument';
import { analyze } from '../../language/server/analyze';
import { EstimateCache } from '../../language/server/estimates';
import { fileReader, uriOf } from '../../language/server/files';
import type { Span } from '../../language/server/span';
import type { View } from '../../language/server/workspace';

export const root = fileURLToPath(new URL('./fixtures', import.meta.url));

export interface Expectation {
  kind: 'TEST' | 'HOVER' | 'COMPLETE' | 'FIX';
  words: string;
  span: Span;
}

export interface Fixture {
  name: string;
  folder: string;
  text: string;
  expectations: Expectation[];
  formatted: string | undefined;
}

/** Every folder that holds a `main.memplan`. */
export function fixtures(folder = root): Fixture[] {
  return readdirSync(folder).flatMap((entry) => {
    const path = join(folder, entry);
    if (!statSync(path).isDirectory()) return [];
    return existsSync(join(path, 'main.memplan')) ? [load(path), ...fixtures(path)] : fixtures(path);
  });
}

function load(folder: string): Fixture {
  const marked = readFileSync(join(folder, 'main.memplan'), 'utf8');
  const spans: Span[] = [];
  let text = '';
  const open: number[] = [];
  for (const character of marked) {
    if (character === '»') open.push(text.length);
    else if (character === '«') {
      const start = open.pop();
      if (start === undefined) throw new Error(`${folder}: « without »`);
      spans.push({ start, end: text.length });
    } else text += character;
  }
  // One marker may stand inside another: the order is that of their beginnings.
  spans.sort((a, b) => a.start - b.start || b.end - a.end);
  const directives = [...text.matchAll(/\$(TEST|HOVER|COMPLETE|FIX)\$ (.*)/g)];
  // A fix belongs to the diagnostic before it and has no marker of its own.
  let used = 0;
  const expectations = directives.map(([, kind, words]): Expectation => {
    const span = kind === 'FIX' ? spans[used - 1] : spans[used++];
    if (!span) throw new Error(`${folder}: more expectations than markers`);
    return { kind: kind as Expectation['kind'], words: (words ?? '').trim(), span };
  });
  if (used !== spans.length) throw new Error(`${folder}: ${spans.length} markers for ${used} expectations`);
  const beside = join(folder, 'formatted.memplan');
  return {
    name: relative(root, folder),
    folder,
    text,
    expectations,
    formatted: existsSync(beside) ? readFileSync(beside, 'utf8') : undefined,
  };
}

const cache = new EstimateCache();

export function viewOf({ folder, text }: Pick<Fixture, 'folder' | 'text'>): { view: View; cache: EstimateCache } {
  const uri = uriOf(join(folder, 'main.memplan'));
  const analysis = analyze(text, { uri, reader: fileReader({ roots: () => [folder] }) });
  return { view: { analysis, document: TextDocument.create(uri, 'memplan', 1, text), dependencies: new Set() }, cache };
}
