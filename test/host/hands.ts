/** What hands do in the panel: each by the mouse and by the keyboard, as far as the walk around these steps does not do it already. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { type Step, until } from './checks';
import { panelFrame, runCommand } from './workbench';

/** `file` is on show with its plan `longform`, and its timeline with a moment pinned. */
export function handSteps(page: Page, folder: string): Step[] {
  const panel = panelFrame(page);
  const tab = (view: string) => panel.locator(`#tab-${view}`);
  const result = (plan: string) => panel.locator(`[data-role=result][data-label=${plan}]`);
  const cursorAt = (line: number) => page.locator('#status\\.editor\\.selection', { hasText: `Ln ${line},` }).waitFor();
  const button = (label: string) => panel.locator('.tools vscode-button', { hasText: label });
  const pressIn = async (selector: string, ...keys: string[]) => {
    const element = panel.locator(selector).first();
    await element.waitFor();
    await element.focus();
    for (const key of keys) await page.keyboard.press(key);
  };

  return [
    [
      'the timeline by the mouse: pinned, zoomed, dragged, read, and moved by the step in small',
      async () => {
        const shown = async () => {
          const [x = 0, width = 0] = await panel
            .locator('.window rect')
            .evaluate((rect) => [rect.getAttribute('x'), rect.getAttribute('width')].map(Number));
          return { x, width };
        };
        const moment = async () => (await panel.locator('.moment').textContent()) ?? '';
        await button('Unpin').click();
        await button('Pin moment').waitFor();
        await until(async () => !(await moment()).includes('against'));
        await button('Pin moment').click();
        await panel.locator('table.live th', { hasText: 'Difference' }).waitFor();
        await button('Unpin').click();
        await button('Whole step').click();
        const map = await panel.locator('svg.minimap').boundingBox();
        const box = await panel.locator('svg.timeline').boundingBox();
        assert.ok(map && box);
        await until(async () => (await shown()).width > 0.9 * (map.width - 80));
        const whole = (await shown()).width;
        const [x, y] = [box.x + box.width * 0.6, box.y + 120];
        await page.mouse.move(x, y);
        await page.mouse.wheel(0, -500);
        await until(async () => (await shown()).width < 0.6 * whole);
        const before = (await shown()).x;
        await page.mouse.down();
        await page.mouse.move(x - 150, y, { steps: 4 });
        await page.mouse.up();
        await until(async () => (await shown()).x > before);
        const read = await moment();
        await page.mouse.move(x + 180, y, { steps: 2 });
        await until(async () => (await moment()) !== read);
        await page.mouse.click(map.x + 70, map.y + map.height / 2);
        await until(async () => (await shown()).x < before);
      },
    ],
    [
      'views, plans, bars and their cards by the keyboard; the words behind a bar, and the bar of the cursor’s words',
      async () => {
        await pressIn('#tab-timeline', 'ArrowLeft');
        await panel.locator('#tab-waterfall[aria-selected=true]').waitFor();
        await pressIn('header vscode-dropdown', 'ArrowDown');
        await result('adapter').waitFor();
        await pressIn('header vscode-dropdown', 'ArrowUp');
        await result('longform').waitFor();
        // Formulas come after the picture.
        await panel.locator('details.as-table:not(.stale)', { hasText: 'What is alive' }).waitFor();
        await pressIn('.waterfall .row[tabindex="0"]', 'Home', 'ArrowDown');
        await panel.locator('.card .formula').waitFor();
        assert.match((await panel.locator('.card').textContent()) ?? '', /galore.*Before.*After.*Saved.*arXiv/s);
        await page.keyboard.press('Escape');
        await panel.locator('.card').waitFor({ state: 'hidden' });
        await page.keyboard.press('Enter');
        await cursorAt(16);
        await panel.locator('.row.lit[data-label^=galore]').waitFor();
        await page.keyboard.press('Control+1');
        await page.keyboard.press('ArrowDown');
        await cursorAt(17);
        await panel.locator('.row.lit[data-label^=streambp]').waitFor();
      },
    ],
    [
      'the card by the mouse, and the table that says the same',
      async () => {
        await panel.locator('.row[data-label^=int8]').hover();
        await panel.locator('.card .formula').waitFor();
        await panel.locator('header .subject').hover();
        await panel.locator('.card').waitFor({ state: 'hidden' });
        await pressIn('summary:has-text("The same as a table")', 'Enter');
        const row = panel.locator('.picture ~ details[open] tr', { hasText: 'int8' });
        const bytes = Number(await panel.locator('.row[data-label^=int8]').getAttribute('data-after'));
        assert.equal(
          await row.locator('.number[title]').last().getAttribute('title'),
          `${String(bytes).replace(/\B(?=(\d{3})+$)/g, ',')} B`,
        );
        await row.locator('a').click();
        await cursorAt(18);
      },
    ],
    [
      'what if: techniques from their lists by keyboard and mouse, all of it taken back, and applied by the keyboard',
      async () => {
        await tab('what-if').click();
        await panel.locator('.what-if[aria-busy=false]').waitFor();
        await pressIn('[data-slot=loss] vscode-dropdown', 'Home');
        await panel.locator('[data-slot=loss].changed .written', { hasText: 'file: cut-cross-entropy' }).waitFor();
        await panel.locator('[data-slot=attention] vscode-dropdown').click();
        await panel.locator('[data-slot=attention] vscode-option[aria-selected=false]').first().click();
        await panel.locator('[data-slot=attention].changed').waitFor();
        await button('Reset').click();
        await panel.locator('.controls .changed').first().waitFor({ state: 'detached' });
        await pressIn('[data-slot=loss] vscode-dropdown', 'Home');
        await panel.locator('[data-slot=loss].changed').waitFor();
        await panel.locator('.what-if[aria-busy=false]').waitFor();
        await button('Apply to file').focus();
        await page.keyboard.press('Enter');
        const statement = page.locator('.view-line', { hasText: /loss\s+cut-cross-entropy/ });
        await statement.waitFor({ state: 'detached' });
        await page.keyboard.press('Control+1');
        await page.keyboard.press('Control+Z');
        await statement.waitFor();
      },
    ],
    [
      'compare: plans left out and chosen by mouse and keyboard, and a sweep’s words by the keyboard',
      async () => {
        await tab('compare').click();
        const full = panel.locator('.compare [data-plan=full]');
        await pressIn('.chooser vscode-checkbox:has-text("full")', 'Space');
        await full.waitFor({ state: 'detached' });
        await panel.locator('.chooser vscode-checkbox', { hasText: 'full' }).click();
        await full.waitFor();
        await panel.locator('.compare [data-plan=adapter]').click();
        await panel.locator('.compare [data-plan=adapter][aria-pressed=true]').waitFor();
        await panel.locator('.sweeps a', { hasText: 'sequence' }).waitFor();
        await pressIn('.sweeps a', 'Enter');
        await cursorAt(30);
        await panel.locator('.compare [data-plan=longform]').click();
        await panel.locator('.compare [data-plan=longform][aria-pressed=true]').waitFor();
      },
    ],
    [
      'exports: a table saved by the mouse, a text copied by the keyboard',
      async () => {
        await tab('waterfall').click();
        await panel.locator('.menu-opener').click();
        await panel.locator('.menu-list button', { hasText: 'Save as CSV' }).click();
        const input = page.locator('.quick-input-widget input');
        await until(async () => (await input.inputValue()).endsWith('longform.csv'));
        await page.keyboard.press('Enter');
        const saved = () => readFile(join(folder, 'longform.csv'), 'utf8').catch(() => '');
        await until(async () => (await saved()).includes('\n'));
        assert.match(await saved(), /streambp\(chunk: 2k, logits: 128\)/);
        await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
        await pressIn('.menu-opener', 'Enter', 'Enter');
        await panel.locator('.menu-list').waitFor({ state: 'hidden' });
        await page.keyboard.press('Control+1');
        await until(async () => (await page.evaluate(() => navigator.clipboard.readText())).includes('| `int8(group: 256)` |'));
      },
    ],
    [
      'the status bar’s item opens the cursor’s plan by the mouse, the command by the keyboard',
      async () => {
        await page.locator('.view-line', { hasText: 'plan adapter' }).click({ position: { x: 4, y: 8 } });
        await page.locator('.statusbar-item', { hasText: 'adapter:' }).click();
        await result('adapter').waitFor();
        await page.locator('.view-line', { hasText: 'plan longform' }).click({ position: { x: 4, y: 8 } });
        await runCommand(page, 'Memplan: Estimate');
        await result('longform').waitFor();
      },
    ],
    [
      'a run is started and cancelled by the keyboard',
      async () => {
        await pressIn('header .actions vscode-button', 'Enter');
        await panel.locator('#root[data-state=running]').waitFor();
        await pressIn('.run .progress vscode-button', 'Enter');
        await panel.locator('[data-outcome=cancelled]').waitFor();
      },
    ],
  ];
}
