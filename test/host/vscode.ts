#!/usr/bin/env node
/**
 * What `runTests` takes for VS Code: reads the same switches, runs the suite in the extension host of VS Code's server
 * with its workbench in Chromium, and ends with the suite's exit code.
 */
import { parseArgs } from 'node:util';
import { MARK } from './checks';
import { launchChromium } from './chromium';
import { startServer } from './code-server';
import { openWorkbench } from './workbench';

const { values, positionals } = parseArgs({
  options: {
    extensionDevelopmentPath: { type: 'string' },
    extensionTestsPath: { type: 'string' },
    'disable-workspace-trust': { type: 'boolean' },
  },
  strict: false,
  allowPositionals: true,
});
const [folder] = positionals;
const { extensionDevelopmentPath: root, extensionTestsPath: tests } = values;
if (typeof root !== 'string' || typeof tests !== 'string' || folder === undefined)
  throw new Error('usage: vscode FOLDER --extensionDevelopmentPath=DIR --extensionTestsPath=FILE');

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130));
const noise: string[] = [];
const server = await startServer(root, {
  settings: { 'security.workspace.trust.enabled': values['disable-workspace-trust'] !== true },
});
const browser = await launchChromium(root);
const code = await new Promise<number>((resolve, reject) => {
  openWorkbench(browser, server, {
    root,
    folder,
    tests,
    async prepare(page) {
      await page.exposeFunction('codeAutomationLog', (_: string, [text]: unknown[]) => {
        if (typeof text === 'string' && text.includes(MARK)) console.log(text.slice(text.indexOf(MARK) + MARK.length));
        else noise.push(String(text));
      });
      await page.exposeFunction('codeAutomationExit', (status: number) => resolve(status));
      page.once('crash', () => reject(new Error('the workbench page crashed')));
    },
  }).catch(reject);
}).catch((error: Error) => {
  console.error(error);
  return 1;
});
// What the workbench said helps only where the suite did not get as far as counting.
if (code !== 0 && process.env.MEMPLAN_VERBOSE) console.log(noise.join('\n'));
await browser.close();
await server.stop();
process.exit(code);
