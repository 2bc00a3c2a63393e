/**
 * The GPU library: the package `webgpu` beside the bundles, as the platforms' packages carry it, or the one that is installed globally for
 * the Node that runs this process.
 */
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { RunnerError } from './errors';

type Dawn = typeof import('webgpu');

/** Where global packages lie beside a Node's executable: on Windows, and elsewhere. */
export const globalFolders = (execPath: string): string[] => [
  join(dirname(execPath), 'node_modules'),
  join(dirname(execPath), '..', 'lib', 'node_modules'),
];

/** Loads it. Throws `RunnerError`: `no-webgpu` where there is none, `webgpu-broken` where this machine refuses it. */
export async function loadDawn(
  load: (path: string) => Promise<unknown> = (path) => import(path),
  platform = `${process.platform}-${process.arch}`,
): Promise<Dawn> {
  const places = ['webgpu', ...globalFolders(process.execPath).map((folder) => join(folder, 'webgpu'))];
  for (const place of places) {
    try {
      return (await load(place === 'webgpu' ? place : entryOf(place))) as Dawn;
    } catch (error) {
      if (isMissing(error)) continue;
      const [line = ''] = (error instanceof Error ? error.message : String(error)).split('\n');
      throw new RunnerError('webgpu-broken', `The GPU library cannot be loaded on this machine: ${line.replace(/\.$/, '')}.`);
    }
  }
  throw new RunnerError(
    'no-webgpu',
    `This package of Memplan carries no GPU library for ${platform}: install one with \`npm install --global webgpu\`, and set memplan.runner.nodePath to the Node that it was installed for.`,
  );
}

function entryOf(folder: string): string {
  return pathToFileURL(createRequire(join(folder, 'package.json')).resolve(folder)).href;
}

/** Neither the package nor, in it, a binary for this platform. */
const isMissing = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && (error.code === 'ERR_MODULE_NOT_FOUND' || error.code === 'MODULE_NOT_FOUND');
