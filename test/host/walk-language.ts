/** The workbench in German: what the manifest, the extension, the server and the page say is said in German. */
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Counts, runSteps } from './checks';
import { startServer } from './code-server';
import { keep, type WalkOptions } from './walk';
import { openFile, openWorkbench, panelFrame, runCommand } from './workbench';

export async function walkLanguage({ root, folder, browser }: WalkOptions): Promise<Counts> {
  await writeFile(join(folder, 'broken.memplan'), 'plan lame { sequence 4k }\n');
  const server = await startServer(root);
  const { page, problems } = await openWorkbench(browser, server, {
    root,
    folder,
    // What a language pack would set; the workbench's own texts stay in English without one.
    prepare: async (page) => void (await page.addInitScript(() => Object.assign(globalThis, { _VSCODE_NLS_LANGUAGE: 'de' }))),
  });
  page.setDefaultTimeout(60_000);
  const panel = panelFrame(page);
  const counts = await runSteps(
    'In German',
    [
      [
        'the server’s lenses',
        async () => {
          await page.locator('.monaco-workbench .part.editor').waitFor();
          await openFile(page, 'gpt2-small.memplan');
          await page
            .locator('.codelens-decoration a', { hasText: /^Schätzung: .* von .*, passt/ })
            .first()
            .waitFor();
          await page.locator('.codelens-decoration a', { hasText: 'Auf GPU ausführen' }).first().waitFor();
        },
      ],
      [
        'the manifest’s commands, which are found by their English names too',
        async () => {
          await page.keyboard.press('F1');
          await page.locator('.quick-input-widget input').fill('>Memplan: ');
          await page.locator('.quick-input-list .monaco-list-row', { hasText: 'Memplan: Schätzen' }).first().waitFor();
          await page.locator('.quick-input-widget input').fill('>Memplan: Schätzen');
          await page.keyboard.press('Enter');
        },
      ],
      [
        'the status bar',
        async () => {
          await page.locator('.statusbar-item', { hasText: / von [\d.]+ GiB/ }).waitFor();
        },
      ],
      [
        'the page',
        async () => {
          await panel.locator('#root[data-state=rendered]').waitFor();
          assert.deepEqual(await panel.locator('[role=tab]').allTextContents(), [
            'Wasserfall',
            'Zeitverlauf',
            'Was wäre wenn',
            'Vergleichen',
            'Lauf',
          ]);
          assert.equal(await panel.locator('html').getAttribute('lang'), 'de');
          await panel.locator('header vscode-button', { hasText: 'Auf GPU ausführen' }).waitFor();
          await panel.locator('.facts dt', { hasText: 'Auf der Karte' }).waitFor();
          await panel.locator('#tab-timeline').click();
          await panel.locator('table.live th', { hasText: 'Kategorie' }).waitFor();
        },
      ],
      [
        'the Test Explorer’s verdict on a plan that cannot run',
        async () => {
          await runCommand(page, 'Testing: Focus on Test Explorer View');
          const rows = page.locator('.test-explorer .monaco-list-row');
          // Its error is a row below it.
          const plan = page.locator('.test-explorer .monaco-list-row[aria-level="2"]', { hasText: 'lame' });
          const file = rows.filter({ hasText: 'broken.memplan' });
          await file.click();
          await page.keyboard.press('ArrowRight');
          await plan.waitFor();
          await file.hover();
          await file.locator('.codicon-testing-run-icon').click();
          await plan.locator('.codicon-testing-error-icon').waitFor();
        },
      ],
      ['the panel broke no policy and logged no error', async () => assert.deepEqual(problems, [])],
    ],
    { chained: true, onFailure: (name) => keep(page, root, name) },
  );
  await page.close();
  await server.stop();
  return counts;
}
