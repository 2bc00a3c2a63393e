/** Takes the README's pictures: the editor with its panel, and the panel after a run, in light and in dark. */
import { cp, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { launchChromium } from './chromium';
import { startServer } from './code-server';
import { clickLens } from './lens';
import { shrink } from './proxy';
import { openFile, openWorkbench, panelFrame, runCommand } from './workbench';

const root = process.cwd();
const target = join(root, 'media/screenshots');
const THEMES = { light: 'Default Light Modern', dark: 'Default Dark Modern' };
const SETTINGS = {
  'window.commandCenter': false,
  'workbench.layoutControl.enabled': false,
  'workbench.activityBar.location': 'hidden',
  'editor.minimap.enabled': false,
  'editor.fontSize': 13,
};

async function take(browser: Browser, folder: string, name: keyof typeof THEMES): Promise<void> {
  const server = await startServer(root, { settings: { ...SETTINGS, 'workbench.colorTheme': THEMES[name] } });
  const { page } = await openWorkbench(browser, server, { root, folder, size: { width: 1440, height: 860 } });
  page.setDefaultTimeout(60_000);
  const panel = panelFrame(page);
  await openFile(page, 'long-context.memplan');
  await clickLens(page, 'longform', 'Estimate');
  await panel.locator('#root[data-state=rendered]').waitFor();
  await runCommand(page, 'View: Toggle Primary Side Bar Visibility');
  await page.locator('.part.sidebar').waitFor({ state: 'hidden' });
  await page.screenshot({ path: join(target, `editor-${name}.png`) });
  await panel.locator('header vscode-button', { hasText: 'Run on GPU' }).click();
  await panel.locator('[data-outcome]').waitFor({ timeout: 900_000 });
  await runCommand(page, 'Notifications: Clear All Notifications');
  await page.setViewportSize({ width: 1440, height: 1377 });
  await page.locator('iframe.webview.ready').screenshot({ path: join(target, `panel-${name}.png`) });
  await page.close();
  await server.stop();
}

await mkdir(target, { recursive: true });
const browser = await launchChromium(root);
for (const name of ['light', 'dark'] as const) {
  const folder = await mkdtemp(join(tmpdir(), 'memplan-pictures-'));
  await cp(join(root, 'media/examples'), folder, { recursive: true });
  await shrink(join(folder, 'long-context.memplan'), 128);
  await take(browser, folder, name);
  await rm(folder, { recursive: true, force: true });
}
await browser.close();
process.exit(0);
