/** Files and what they import. Reading is injected: the core knows neither disk nor editor. */
import type { Import } from '../generated/ast';
import { isImport } from '../generated/ast';
import { type Declared, emptyTable, KINDS, kindOf, spanOfProperty, type Table } from './names';
import type { Problem } from './problems';
import { spanOf } from './span';
import { parse, type Syntax } from './syntax/parse';

/** What a file may see of the world. Both answer with a sentence where a path may not be used. */
export interface FileReader {
  /** The file that `path`, as written in the file `from`, names. */
  read(from: string, path: string): { uri: string; text: string } | { problem: string };
  /** Absolute path of an existing file inside the workspace, not read. */
  locate(from: string, path: string): { path: string } | { problem: string };
}

/** A reader for a text that stands alone. */
export const noFiles: FileReader = {
  read: () => ({ problem: 'files cannot be read here' }),
  locate: () => ({ problem: 'files cannot be read here' }),
};

export interface Module {
  uri: string;
  text: string;
  syntax: Syntax;
  imports: { node: Import; uri?: string; problem?: string }[];
  /** What it declares itself. */
  own: Table;
  /** And what it sees: its own names and those of its imports, theirs included. */
  visible: Table;
}

export type Modules = Map<string, Module>;
type Report = (uri: string, problem: Problem) => void;

/** Loads a file and everything that it imports, and says which names are visible where. */
export function loadModules(
  uri: string,
  text: string,
  reader: FileReader,
  report: Report,
  parseText = (_uri: string, source: string) => parse(source),
): Modules {
  const modules: Modules = new Map();
  const load = (at: string, source: string): void => {
    const syntax = parseText(at, source);
    const module: Module = { uri: at, text: source, syntax, imports: [], own: emptyTable(), visible: emptyTable() };
    modules.set(at, module);
    for (const node of syntax.declarations.filter(isImport)) {
      if (node.path === undefined) continue;
      const found = node.path.endsWith('.memplan')
        ? reader.read(at, node.path)
        : { problem: 'only `.memplan` files can be imported' };
      if ('problem' in found) {
        module.imports.push({ node, problem: found.problem });
        continue;
      }
      module.imports.push({ node, uri: found.uri });
      if (!modules.has(found.uri)) load(found.uri, found.text);
    }
  };
  load(uri, text);
  for (const module of modules.values()) declare(module, report);
  for (const module of modules.values()) see(module, modules, report);
  return modules;
}

function declare(module: Module, report: Report): void {
  for (const node of module.syntax.declarations) {
    const kind = kindOf(node);
    if (!kind || !('name' in node) || node.name === undefined) continue;
    const declared: Declared = {
      kind,
      name: node.name,
      uri: module.uri,
      node: node as Declared['node'],
      span: spanOfProperty(node, 'name'),
    };
    const first = module.own[kind].get(node.name);
    if (first) {
      report(module.uri, {
        severity: 'error',
        code: 'duplicate-name',
        message: `A ${kind} named \`${node.name}\` is declared above`,
        span: declared.span,
        related: [{ uri: first.uri, span: first.span, message: 'the first declaration' }],
      });
    } else module.own[kind].set(node.name, declared);
  }
}

/** Fills in what a module sees; two files that declare one name are told apart by refusing it. */
function see(module: Module, modules: Modules, report: Report): void {
  const reached = new Set<string>([module.uri]);
  for (const kind of KINDS) for (const [name, declared] of module.own[kind]) module.visible[kind].set(name, declared);
  const visit = (from: Module, top: Import | undefined): void => {
    for (const { node, uri, problem } of from.imports) {
      const written = top ?? node;
      if (problem !== undefined && from === module) {
        report(module.uri, {
          severity: 'error',
          code: 'bad-import',
          message: `\`${node.path}\` cannot be imported: ${problem}`,
          span: spanOfProperty(node, 'path'),
        });
      }
      if (uri === undefined) continue;
      if (uri === module.uri) {
        const message =
          from === module
            ? 'A file cannot import itself'
            : `This import is a cycle: \`${written.path}\` imports this file in turn`;
        report(module.uri, { severity: 'error', code: 'cycle', message, span: spanOf(written) });
        continue;
      }
      const imported = modules.get(uri);
      if (!imported || reached.has(uri)) continue;
      reached.add(uri);
      for (const kind of KINDS) {
        for (const [name, declared] of imported.own[kind]) {
          const mine = module.visible[kind].get(name);
          if (mine && mine.uri === module.uri) {
            report(module.uri, {
              severity: 'error',
              code: 'duplicate-name',
              message: `A ${kind} named \`${name}\` is also declared in \`${written.path}\`, which this file imports`,
              span: mine.span,
              related: [{ uri, span: declared.span, message: 'the other declaration' }],
            });
          } else if (!mine) module.visible[kind].set(name, declared);
        }
      }
      visit(imported, written);
    }
  };
  visit(module, undefined);
}
