/**
 * The extension host, the panel's page and the whole browser page die under an edit: nothing is lost, and the panel and the language come
 * back. From a package: VS Code does not start the host of an extension in development again.
 */
import assert from 'node:assert/strict';
import { type Counts, kill, runSteps, until } from './checks';
import { startServer } from './code-server';
import { keep, type WalkOptions } from './walk';
import { openFile, openWorkbench, panelFrame, runCommand } from './workbench';

const HOST = '--type=extensionHost';

export async function walkKilled({ root, folder, browser, vsix }: WalkOptions): Promise<Counts> {
  const server = await startServer(root, { vsix });
  // What the browser stores outlives a page of it.
  const context = await browser.newContext();
  context.setDefaultTimeout(60_000);
  let { page } = await openWorkbench(context, server, { folder });
  let panel = panelFrame(page);
  const bytes = async () => Number(await panel.locator('[data-role=result]').getAttribute('data-bytes'));
  let before = 0;
  let killed: number[] = [];
  const counts = await runSteps(
    'When processes are killed',
    [
      [
        'an edit is made, and the panel shows the plan',
        async () => {
          await page.locator('.monaco-workbench .part.editor').waitFor();
          await openFile(page, 'gpt2-small.memplan');
          await page.locator('.codelens-decoration a').first().waitFor();
          await runCommand(page, 'Memplan: Estimate');
          await panel.locator('#root[data-state=rendered]').waitFor();
          before = await bytes();
          await page.locator('.view-line').first().click();
          await page.keyboard.press('Control+Home');
          await page.keyboard.type('// as typed\n');
          await page.locator('.view-line', { hasText: 'as typed' }).waitFor();
        },
      ],
      [
        'another host takes its place',
        async () => {
          killed = await server.processes(HOST);
          assert.ok(killed.length > 0, 'an extension host runs');
          for (const id of killed) kill(id);
          await until(async () => (await server.processes(HOST)).some((id) => !killed.includes(id)));
        },
      ],
      [
        'the edit is there, one language server answers, and the plan is estimated as before',
        async () => {
          assert.equal(await page.locator('.view-line', { hasText: 'as typed' }).count(), 1);
          await until(async () => (await server.processes('server.mjs')).length === 1);
          await page.locator('.codelens-decoration a').first().waitFor();
          await runCommand(page, 'Memplan: Estimate');
          await page.locator('.statusbar-item', { hasText: 'GiB' }).waitFor();
          await panel.locator('#root[data-state=rendered]').waitFor();
          assert.equal(await bytes(), before);
        },
      ],
      [
        'a panel whose page died is loaded anew by Estimate, with the plan in it',
        async () => {
          await panel.locator('html').evaluate(() => location.replace('about:blank'));
          await panel.locator('#root').waitFor({ state: 'detached' });
          await page.locator('.tab', { hasText: 'gpt2-small.memplan' }).click();
          await runCommand(page, 'Memplan: Estimate');
          await panel.locator('#root[data-state=rendered]').waitFor();
          assert.equal(await bytes(), before);
        },
      ],
      [
        'a browser page that crashed is opened again with the edit and the panel',
        async () => {
          const crashed = page.waitForEvent('crash');
          const session = await context.newCDPSession(page);
          void session.send('Page.crash').catch(() => undefined);
          await crashed;
          ({ page } = await openWorkbench(context, server, { folder }));
          panel = panelFrame(page);
          await panel.locator('#root[data-state=rendered]').waitFor();
          assert.equal(await bytes(), before);
          await page.locator('.view-line', { hasText: 'as typed' }).waitFor();
        },
      ],
    ],
    { chained: true, onFailure: (name) => keep(page, root, name) },
  );
  await context.close();
  await server.stop();
  return counts;
}
