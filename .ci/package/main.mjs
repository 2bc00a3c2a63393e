// `npm run package`: one vsix for each target with that target's GPU library, its Node and, on Linux, a software driver;
// and the universal one without. `--targets=linux-x64,universal` makes some. A package over its budget fails the build.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createVSIX } from '@vscode/vsce';
import { notices } from './licences.mjs';
import { parts } from './made-of.mjs';
import { nodeFor } from './node.mjs';
import { stage } from './stage.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const root = join(here, '../..');
const config = JSON.parse(readFileSync(join(here, 'targets.json'), 'utf8'));
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const out = join(root, 'out/packages');
const flag = process.argv.find((argument) => argument.startsWith('--targets='));
const targets = flag ? flag.slice('--targets='.length).split(',') : Object.keys(config.budgetMiB);
const unknown = targets.filter((target) => !(target in config.budgetMiB));
if (unknown.length > 0) {
  console.error(`there is no target ${unknown.join(', ')}; there are ${Object.keys(config.budgetMiB).join(', ')}`);
  process.exit(2);
}

const work = mkdtempSync(join(tmpdir(), 'memplan-package-'));
process.once('exit', () => rmSync(work, { recursive: true, force: true }));
const bundles = join(work, 'bundles');
const metafile = join(work, 'bundles.json');
const arguments_ = ['esbuild.mjs', '--minify', `--outdir=${bundles}`, `--metafile=${metafile}`];
execFileSync(process.execPath, arguments_, { cwd: root, stdio: 'inherit' });
const metas = Object.values(JSON.parse(readFileSync(metafile, 'utf8')));
mkdirSync(out, { recursive: true });

const packageOf = async (target) => {
  const universal = target === 'universal';
  // The Windows packages of Node come without its licence, which is the same text.
  const licensed = universal ? null : nodeFor('linux-x64', config, join(root, '.cache'));
  const node = universal ? null : nodeFor(target, config, join(root, '.cache'));
  const folder = join(work, target);
  const words = (driver) => notices(root, target, config, metas, licensed, driver);
  stage({ root, folder, bundles, target, config, node, notices: words });
  const packagePath = join(out, `memplan-${version}${universal ? '' : `-${target}`}.vsix`);
  await createVSIX({
    cwd: folder,
    packagePath,
    ...(universal ? {} : { target }),
    dependencies: false,
    allowMissingRepository: true,
    rewriteRelativeLinks: false,
  });
  rmSync(folder, { recursive: true, force: true });
  return packagePath;
};

let over = false;
const rows = [];
for (const target of targets) {
  const path = await packageOf(target);
  const size = statSync(path).size / 2 ** 20;
  const budget = config.budgetMiB[target];
  over ||= size > budget;
  rows.push(
    `${target.padEnd(14)} ${size.toFixed(1).padStart(6)} MiB of ${String(budget).padStart(4)}: ${await parts(path)}${size > budget ? '  OVER ITS BUDGET' : ''}`,
  );
}
console.log(`\n${rows.join('\n')}`);
process.exit(over ? 1 : 0);
