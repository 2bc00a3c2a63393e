// A real Node for each target, from the packages that carry Node's own binaries. What comes is compared with the hash that is
// written down in targets.json before anything of it is used.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';

const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';

/** Folder with `bin/node` or `bin/node.exe`, and `LICENSE` where the package has one. */
export function nodeFor(target, { node }, cache) {
  const wanted = node[target];
  const folder = join(cache, `node-${node.version}-${target}`);
  if (existsSync(folder)) return folder;
  mkdirSync(cache, { recursive: true });
  // Into a folder beside the final one first, so that an interrupted run leaves nothing half done.
  const draft = mkdtempSync(`${folder}-`);
  const shell = process.platform === 'win32';
  execFileSync(npm, ['pack', '--silent', `${wanted.package}@${node.version}`], {
    cwd: draft,
    shell,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const [archive] = readdirSync(draft);
  const integrity = `sha512-${createHash('sha512')
    .update(readFileSync(join(draft, archive)))
    .digest('base64')}`;
  if (integrity !== wanted.integrity) {
    rmSync(draft, { recursive: true, force: true });
    throw new Error(
      `${wanted.package} ${node.version} is not the one that is wanted: ${integrity} instead of ${wanted.integrity}`,
    );
  }
  execFileSync('tar', ['-xzf', archive, '--exclude=package/include', '--exclude=package/share', '--strip-components=1'], {
    cwd: draft,
  });
  rmSync(join(draft, archive));
  renameSync(draft, folder);
  return folder;
}
