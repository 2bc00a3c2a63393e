#!/usr/bin/env node
/**
 * What `runTests` takes for VS Code: reads the same switches, runs the suite in the extension host of VS Code's server
 * with its workbench in Chromium, and ends with the suite's exit code.
 */
import { parseArgs } from 'node:util';
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
      await page.exposeFunction('codeAutomationLog', (type: string, args: unknown[]) =>
        console.log(type === 'error' ? 'error:' : '', ...args),
      );
      await page.exposeFunction('codeAutomationExit', (status: number) => resolve(status));
      page.once('crash', () => reject(new Error('the workbench page crashed')));
    },
  }).catch(reject);
}).catch((error: Error) => {
  console.error(error);
  return 1;
});
await browser.close();
await server.stop();
process.exit(code);
