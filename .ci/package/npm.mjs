// `npm run package:npm`: the command line and the planner as an npm package, in out/packages. What only an editor needs is left
// out of it; its one dependency is the GPU library.
import { execFileSync } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { notices } from './licences.mjs';
import { declarations } from './types.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '../..');
const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';
const BUNDLES = ['cli', 'server', 'runner', 'library'];
const KEPT = ['name', 'version', 'description', 'license', 'type', 'keywords', 'dependencies'];
const BUDGET_MIB = 1.5;

const work = mkdtempSync(join(tmpdir(), 'memplan-npm-'));
process.once('exit', () => rmSync(work, { recursive: true, force: true }));
const metafile = join(work, 'bundles.json');
const folder = join(work, 'package');
const build = ['esbuild.mjs', '--minify', `--only=${BUNDLES}`, `--outdir=${join(folder, 'dist')}`, `--metafile=${metafile}`];
execFileSync(process.execPath, build, { cwd: root, stdio: 'inherit' });
chmodSync(join(folder, 'dist/cli.mjs'), 0o755);
const metas = Object.values(JSON.parse(readFileSync(metafile, 'utf8')));

for (const name of ['LICENSE', 'CHANGELOG.md', 'language/reference.md']) cpSync(join(root, name), join(folder, name));
cpSync(join(root, 'media/npm.md'), join(folder, 'README.md'));
writeFileSync(join(folder, 'THIRD-PARTY-NOTICES.txt'), notices(root, 'universal', {}, metas, null, false));
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const { description } = JSON.parse(readFileSync(join(root, 'package.nls.json'), 'utf8'));
writeFileSync(
  join(folder, 'package.json'),
  `${JSON.stringify(
    {
      ...Object.fromEntries(KEPT.map((key) => [key, manifest[key]])),
      description,
      bin: manifest.bin,
      engines: { node: manifest.engines.node },
      exports: {
        '.': { types: `./${declarations(root, join(folder, 'dist'))}`, default: './dist/memplan.mjs' },
        './package.json': './package.json',
      },
    },
    null,
    2,
  )}\n`,
);
const out = join(root, 'out/packages');
mkdirSync(out, { recursive: true });
const packed = execFileSync(npm, ['pack', '--json', `--pack-destination=${out}`], {
  cwd: folder,
  encoding: 'utf8',
  shell: process.platform === 'win32',
});
const [{ filename }] = JSON.parse(packed);
const size = statSync(join(out, filename)).size / 2 ** 20;
console.log(`${filename} ${size.toFixed(2)} MiB of ${BUDGET_MIB}`);
process.exit(size > BUDGET_MIB ? 1 : 0);
