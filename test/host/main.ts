/** The tests in a real VS Code: a suite inside its extension host, then walks through its workbench as a person takes them. */
import { cp, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runTests } from '@vscode/test-electron';
import { version } from '../../package.json';
import { add, type Counts } from './checks';
import { launchChromium } from './chromium';
import { run } from './shell';
import { type WalkOptions, walk } from './walk';
import { walkKilled } from './walk-killed';
import { walkLanguage } from './walk-language';
import { walkPanel } from './walk-panel';
import { walkUntrusted } from './walk-untrusted';
import { walkWeb } from './web';
import { built } from './workbench';

const root = process.cwd();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130));

/** A copy of the examples, so that a test may edit them. */
async function workspace(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'memplan-workspace-'));
  await cp(join(root, 'media/examples'), folder, { recursive: true });
  return folder;
}

async function inHost(folder: string): Promise<Counts> {
  const results = join(folder, '..', `memplan-results-${process.pid}.json`);
  const exit = await runTests({
    vscodeExecutablePath: process.env.MEMPLAN_VSCODE ?? built(root, 'vscode.mjs'),
    extensionDevelopmentPath: root,
    extensionTestsPath: built(root, 'suite/index.cjs'),
    launchArgs: [folder],
    extensionTestsEnv: { MEMPLAN_RESULTS: results },
  }).catch((error: Error) => {
    console.log(error.message);
    return 1;
  });
  const counts = await readFile(results, 'utf8').then(
    (text) => JSON.parse(text) as Counts,
    () => ({ passed: 0, failed: 1 }),
  );
  await rm(results, { force: true });
  return exit === 0 || counts.failed > 0 ? counts : { ...counts, failed: 1 };
}

/** A package, built now: never one of yesterday. */
async function packageFor(target: 'linux-x64' | 'universal'): Promise<string> {
  await run(process.execPath, ['.ci/package/main.mjs', `--targets=${target}`], root);
  return join(root, 'out/packages', `memplan-${version}${target === 'universal' ? '' : `-${target}`}.vsix`);
}

type Walk = (options: WalkOptions) => Promise<Counts>;

const only = process.argv.slice(2).filter((argument) => !argument.startsWith('-'));
const wanted = (name: string) => only.length === 0 || only.includes(name);
const counts: Counts[] = [];
if (wanted('suite')) {
  const folder = await workspace();
  counts.push(await inHost(folder));
  await rm(folder, { recursive: true, force: true });
}
const browser = await launchChromium(root);

/** A walk from its beginning in a workspace and a workbench of its own. */
async function once(take: Walk, vsix?: string): Promise<Counts> {
  const folder = await workspace();
  const counts = await take({ root, folder, browser, vsix }).catch((error: Error) => {
    console.log(error.stack);
    return { passed: 0, failed: 1 };
  });
  await rm(folder, { recursive: true, force: true });
  return counts;
}

/**
 * The workbench is another's program on a machine that may be busy: a walk that failed is taken once more, which is said, and counts as
 * it then goes.
 */
async function attempt(name: string, take: Walk, vsix?: string): Promise<Counts> {
  const first = await once(take, vsix);
  if (first.failed === 0) return first;
  console.log(`  ! the walk “${name}” failed; it is taken once more, from its beginning`);
  return once(take, vsix);
}

const walks: [name: string, take: Walk, target?: 'linux-x64' | 'universal'][] = [
  ['walk', walk],
  ['panel', walkPanel],
  ['untrusted', walkUntrusted],
  ['language', walkLanguage],
  ['web', walkWeb],
  ['killed', walkKilled, 'universal'],
  ['package', walk, 'linux-x64'],
];
for (const [name, take, target] of walks)
  if (wanted(name)) counts.push(await attempt(name, take, target && (await packageFor(target))));
await browser.close();
const { passed, failed } = add(...counts);
console.log(`\n${passed} passed, ${failed} failed`);
process.exit(failed > 0 ? 1 : 0);
