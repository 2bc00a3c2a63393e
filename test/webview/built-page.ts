/** A browser for a file of tests, beside the page's scripts as they are built now. */
import { execFileSync } from 'node:child_process';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll } from 'vitest';
import { launchChromium } from '../host/chromium';

/** Call it at the top of a file; the browser is there once a test runs. */
export function builtPage(root: string): () => Browser {
  let browser: Browser;
  beforeAll(async () => {
    execFileSync(process.execPath, ['esbuild.mjs', '--only=webview'], { cwd: root });
    browser = await launchChromium(root);
  }, 120_000);
  afterAll(() => browser?.close());
  return () => browser;
}
