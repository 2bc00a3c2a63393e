/**
 * Files of a workspace that lies on no disk (`vscode-vfs:`, `memfs:`, …). Only the editor can read them, and not at once: a file is
 * asked for when it is first named, and whoever named it is looked at again when it has come.
 */
import { URI, UriUtils } from 'langium';

type Found = { uri: string; text: string } | { problem: string };

export interface Editor {
  /** Text of a file; null where it cannot be read. */
  read(uri: string): Promise<string | null>;
  /** A file has come, or is known to be missing. */
  arrived(uri: string): void;
}

/** Far above any configuration or plan; it bounds memory. */
const LARGEST = 4 * 1024 * 1024;
const MOST = 500;

/** Whether an address is of such a workspace: neither on disk nor unsaved. */
export const isVirtual = (uri: string): boolean => !['file', 'untitled'].includes(URI.parse(uri).scheme);

export class VirtualFiles {
  readonly #texts = new Map<string, string | null>();
  readonly #asked = new Set<string>();
  roots: readonly string[] = [];

  constructor(private readonly editor: Editor) {}

  /** The file that `written` names in the file `from`. */
  read(from: string, written: string): Found {
    const found = this.#find(from, written);
    if ('problem' in found) return found;
    const text = this.#texts.get(found.uri);
    if (typeof text === 'string') return { ...found, text };
    if (text === null) return { problem: 'there is no such file' };
    this.#ask(found.uri);
    return { problem: 'it is being read' };
  }

  /** Its address, where it may be read at all. */
  uriOf(from: string, written: string): string | undefined {
    const found = this.#find(from, written);
    return 'uri' in found ? found.uri : undefined;
  }

  /** The file has changed: it is read again when it is next named. */
  forget(uri: string): void {
    this.#texts.delete(uri);
    this.#asked.delete(uri);
  }

  #find(from: string, written: string): { uri: string } | { problem: string } {
    if (written.trim() === '') return { problem: 'the path is empty' };
    if (written.includes('\\')) return { problem: 'folders are separated by `/`' };
    if (written.startsWith('/') || /^[A-Za-z][\w+.-]*:/.test(written) || written.includes('\0'))
      return { problem: 'a path relative to this file is wanted' };
    const folder = UriUtils.dirname(URI.parse(from));
    const uri = UriUtils.resolvePath(folder, written).toString();
    const root = this.roots.find((one) => inside(one, from)) ?? folder.toString();
    return inside(root, uri) ? { uri } : { problem: 'it lies outside the workspace' };
  }

  #ask(uri: string): void {
    if (this.#asked.has(uri) || this.#asked.size >= MOST) return;
    this.#asked.add(uri);
    const settle = (text: string | null): void => {
      if (!this.#asked.has(uri)) return;
      this.#texts.set(uri, text === null || text.length > LARGEST ? null : text);
      this.editor.arrived(uri);
    };
    this.editor.read(uri).then(settle, () => settle(null));
  }
}

/** Both are whole addresses; `..` has been resolved. */
function inside(root: string, uri: string): boolean {
  const [folder, file] = [URI.parse(root), URI.parse(uri)];
  const path = folder.path.endsWith('/') ? folder.path : `${folder.path}/`;
  return folder.scheme === file.scheme && folder.authority === file.authority && file.path.startsWith(path);
}
