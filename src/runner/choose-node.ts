/**
 * Which Node runs the runner. It must be a real one: Electron forbids external array buffers, and without them no buffer of the
 * GPU can be read back, whatever `ELECTRON_RUN_AS_NODE` says.
 */
import { posix, win32 } from 'node:path';

export interface Surroundings {
  /** Path from the user's setting; empty for none. */
  setting: string;
  /** The executable that this process runs in, and whether that is Electron. */
  execPath: string;
  electron: boolean;
  /** Folder of the bundles; the packages of a platform carry a Node beside it. */
  dist: string;
  /** The PATH variable. */
  path: string;
  windows: boolean;
  /** Whether a path is a file that can be started. */
  startable(path: string): boolean;
}

export type Choice = { node: string; from: 'setting' | 'own' | 'bundled' | 'path' } | { problem: string };

export function chooseNode(around: Surroundings): Choice {
  const { delimiter, isAbsolute, join } = around.windows ? win32 : posix;
  const name = around.windows ? 'node.exe' : 'node';
  if (around.setting) {
    if (around.startable(around.setting)) return { node: around.setting, from: 'setting' };
    return {
      problem: `The Node at ${around.setting} (setting memplan.runner.nodePath) cannot be started: set the path of a Node 20 or newer.`,
    };
  }
  if (!around.electron) return { node: around.execPath, from: 'own' };
  const beside = [join(around.dist, 'node', name), join(around.dist, 'node', 'bin', name)].find(around.startable);
  if (beside) return { node: beside, from: 'bundled' };
  const found = around.path
    .split(delimiter)
    // A relative folder would be whatever lies there at the time.
    .filter(isAbsolute)
    .map((folder) => join(folder, name))
    .find(around.startable);
  if (found) return { node: found, from: 'path' };
  return {
    problem:
      'Running on the GPU needs Node 20 or newer, and none was found: install it, or set memplan.runner.nodePath to its path.',
  };
}
