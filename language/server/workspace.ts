/** Open documents, their analyses, and which of them depend on which files. */
import { readFileSync, statSync } from 'node:fs';
import { TextDocument } from 'vscode-languageserver-textdocument';
import type { Device } from '../../src/plan/types';
import { type Analysis, analyze } from './analyze';
import { EstimateCache } from './estimates';
import { canonical, fileReader, pathOf, planFiles, uriOf } from './files';
import { LONGEST_TEXT, parse, type Syntax } from './syntax/parse';
import type { VirtualFiles } from './virtual-files';

/** One document with what it says; features are pure functions of it. */
export interface View {
  document: TextDocument;
  analysis: Analysis;
  /** Files that the analysis depends on, itself aside. */
  dependencies: ReadonlySet<string>;
}

export class Workspace {
  readonly cache = new EstimateCache();
  readonly #open = new Map<string, TextDocument>();
  readonly #views = new Map<string, View>();
  readonly #parsed = new Map<string, { text: string; syntax: Syntax }>();
  roots: readonly string[] = [];
  /** Puts to a plan's device what was measured of it. */
  measured: (device: Device) => Device = (device) => device;
  /** Where the editor reads files that lie on no disk. */
  virtual: VirtualFiles | undefined;

  get documents(): readonly TextDocument[] {
    return [...this.#open.values()];
  }

  /** Views of all other files of the workspace, open or not: where a name may be used. */
  others(view: View): View[] {
    const open = this.documents.map(({ uri }) => canonical(uri));
    const closed = planFiles(this.roots).map(uriOf);
    return [...new Set([...open, ...closed])].flatMap((uri) => (uri === view.analysis.uri ? [] : (this.view(uri) ?? [])));
  }

  document(uri: string): TextDocument | undefined {
    return this.#open.get(canonical(uri));
  }

  /** Opens or updates a document; returns the open documents that must be looked at again. */
  put(document: TextDocument): TextDocument[] {
    this.#open.set(canonical(document.uri), document);
    return this.forget(document.uri);
  }

  /** Closes a document; returns those that depended on its unsaved text. */
  close(uri: string): TextDocument[] {
    this.#open.delete(canonical(uri));
    this.#parsed.delete(canonical(uri));
    return this.forget(uri);
  }

  /** Forgets what depends on a file; returns the open documents that must be looked at again. */
  forget(uri: string): TextDocument[] {
    const changed = canonical(uri);
    const touched: TextDocument[] = [];
    for (const [at, view] of this.#views) {
      if (at !== changed && !view.dependencies.has(changed)) continue;
      this.#views.delete(at);
      const document = this.#open.get(at);
      if (document) touched.push(document);
    }
    const own = this.#open.get(changed);
    return own && !touched.includes(own) ? [...touched, own] : touched;
  }

  /** The newest view of a document, analysed now if need be; undefined where there is no such document. */
  view(uri: string): View | undefined {
    const at = canonical(uri);
    const document = this.#open.get(at) ?? this.#fromDisk(at);
    if (!document) return undefined;
    const known = this.#views.get(at);
    if (known && known.document.version === document.version && known.analysis.text === document.getText()) return known;
    const dependencies = new Set<string>();
    const reader = fileReader({
      roots: () => this.roots,
      open: (file) => this.#open.get(canonical(file))?.getText(),
      asked: (file) => dependencies.add(canonical(file)),
      virtual: this.virtual,
    });
    const parseText = (file: string, text: string) => this.#parse(file, text);
    const analysis = analyze(document.getText(), { uri: at, reader, parseText, measured: this.measured });
    const view: View = { document, analysis, dependencies };
    if (this.#open.has(at)) this.#views.set(at, view);
    return view;
  }

  /** Whether a newer text of a view's document, or of a file it depends on, has come in. */
  isStale(view: View): boolean {
    return this.document(view.document.uri) !== undefined && this.view(view.document.uri) !== view;
  }

  /** Trees are kept by text: an import is parsed once, however many files import it. */
  #parse(uri: string, text: string): Syntax {
    const known = this.#parsed.get(uri);
    if (known?.text === text) return known.syntax;
    const syntax = parse(text, known?.syntax);
    this.#parsed.set(uri, { text, syntax });
    if (this.#parsed.size > 200) this.#parsed.delete(this.#parsed.keys().next().value ?? '');
    return syntax;
  }

  #fromDisk(uri: string): TextDocument | undefined {
    const path = pathOf(uri);
    if (!path?.endsWith('.memplan')) return undefined;
    try {
      if (statSync(path).size > LONGEST_TEXT * 4) return undefined;
      return TextDocument.create(uri, 'memplan', 0, readFileSync(path, 'utf8'));
    } catch {
      return undefined;
    }
  }
}
