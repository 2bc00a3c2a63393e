// Runs every check and suite in order, cheapest first, and ends with one line that counts them all.
// `node test/run.mjs` runs all; `node test/run.mjs unit cli` runs those.
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const results = mkdtempSync(join(tmpdir(), 'memplan-test-'));
const bin = (name, file) => [process.execPath, join(root, 'node_modules', name, file)];
const NPM = process.platform === 'win32' ? 'npm.cmd' : 'npm';

/** Runs a program with its output shown; resolves to its exit status and what it printed on standard output. */
function show([program, ...args], env = {}) {
  return new Promise((resolve) => {
    const child = spawn(program, args, {
      cwd: root,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'inherit'],
      shell: program === NPM && process.platform === 'win32',
    });
    let text = '';
    child.stdout.on('data', (part) => {
      process.stdout.write(part);
      text = (text + part).slice(-65_536);
    });
    child.on('error', (error) => resolve({ status: 1, text: `${program}: ${error.message}` }));
    child.on('close', (status) => resolve({ status: status ?? 1, text }));
  });
}

/** A check that either holds or not. */
const check = (command) => async () => {
  const { status } = await show(command);
  return { passed: status === 0 ? 1 : 0, failed: status === 0 ? 0 : 1, skipped: [] };
};

/** Vitest over folders of test/; counts from its own report. */
const vitest = (folders) => async (name) => {
  const report = join(results, `${name}.json`);
  const command = [...bin('vitest', 'vitest.mjs'), 'run', '--reporter=dot', '--reporter=json', `--outputFile.json=${report}`];
  const { status } = await show([...command, ...folders.map((folder) => `test/${folder}/`)], { CI: '1' });
  if (!existsSync(report)) return { passed: 0, failed: 1, skipped: [], note: 'it ended without a report' };
  const { numPassedTests, numFailedTests, numFailedTestSuites, testResults } = JSON.parse(readFileSync(report, 'utf8'));
  const skipped = testResults
    .flatMap((file) => file.assertionResults)
    .filter(({ status: state }) => state === 'skipped' || state === 'pending' || state === 'todo')
    .map(({ fullName }) => fullName);
  // Named again at the very end, where the log of a long run is read.
  const failures = testResults.flatMap((file) => {
    const tests = file.assertionResults.filter(({ status: state }) => state === 'failed');
    const why = (text) => text?.split('\n').find((line) => line.trim() !== '') ?? '';
    if (tests.length === 0 && file.status === 'failed') return [`${file.name}: ${why(file.message)}`];
    return tests.map(({ fullName, failureMessages }) => `${fullName}\n${failureMessages.join('\n').slice(0, 2000)}`);
  });
  // A file that does not load has no tests to fail, and is a failure all the same.
  const failed = numFailedTests > 0 ? numFailedTests : numFailedTestSuites > 0 ? 1 : 0;
  return { passed: numPassedTests, failed: Math.max(failed, status === 0 ? 0 : 1), skipped, failures };
};

/** A script whose output ends with `N passed, N failed` (and `, N skipped` where any). */
const counted = (script) => async () => {
  const { status, text } = await show([NPM, 'run', '--silent', script]);
  const [, passed, failed, skipped = '0'] =
    [...text.matchAll(/^\s*(\d+) passed, (\d+) failed(?:, (\d+) skipped)?\s*$/gm)].at(-1) ?? [];
  if (passed === undefined) return { passed: 0, failed: 1, skipped: [], note: 'it ended without saying how many passed' };
  return {
    passed: Number(passed),
    failed: Math.max(Number(failed), status === 0 ? 0 : 1),
    skipped: Array.from({ length: Number(skipped) }, (_, index) => `${script} ${index + 1}`),
  };
};

const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const OWN = ['repository', 'language', 'runner', 'cli', 'webview', 'package', 'host', 'bench'];
const hasTests = (folder) =>
  readdirSync(join(root, 'test', folder), { recursive: true }).some((file) => String(file).endsWith('.test.ts'));
const folders = readdirSync(join(root, 'test'), { withFileTypes: true })
  .filter((entry) => entry.isDirectory() && entry.name !== 'host' && hasTests(entry.name))
  .map((entry) => entry.name);
/** Folders without a suite of their own are unit tests, so that none is forgotten. */
const unit = folders.filter((folder) => !OWN.includes(folder));
const suite = (folder) => (folders.includes(folder) ? { [folder]: vitest([folder]) } : {});

const suites = {
  build: check([NPM, 'run', '--silent', 'build']),
  lint: check([...bin('@biomejs/biome', 'bin/biome'), 'check', '--error-on-warnings', '.']),
  types: check([...bin('typescript', 'bin/tsc')]),
  ...suite('repository'),
  unit: vitest(unit),
  ...suite('language'),
  ...suite('cli'),
  ...suite('runner'),
  ...suite('webview'),
  ...suite('package'),
  ...(manifest.scripts['test:host'] === undefined ? {} : { host: counted('test:host') }),
};

const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !(name in suites));
if (unknown.length > 0) {
  console.error(`there is no suite ${unknown.join(', ')}; there are ${Object.keys(suites).join(', ')}`);
  process.exit(2);
}

const rows = [];
for (const [name, run] of Object.entries(suites)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  console.log(`\n── ${name} ──`);
  const started = performance.now();
  const result = await run(name);
  rows.push({ name, seconds: (performance.now() - started) / 1000, ...result });
}
rmSync(results, { recursive: true, force: true });

console.log('\n── all ──');
for (const { name, failures = [] } of rows) for (const failure of failures) console.log(`${name}: ${failure}\n`);
for (const { name, passed, failed, skipped, seconds, note } of rows) {
  const skips = skipped.length > 0 ? `, ${skipped.length} skipped` : '';
  console.log(
    `${name.padEnd(12)}${passed} passed, ${failed} failed${skips} (${seconds.toFixed(1)} s)${note === undefined ? '' : `: ${note}`}`,
  );
  for (const test of skipped) console.log(`            skipped: ${test}`);
}
const sum = (count) => rows.reduce((total, row) => total + count(row), 0);
const failed = sum((row) => row.failed);
const skipped = sum((row) => row.skipped.length);
console.log(`\n${sum((row) => row.passed)} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`);
process.exit(failed > 0 ? 1 : 0);
