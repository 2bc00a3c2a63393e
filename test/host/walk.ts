/** The main path as a person takes it: open, read, estimate, edit, click, run, cancel. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Browser, Locator, Page } from 'playwright-core';
import type { EstimateReply } from '../../src/protocol';
import { type Counts, kill, runSteps, type Step, until } from './checks';
import { type ServerOptions, startServer } from './code-server';
import { clickLens } from './lens';
import { shrink } from './proxy';
import { openFile, openWorkbench, panelFrame } from './workbench';

export interface WalkOptions {
  root: string;
  folder: string;
  browser: Browser;
  /** A package to walk through in place of this folder: installed into a fresh server that finds no Node and nothing of ours. */
  vsix?: string | undefined;
}

const FILE = 'long-context.memplan';
type PlanReport = NonNullable<EstimateReply['plans'][number]['estimate']>;

/** What the command line says of the same file: the panel must say the same. */
async function estimates(root: string, file: string): Promise<Map<string, PlanReport>> {
  const args = [join(root, 'dist/cli.mjs'), 'estimate', file, '--json'];
  const { stdout } = await promisify(execFile)(process.execPath, args, { maxBuffer: 2 ** 26 }).catch(
    // Exit status 1 says that a plan does not fit, which is what the example is about.
    (error: { stdout: string }) => error,
  );
  const { plans } = JSON.parse(stdout) as { plans: PlanReport[] };
  return new Map(plans.map((plan) => [plan.name, plan]));
}

export const bars = (root: Locator) =>
  root.locator('.waterfall .row').evaluateAll((rows) =>
    rows.map((row) => ({
      label: row.getAttribute('data-label') ?? '',
      role: row.getAttribute('data-role'),
      bytes: Number(row.getAttribute('data-bytes')),
    })),
  );

/** The panel's root once it is drawn; later than `revision` where one is given. */
export async function drawn(page: Page, revision = 0): Promise<Locator> {
  const root = panelFrame(page).locator('#root');
  await root.and(panelFrame(page).locator('[data-state=rendered]')).waitFor({ timeout: 60_000 });
  await root.evaluate(
    (element, after) =>
      new Promise<void>((resolve, reject) => {
        const seen = () => `state ${element.dataset.state}, revision ${element.dataset.revision}`;
        setTimeout(() => reject(new Error(`no picture after revision ${after}: ${seen()}`)), 30_000);
        const look = () => element.dataset.state === 'rendered' && Number(element.dataset.revision) > after && resolve();
        new MutationObserver(look).observe(element, { attributes: true });
        look();
      }),
    revision,
  );
  return root;
}

export async function walk({ root, folder, browser, vsix }: WalkOptions): Promise<Counts> {
  const expected = await estimates(root, join(folder, FILE));
  // The package brings the slower of the two software drivers.
  await shrink(join(folder, FILE), vsix === undefined ? 64 : 32);
  const edited = join(folder, 'edited.memplan');
  await writeFile(edited, (await readFile(join(folder, FILE), 'utf8')).replace('let ctx = 32k', 'let ctx = 16k'));
  const half = (await estimates(root, edited)).get('longform');
  await rm(edited);
  const server = await startServer(root, vsix === undefined ? {} : installed(vsix, folder));
  const { page, problems } = await openWorkbench(browser, server, vsix === undefined ? { root, folder } : { folder });
  page.setDefaultTimeout(60_000);
  const panel = panelFrame(page);

  const steps: Step[] = [
    [
      'the example opens, coloured',
      async () => {
        await page.locator('.monaco-workbench .part.editor').waitFor();
        await openFile(page, FILE);
        await page.locator('.view-line [class^=mtk]:not(.mtk1)').first().waitFor();
        const colours = new Set(
          await page.locator('.view-line [class^=mtk]').evaluateAll((spans) => spans.map((span) => getComputedStyle(span).color)),
        ).size;
        assert.ok(colours >= 3, `${colours} colours`);
      },
    ],
    [
      'plan full is underlined, and its error says by how much and when',
      async () => {
        await page.locator('.squiggly-error').first().waitFor();
        await page.keyboard.press('Control+Shift+M');
        const row = page.locator('.markers-panel .monaco-list-row', { hasText: 'exceeds-memory' }).first();
        await row.waitFor();
        const words = (await row.textContent()) ?? '';
        assert.match(words, /GiB/);
        assert.match(words, /forward|backward|optimizer/);
        await page.keyboard.press('Control+Shift+M');
      },
    ],
    [
      'Estimate above longform opens the waterfall beside the file',
      async () => {
        await clickLens(page, 'longform', 'Estimate');
        await drawn(page);
        assert.equal(await panel.locator('[data-role=result]').getAttribute('data-label'), 'longform');
      },
    ],
    [
      'its bars are those of the estimate, and add up to it to the byte',
      async () => {
        const shown = await bars(await drawn(page));
        const plan = expected.get('longform');
        assert.ok(plan);
        const result = shown.pop();
        assert.equal(result?.role, 'result');
        assert.equal(result?.bytes, plan.peak.allocated);
        assert.deepEqual(
          shown.map(({ label, bytes }) => [label, bytes]),
          plan.waterfall.map(({ label, before, after }) => [label, after - before]),
        );
        assert.equal(
          shown.reduce((sum, { bytes }) => sum + bytes, 0),
          plan.peak.allocated,
        );
        assert.equal(await panel.locator('[data-role=capacity]').getAttribute('data-bytes'), String(plan.capacity));
      },
    ],
    [
      'a click on a bar puts the cursor on the words that made it',
      async () => {
        await panel.locator('.row[data-label^=streambp]').click();
        const line = (await page.locator('.view-line').allTextContents()).length;
        assert.ok(line > 0);
        await page.locator('#status\\.editor\\.selection', { hasText: /selected/ }).waitFor();
        const words = await page.locator('#status\\.editor\\.selection').textContent();
        assert.match(words ?? '', /Ln 17\b/);
        await panel.locator('.row.lit[data-label^=streambp]').waitFor();
      },
    ],
    [
      'another plan is chosen from the list',
      async () => {
        await panel.locator('vscode-dropdown').click();
        await panel.locator('vscode-option', { hasText: 'full' }).click();
        await panel.locator('[data-role=result][data-label=full]').waitFor();
        assert.match((await panel.locator('.answer .verdict').textContent()) ?? '', /Does not fit .* over/);
        await panel.locator('vscode-dropdown').click();
        await panel.locator('vscode-option', { hasText: 'longform' }).click();
        await panel.locator('[data-role=result][data-label=longform]').waitFor();
      },
    ],
    [
      'typing in the file changes the picture',
      async () => {
        const element = await drawn(page);
        const revision = Number(await element.getAttribute('data-revision'));
        const before = await bars(element);
        await page.locator('.view-line', { hasText: 'let ctx' }).click({ position: { x: 4, y: 8 } });
        await retype(page, '16k');
        assert.ok(half && half.peak.allocated < (before.at(-1)?.bytes ?? 0), 'half the context takes less memory');
        await element.locator(`[data-role=result][data-bytes="${half.peak.allocated}"]`).waitFor();
        assert.ok(Number(await element.getAttribute('data-revision')) > revision, 'a later revision is drawn');
        await retype(page, '32k');
        await element.locator(`[data-role=result][data-bytes="${before.at(-1)?.bytes}"]`).waitFor();
      },
    ],
    [
      'the timeline shows the moment of the peak that the estimate names',
      async () => {
        await panel.locator('#tab-timeline').click();
        await panel.locator('.timeline .areas path').first().waitFor();
        await panel.locator('.tools vscode-button', { hasText: 'Peak' }).click();
        const { phase, layer, op } = expected.get('longform')?.peakAt ?? { phase: '', op: '' };
        const words = [phase, layer === undefined ? null : `layer ${layer}`, op].filter(Boolean).join(', ');
        await panel.locator('.moment', { hasText: words }).waitFor();
      },
    ],
    [
      'every plan of the file stands in the comparison with its bytes on the card',
      async () => {
        await panel.locator('#tab-compare').click();
        const shown = await panel
          .locator('.compare [data-plan]')
          .evaluateAll((rows) => rows.map((row) => [row.getAttribute('data-plan'), Number(row.getAttribute('data-bytes'))]));
        assert.deepEqual(
          shown,
          [...expected.values()].map(({ name, peak }) => [name, peak.device]),
        );
        await panel.locator('#tab-waterfall').click();
      },
    ],
    [
      'Run on GPU runs the proxy and shows a verdict for each check',
      async () => {
        await page.locator('.view-line', { hasText: 'plan longform' }).click({ position: { x: 4, y: 8 } });
        await clickLens(page, 'longform', 'Run on GPU');
        await panel.locator('#root[data-state=running]').waitFor();
        // The Node that the package carries, and the program beside it: nothing else is within reach.
        if (vsix !== undefined) assert.equal((await server.processes('dist/node/node')).length, 1);
        await panel.locator('[data-outcome]').waitFor({ timeout: 400_000 });
        assert.equal(
          await panel.locator('[data-outcome]').getAttribute('data-outcome'),
          'passed',
          (await panel.locator('[data-outcome]').textContent()) ?? '',
        );
        const verdicts = await panel
          .locator('[data-check]')
          .evaluateAll((rows) => rows.map((row) => [row.getAttribute('data-technique'), row.getAttribute('data-passed')]));
        for (const technique of ['streambp', 'galore', 'int8'])
          assert.ok(
            verdicts.some(([name]) => name?.startsWith(technique)),
            `${technique} in ${verdicts}`,
          );
        assert.ok(
          verdicts.every(([, passed]) => passed === 'true'),
          String(verdicts),
        );
      },
    ],
    [
      'predicted and counted bytes are equal, software is called so, the loss falls',
      async () => {
        const memory = await panel
          .locator('[data-memory]')
          .evaluateAll((rows) => rows.map((row) => [row.getAttribute('data-predicted'), row.getAttribute('data-measured')]));
        assert.ok(memory.length > 0);
        for (const [predicted, measured] of memory) assert.equal(predicted, measured);
        const adapter = panel.locator('.adapter');
        if ((await adapter.getAttribute('data-software')) === 'true')
          assert.match((await adapter.textContent()) ?? '', /software, no GPU/);
        assert.ok((await panel.locator('.loss path.curve').count()) > 0);
      },
    ],
    [
      'the lens above the plan says the verdict',
      async () => {
        await page
          .locator('.codelens-decoration a', { hasText: /^Run on GPU: \d+ checks passed, / })
          .first()
          .waitFor();
      },
    ],
    [
      'a run is cancelled from the panel and leaves no process behind',
      async () => {
        await panel.locator('header vscode-button', { hasText: 'Run on GPU' }).click();
        await panel.locator('#root[data-state=running]').waitFor();
        await panel.locator('.run .progress vscode-button', { hasText: 'Cancel' }).click();
        await panel.locator('[data-outcome=cancelled]').waitFor();
        assert.deepEqual(await server.processes('runner.mjs'), []);
      },
    ],
    [
      'a runner that is killed ends its run with a sentence, and the panel stands',
      async () => {
        await panel.locator('header vscode-button', { hasText: 'Run on GPU' }).click();
        await panel.locator('#root[data-state=running]').waitFor();
        await until(async () => (await server.processes('runner.mjs')).length > 0);
        // Without a GPU one process after the other looks for a driver: none of them is spared.
        await until(async () => {
          for (const id of await server.processes('runner.mjs')) kill(id);
          return (await panel.locator('[data-outcome=error]').count()) > 0;
        });
        await panel.locator('[data-outcome=error]', { hasText: 'ended without an answer' }).waitFor();
        assert.deepEqual(await server.processes('runner.mjs'), []);
      },
    ],
    [
      'a language server that is killed comes back by itself, and the picture goes on following the file',
      async () => {
        await panel.locator('#tab-waterfall').click();
        const killed = await server.processes('server.mjs');
        assert.equal(killed.length, 1);
        for (const id of killed) kill(id);
        await page.locator('.view-line', { hasText: 'let ctx' }).click({ position: { x: 4, y: 8 } });
        await retype(page, '16k');
        await panel.locator(`[data-role=result][data-bytes="${half?.peak.allocated}"]`).waitFor();
        assert.notDeepEqual(await server.processes('server.mjs'), killed);
        await retype(page, '32k');
        await panel.locator(`[data-role=result][data-bytes="${expected.get('longform')?.peak.allocated}"]`).waitFor();
      },
    ],
    [
      'the panel is there again after the window is reloaded',
      async () => {
        await page.reload();
        const element = await drawn(page);
        assert.equal((await bars(element)).at(-1)?.role, 'result');
      },
    ],
    ['the panel broke no policy and logged no error', async () => assert.deepEqual(problems, [])],
  ];
  const title = vsix === undefined ? 'In the workbench' : 'In the workbench, from the package';
  const counts = await runSteps(title, steps, { chained: true, onFailure: (name) => keep(page, root, name) });
  await page.close();
  await server.stop();
  return counts;
}

/** A server with the package in it, whose runs take the Node that the package carries, and no PATH to find another. */
const installed = (vsix: string, folder: string): ServerOptions => ({
  vsix,
  machine: (extension) => ({ 'memplan.runner.nodePath': join(extension, 'dist/node/node') }),
  environment: { PATH: folder, NODE_PATH: '' },
});

/** Writes another number at the end of the cursor's line. */
export async function retype(page: Page, text: string): Promise<void> {
  await page.keyboard.press('End');
  for (const _ of text) await page.keyboard.press('Backspace');
  await page.keyboard.type(text);
}

/** What a failing step saw: a picture, and in words what stood on the page. */
export async function keep(page: Page, root: string, name: string): Promise<void> {
  const folder = join(root, 'out/host-failures');
  await mkdir(folder, { recursive: true });
  await page.screenshot({ path: join(folder, `${name.replace(/\W+/g, '-')}.png`) }).catch(() => undefined);
  for (const [what, selector] of SEEN) {
    const texts = await page
      .locator(selector)
      .allInnerTexts()
      .catch(() => []);
    if (texts.length > 0) console.log(`      ${what}: ${texts.join(' | ').replace(/\s+/g, ' ').slice(0, 300)}`);
  }
  const state = await panelFrame(page)
    .locator('#root')
    .getAttribute('data-state', { timeout: 2000 })
    .catch(() => 'no page');
  console.log(`      panel: ${state}`);
}

const SEEN = [
  ['tabs', '.tab'],
  ['menus', '.monaco-menu'],
  ['pickers', '.quick-input-widget:visible'],
  ['notifications', '.notification-toast'],
  ['dialogs', '.monaco-dialog-box'],
] as const;
