/** Panels in a browser for a file of tests, with the page's scripts as they are built now. */
import { execFileSync } from 'node:child_process';
import type { Browser } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect } from 'vitest';
import { launchChromium } from '../host/chromium';
import { type Options, openPanel, type Panel } from './page';

/** Call it at the top of a file: what it returns opens a panel, which is closed after its test and may have met no problem until then. */
export function panels(root: string): (options?: Options) => Promise<Panel> {
  let browser: Browser;
  let opened: Panel[] = [];
  beforeAll(async () => {
    execFileSync(process.execPath, ['esbuild.mjs', '--only=webview'], { cwd: root });
    browser = await launchChromium(root);
  }, 120_000);
  afterAll(() => browser?.close());
  afterEach(async () => {
    const all = opened;
    opened = [];
    for (const { page } of all) await page.close();
    expect(all.flatMap(({ problems }) => problems)).toEqual([]);
  });
  return async (options) => {
    const panel = await openPanel(browser, root, options);
    opened.push(panel);
    return panel;
  };
}
