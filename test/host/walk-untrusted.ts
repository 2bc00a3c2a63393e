/** A workspace that nobody trusts: everything but running works. */
import assert from 'node:assert/strict';
import { type Counts, runSteps } from './checks';
import { startServer } from './code-server';
import { keep, type WalkOptions } from './walk';
import { openFile, openWorkbench, panelFrame, runCommand } from './workbench';

export async function walkUntrusted({ root, folder, browser }: WalkOptions): Promise<Counts> {
  const settings = { 'security.workspace.trust.enabled': true, 'security.workspace.trust.startupPrompt': 'never' };
  const server = await startServer(root, { settings });
  const { page, problems } = await openWorkbench(browser, server, { root, folder });
  page.setDefaultTimeout(60_000);
  const panel = panelFrame(page);
  const counts = await runSteps(
    'In an untrusted workspace',
    [
      [
        'estimates are drawn',
        async () => {
          await page.locator('.monaco-workbench .part.editor').waitFor();
          await openFile(page, 'long-context.memplan');
          await page.locator('.codelens-decoration a').first().waitFor();
          await runCommand(page, 'Memplan: Estimate');
          await panel.locator('#root[data-state=rendered]').waitFor();
          assert.ok(Number(await panel.locator('[data-role=result]').getAttribute('data-bytes')) > 0);
        },
      ],
      [
        'a run is refused in words',
        async () => {
          await panel.locator('header vscode-button', { hasText: 'Run on GPU' }).click();
          await panel.locator('[data-outcome=error]', { hasText: 'trusted workspace' }).waitFor();
          assert.equal(await panel.locator('[data-check]').count(), 0);
        },
      ],
      [
        'the Test Explorer lists the plans of the workspace; running them is VS Code’s own to withhold',
        async () => {
          await runCommand(page, 'Testing: Focus on Test Explorer View');
          const rows = page.locator('.test-explorer .monaco-list-row');
          await rows.filter({ hasText: 'gpt2-small.memplan' }).click();
          await page.keyboard.press('ArrowRight');
          await rows.filter({ hasText: 'paper' }).waitFor();
        },
      ],
      ['no error was logged', async () => assert.deepEqual(problems, [])],
    ],
    { chained: true, onFailure: (name) => keep(page, root, name) },
  );
  await page.close();
  await server.stop();
  return counts;
}
