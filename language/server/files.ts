/** Files for the language: only regular ones inside the workspace, and what is open in an editor before what is on disk. */
import { lstatSync, readdirSync, readFileSync, realpathSync } from 'node:fs';
import { basename, dirname, isAbsolute, join, relative, resolve, sep } from 'node:path';
import { URI } from 'langium';
import { nearest } from '../../src/plan/nearest';
import type { FileReader } from './modules';
import { isVirtual, type VirtualFiles } from './virtual-files';

/** Far above any configuration or plan; it bounds memory. */
const LARGEST = 4 * 1024 * 1024;

export interface World {
  /** Folders that may be read. A file outside all of them may read its own folder. */
  roots: () => readonly string[];
  /** Text of a file that is open in an editor. */
  open?: (uri: string) => string | undefined;
  /** Told of every file that is asked for, found or not: the answer depends on it. */
  asked?: (uri: string) => void;
  /** Files of a workspace that lies on no disk. */
  virtual?: VirtualFiles | undefined;
}

/** One spelling for every URI of a file. */
export const canonical = (uri: string): string => URI.parse(uri).toString();
export const uriOf = (path: string): string => URI.file(path).toString();
export const pathOf = (uri: string): string | undefined => {
  const parsed = URI.parse(uri);
  return parsed.scheme === 'file' ? parsed.fsPath : undefined;
};

const inside = (root: string, path: string): boolean => {
  const way = relative(root, path);
  return way === '' || (way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way));
};

export function fileReader({ roots, open, asked, virtual }: World): FileReader {
  /** Undefined where the disk is to be asked. */
  function elsewhere(from: string, written: string): { uri: string; text: string } | { problem: string } | undefined {
    if (!isVirtual(from)) return undefined;
    if (!virtual) return { problem: 'files cannot be read here' };
    const found = virtual.read(from, written);
    const uri = virtual.uriOf(from, written);
    if (uri !== undefined) asked?.(uri);
    const text = uri === undefined ? undefined : open?.(uri);
    return uri !== undefined && text !== undefined ? { uri, text } : found;
  }

  function find(from: string, written: string): { path: string; uri: string } | { problem: string } {
    const origin = pathOf(from);
    if (origin === undefined) return { problem: 'the file that names it is not saved yet' };
    if (written.trim() === '') return { problem: 'the path is empty' };
    if (written.includes('\\')) return { problem: 'folders are separated by `/`' };
    if (isAbsolute(written) || /^[A-Za-z]:|^[a-z]+:\/\//.test(written) || written.includes('\0')) {
      return { problem: 'a path relative to this file is wanted' };
    }
    const folder = dirname(origin);
    const root = roots().find((one) => inside(one, origin)) ?? folder;
    const path = resolve(folder, written);
    if (!inside(root, path)) return { problem: 'it lies outside the workspace' };
    const uri = uriOf(path);
    asked?.(uri);
    if (open?.(uri) !== undefined) return { path, uri };
    try {
      if (!inside(realpathSync(root), realpathSync(path))) return { problem: 'it is a link that leads outside the workspace' };
      if (!lstatSync(realpathSync(path)).isFile()) return { problem: 'it is not a file' };
    } catch (error) {
      return { problem: explain(error, path) };
    }
    return { path, uri };
  }

  return {
    read(from, written) {
      const virtually = elsewhere(from, written);
      if (virtually) return virtually;
      const found = find(from, written);
      if ('problem' in found) return found;
      const text = open?.(found.uri);
      if (text !== undefined) return { uri: found.uri, text };
      try {
        const { size } = lstatSync(realpathSync(found.path));
        if (size > LARGEST) return { problem: `it is larger than ${LARGEST / 1024 ** 2} MiB` };
        return { uri: found.uri, text: readFileSync(found.path, 'utf8') };
      } catch (error) {
        return { problem: explain(error, found.path) };
      }
    },
    locate(from, written) {
      const found = elsewhere(from, written) ?? find(from, written);
      return 'problem' in found || 'path' in found ? found : { path: found.uri };
    },
  };
}

function explain(error: unknown, path: string): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'ENOENT' || code === 'ENOTDIR') {
    const close = nearest(basename(path), siblings(path));
    return `there is no such file${close ? `. Did you mean \`${close}\`?` : ''}`;
  }
  if (code === 'EACCES' || code === 'EPERM') return 'it may not be read';
  if (code === 'ELOOP') return 'it is a link to itself';
  return error instanceof Error ? error.message : String(error);
}

function siblings(path: string): string[] {
  try {
    return readdirSync(dirname(path)).slice(0, 1000);
  } catch {
    return [];
  }
}

/** Most files that are looked through for uses of a name, and folders that hold none. */
const MOST_FILES = 1000;
const SKIPPED = new Set(['node_modules', 'dist', 'out', 'build']);

/** The `.memplan` files under some folders; links are not followed. */
export function planFiles(roots: readonly string[]): string[] {
  const found: string[] = [];
  const waiting = [...roots];
  for (let folder = waiting.shift(); folder !== undefined && found.length < MOST_FILES; folder = waiting.shift()) {
    try {
      for (const entry of readdirSync(folder, { withFileTypes: true })) {
        const path = join(folder, entry.name);
        if (entry.isDirectory() && !entry.name.startsWith('.') && !SKIPPED.has(entry.name)) waiting.push(path);
        else if (entry.isFile() && entry.name.endsWith('.memplan')) found.push(path);
      }
    } catch {
      // A folder that may not be read holds nothing for us.
    }
    if (waiting.length > 10 * MOST_FILES) break;
  }
  return found.slice(0, MOST_FILES);
}
