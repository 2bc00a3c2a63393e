/** Which folder a file on the command line may read from. */
import { existsSync } from 'node:fs';
import { dirname, isAbsolute, join, relative, resolve, sep } from 'node:path';

/** The working directory where the file lies in it, else the repository around the file, else its folder. */
export function workspaceOf(file: string, directory = process.cwd()): string {
  const folder = dirname(resolve(directory, file));
  const way = relative(directory, folder);
  if (way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way)) return directory;
  for (let at = folder; ; at = dirname(at)) {
    if (existsSync(join(at, '.git'))) return at;
    if (dirname(at) === at) return folder;
  }
}
