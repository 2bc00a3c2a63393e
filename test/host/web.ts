/** The extension in the browser: the suite in its worker, then the panel as a person sees it. */
import assert from 'node:assert/strict';
import { add, type Counts, MARK, runSteps } from './checks';
import { keep, type WalkOptions } from './walk';
import { startWebBuild } from './web-build';
import { panelFrame } from './workbench';

export async function walkWeb({ root, browser }: WalkOptions): Promise<Counts> {
  const build = await startWebBuild(root);
  const page = await browser.newPage({ viewport: { width: 1400, height: 900 } });
  page.setDefaultTimeout(30_000);
  const noise: string[] = [];
  page.on('pageerror', (error) => noise.push(error.stack ?? String(error)));
  let count = (_: Counts) => {};
  const counted = new Promise<Counts>((resolve) => {
    count = resolve;
    setTimeout(() => resolve({ passed: 0, failed: 1 }), 90_000).unref();
  });
  const read = (text: string) => {
    if (!text.includes(MARK)) return void noise.push(text);
    const line = text.slice(text.indexOf(MARK) + MARK.length);
    const [, passed, failed] = /^counts (\d+) (\d+)/.exec(line) ?? [];
    if (passed === undefined) console.log(line);
    else count({ passed: Number(passed), failed: Number(failed) });
  };
  page.on('console', (message) => noise.push(message.text()));
  await page.exposeFunction('codeAutomationLog', (_: string, [text]: unknown[]) => read(String(text)));
  await page.exposeFunction('codeAutomationExit', () => undefined);
  await page.goto(build.url);
  const inside = await counted;
  const panel = panelFrame(page);
  const outside = await runSteps(
    'In the workbench of a browser',
    [
      [
        'the waterfall is drawn',
        async () => {
          await panel.locator('#root[data-state=rendered]').waitFor();
          assert.equal(await panel.locator('[data-role=result]').getAttribute('data-label'), 'small');
          assert.ok(Number(await panel.locator('[data-role=result]').getAttribute('data-bytes')) > 0);
        },
      ],
      [
        'the panel says why nothing runs here',
        async () => {
          await panel.locator('header vscode-button', { hasText: 'Run on GPU' }).click();
          await panel.locator('[data-outcome=error]', { hasText: 'which a browser cannot' }).waitFor();
        },
      ],
    ],
    { chained: true, onFailure: (name) => keep(page, root, name) },
  );
  if (inside.failed > 0) {
    await keep(page, root, 'web');
    if (process.env.MEMPLAN_VERBOSE) console.log(noise.join('\n'));
  }
  await page.close();
  await build.stop();
  return add(inside, outside);
}
