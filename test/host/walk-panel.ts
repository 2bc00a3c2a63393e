/** The panel's views as a person takes them: what if, compare, sweeps, ways to fit; reloads, another window, the explorer. */
import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { FrameLocator, Page } from 'playwright-core';
import { type Counts, runSteps, type Step } from './checks';
import { startServer } from './code-server';
import { handSteps } from './hands';
import { clickLens } from './lens';
import { bars, drawn, keep, retype, type WalkOptions } from './walk';
import { appears, chooseOfFile, openFile, openWorkbench, panelFrame, runCommand } from './workbench';

const FILE = 'long-context.memplan';
const SHORT = 'short.memplan';

/** The lines of the editor that are in sight; their order in the page is not that of the text. */
const lines = (page: Page) =>
  page.locator('.view-line').evaluateAll((all) => all.map((line) => (line.textContent ?? '').replaceAll('\u00a0', ' ')));

async function resultBytes(panel: FrameLocator): Promise<number> {
  return Number(await panel.locator('[data-role=result]').getAttribute('data-bytes'));
}

export async function walkPanel({ root, folder, browser }: WalkOptions): Promise<Counts> {
  // At the example's length no way leads onto the card; at a quarter of it several do.
  const text = await readFile(join(folder, FILE), 'utf8');
  await writeFile(join(folder, SHORT), text.replace('let ctx = 32k', 'let ctx = 4k'));
  const server = await startServer(root);
  const { page, problems } = await openWorkbench(browser, server, { root, folder, size: { width: 1700, height: 1000 } });
  page.setDefaultTimeout(60_000);
  const panel = panelFrame(page);
  let written = 0;

  const steps: Step[] = [
    [
      'the explorer’s menu opens the panel of a file that no editor shows',
      async () => {
        await page.locator('.monaco-workbench .part.editor').waitFor();
        await chooseOfFile(page, FILE, 'Estimate');
        await drawn(page);
        assert.equal(await page.locator(`.tab[data-resource-name="${FILE}"]`).count(), 0);
        await runCommand(page, 'View: Close All Editors');
      },
    ],
    [
      'the panel opens beside the file',
      async () => {
        await openFile(page, FILE);
        await clickLens(page, 'longform', 'Estimate');
        await drawn(page);
        written = await resultBytes(panel);
      },
    ],
    [
      'what if: a slider moved by the keyboard changes the picture, and nothing in the file',
      async () => {
        const before = await lines(page);
        await panel.locator('#tab-what-if').click();
        const slider = panel.locator('[data-turn=sequence] input[type=range]');
        await slider.focus();
        for (const _ of [1, 2]) await slider.press('ArrowLeft');
        await panel.locator('.answer .verdict', { hasText: 'With what is tried' }).waitFor();
        await panel.locator('[data-turn=sequence] .written', { hasText: 'file: 32k' }).waitFor();
        assert.ok((await resultBytes(panel)) < written);
        assert.deepEqual((await lines(page)).sort(), before.sort());
      },
    ],
    [
      'what if: a slider dragged by the mouse does the same',
      async () => {
        const before = await resultBytes(panel);
        // The answer to the step before moves what is below it.
        await panel.locator('.what-if[aria-busy=false]').waitFor();
        const slider = panel.locator('[data-turn="galore.rank"] input[type=range]');
        await slider.hover();
        const box = await slider.boundingBox();
        assert.ok(box);
        await page.mouse.down();
        await page.mouse.move(box.x + 4, box.y + box.height / 2, { steps: 8 });
        await page.mouse.up();
        await panel.locator('[data-turn="galore.rank"] .written', { hasText: 'file: 128' }).waitFor();
        await panel.locator(`[data-role=result]:not([data-bytes="${before}"])`).waitFor();
        await panel.locator('.what-if[aria-busy=false]').waitFor();
      },
    ],
    [
      'what if: applied, it is in the file with its comments; one undo takes all of it back',
      async () => {
        const tried = await resultBytes(panel);
        await panel.locator('vscode-button', { hasText: 'Apply to file' }).click();
        await page
          .locator('.view-line', { hasText: 'sequence 16k' })
          .or(page.locator('.view-line', { hasText: /sequence\s+16k/ }))
          .first()
          .waitFor();
        await panel.locator('#tab-waterfall').click();
        await panel.locator(`[data-role=result][data-bytes="${tried}"]`).waitFor();
        assert.ok((await lines(page)).some((line) => line.includes('// what is not repeated is inherited')));
        await page.locator('.view-line', { hasText: 'let ctx' }).click();
        await page.keyboard.press('Control+Z');
        await panel.locator(`[data-role=result][data-bytes="${written}"]`).waitFor();
        assert.ok((await lines(page)).every((line) => !/sequence\s+16k/.test(line)));
      },
    ],
    [
      'compare: plans side by side, as a difference, and the sweep with its crossing',
      async () => {
        await panel.locator('#tab-compare').click();
        assert.equal(await panel.locator('.compare [data-plan]').count(), 3);
        assert.equal(await panel.locator('[data-difference]').count(), 2);
        await panel.locator('.compare [data-plan=adapter]').press('Enter');
        await panel.locator('.sweep[data-sweep=sequence] [data-crossing]').first().waitFor();
        await panel.locator('.sweeps a', { hasText: 'sequence' }).click();
        await page.locator('#status\\.editor\\.selection', { hasText: 'Ln 30' }).waitFor();
      },
    ],
    [
      'make it fit: ways are found, and a point applies one as an edit that can be undone',
      async () => {
        await openFile(page, SHORT);
        await page.locator('.view-line', { hasText: 'plan full' }).click({ position: { x: 4, y: 8 } });
        await runCommand(page, 'Memplan: Make It Fit');
        const point = panelFrame(page).locator('.fit .choice').first();
        await point.waitFor();
        const over = page.locator('.codelens-decoration', { hasText: 'over by' });
        await over.waitFor();
        await point.focus();
        await point.press('Enter');
        await over.waitFor({ state: 'detached' });
        await page.locator('.view-line', { hasText: 'let ctx' }).click();
        await page.keyboard.press('Control+Z');
        await over.waitFor();
        await panelFrame(page).locator('.fit-view vscode-button', { hasText: 'Look again' }).click();
        await panelFrame(page).locator('.fit:not(.stale) .choice').first().click();
        await over.waitFor({ state: 'detached' });
        await page.locator('.view-line', { hasText: 'let ctx' }).click();
        await page.keyboard.press('Control+Z');
        await over.waitFor();
        await runCommand(page, 'View: Close All Editors');
        await openFile(page, FILE);
        await clickLens(page, 'longform', 'Estimate');
        await drawn(page);
      },
    ],
    [
      'the timeline is zoomed by the keyboard and read at its start',
      async () => {
        await panel.locator('#tab-timeline').click();
        await panel.locator('.timeline .areas path').first().waitFor();
        await panel.locator('svg.timeline').focus();
        await page.keyboard.press('+');
        await page.keyboard.press('Enter');
        await page.keyboard.press('Home');
        await panel.locator('.moment', { hasText: /^forward.* against / }).waitFor();
      },
    ],
    ...handSteps(page, folder),
    [
      'moved into a new window, the panel shows the same view of the same plan, and follows the file from there',
      async () => {
        await panel.locator('#tab-compare').click();
        await panel.locator('.compare [data-plan=longform][aria-pressed=true]').waitFor();
        await page.locator('.tab', { hasText: 'Memplan: long-context' }).click();
        const opened = page.waitForEvent('popup');
        await runCommand(page, 'View: Move Editor into New Window');
        const other = await opened;
        const moved = panelFrame(other);
        await moved.locator('#tab-compare[aria-selected=true]').waitFor();
        await moved.locator('.compare [data-plan=longform][aria-pressed=true]').waitFor();
        assert.equal(Number(await moved.locator('[data-role=result]').getAttribute('data-bytes')), written);
        // The editor may stand elsewhere in the file by now; a click into another plan would be followed.
        const top = page.locator('.view-line', { hasText: 'let ctx' });
        for (let tries = 0; tries < 20; tries++) {
          await page.locator(`.tab[data-resource-name="${FILE}"]`).click();
          // Lost where the editor does not have the focus yet.
          await page.keyboard.press('Control+Home');
          if (await appears(top, 1000)) break;
        }
        await top.click();
        await retype(page, '16k');
        await moved.locator(`[data-role=result]:not([data-bytes="${written}"])`).waitFor({ state: 'attached' });
        await retype(page, '32k');
        await moved.locator(`[data-role=result][data-bytes="${written}"]`).waitFor({ state: 'attached' });
        await other.close();
        await clickLens(page, 'longform', 'Estimate');
        await drawn(page);
      },
    ],
    [
      'the theme changes while the panel is open',
      async () => {
        const colour = () =>
          panel.locator('body').evaluate((body) => getComputedStyle(body).getPropertyValue('--vscode-editor-background'));
        const before = await colour();
        await runCommand(page, 'Preferences: Toggle between Light/Dark Themes');
        await page.waitForTimeout(0);
        await panel.locator('body.vscode-light, body.vscode-dark').first().waitFor();
        for (let tries = 0; tries < 50 && (await colour()) === before; tries++) await page.waitForTimeout(100);
        assert.notEqual(await colour(), before);
      },
    ],
    [
      'the view is there again after the window is reloaded',
      async () => {
        const chosen = panel.locator('#tab-timeline[aria-selected=true]');
        // A workbench in a browser writes what its editors keep every five seconds; what is newer may be lost as it is left.
        for (let tries = 0; tries < 3; tries++) {
          await panel.locator('#tab-timeline').click();
          await chosen.waitFor();
          await page.waitForTimeout(6000);
          await page.reload();
          if (await appears(chosen, 30_000)) break;
          await clickLens(page, 'longform', 'Estimate');
          await drawn(page);
        }
        await chosen.waitFor();
        await panel.locator('.timeline .areas path').first().waitFor();
        await panel.locator('#tab-waterfall').click();
        const element = await drawn(page);
        assert.equal((await bars(element)).at(-1)?.role, 'result');
      },
    ],
    ['the panel broke no policy and logged no error', async () => assert.deepEqual(problems, [])],
  ];
  const counts = await runSteps('The panel in the workbench', steps, {
    chained: true,
    onFailure: (name) => keep(page, root, name),
  });
  await page.close();
  await server.stop();
  return counts;
}
