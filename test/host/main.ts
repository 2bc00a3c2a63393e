/** The tests in a real VS Code: a suite inside its extension host, then walks through its workbench as a person takes them. */
import { cp, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runTests } from '@vscode/test-electron';
import { version } from '../../package.json';
import { add, type Counts } from './checks';
import { launchChromium } from './chromium';
import { run } from './shell';
import { walk } from './walk';
import { walkKilled } from './walk-killed';
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

const only = process.argv.slice(2).filter((argument) => !argument.startsWith('-'));
const wanted = (name: string) => only.length === 0 || only.includes(name);
const counts: Counts[] = [];
if (wanted('suite')) {
  const folder = await workspace();
  counts.push(await inHost(folder));
  await rm(folder, { recursive: true, force: true });
}
if (['walk', 'panel', 'untrusted', 'killed', 'package', 'web'].some(wanted)) {
  const browser = await launchChromium(root);
  for (const [name, take] of [
    ['walk', walk],
    ['panel', walkPanel],
    ['untrusted', walkUntrusted],
  ] as const) {
    if (!wanted(name)) continue;
    const folder = await workspace();
    counts.push(await take({ root, folder, browser }));
    await rm(folder, { recursive: true, force: true });
  }
  if (wanted('web')) counts.push(await walkWeb({ root, browser }));
  if (wanted('killed')) {
    const folder = await workspace();
    counts.push(await walkKilled({ root, folder, browser, vsix: await packageFor('universal') }));
    await rm(folder, { recursive: true, force: true });
  }
  if (wanted('package')) {
    const folder = await workspace();
    counts.push(await walk({ root, folder, browser, vsix: await packageFor('linux-x64') }));
    await rm(folder, { recursive: true, force: true });
  }
  await browser.close();
}
const { passed, failed } = add(...counts);
console.log(`\n${passed} passed, ${failed} failed`);
process.exit(failed > 0 ? 1 : 0);
