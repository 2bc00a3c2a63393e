/**
 * Pictures of a real workbench: every view of the panel in four themes, at 320 pixels and as at 200 % zoom, into
 * `out/screenshots` to be looked at; those of the README into `media/screenshots`.
 */
import { copyFile, cp, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { VIEWS, type View } from '../../src/protocol';
import { launchChromium } from './chromium';
import { startServer } from './code-server';
import { clickLens } from './lens';
import { shrink } from './proxy';
import { openFile, openWorkbench, panelFrame } from './workbench';

const root = process.cwd();
const looked = join(root, 'out/screenshots');
const kept = join(root, 'media/screenshots');
const FILE = 'long-context.memplan';
const SIZE = { width: 1440, height: 860 };
/** Widths of the window at which the panel is 320 pixels wide, and has the room of a 1920-pixel window at 200 %. */
const NARROW = 640;
const ZOOMED = 960;

const THEMES = {
  light: 'Default Light Modern',
  dark: 'Default Dark Modern',
  'hc-dark': 'Default High Contrast',
  'hc-light': 'Default High Contrast Light',
};
type Theme = keyof typeof THEMES;

/** The README's. */
const README = ['editor-light', 'editor-dark', 'timeline-light', 'what-if-dark', 'compare-light', 'verified-dark'];

const SETTINGS = {
  'window.commandCenter': false,
  'workbench.layoutControl.enabled': false,
  'workbench.activityBar.location': 'hidden',
  'editor.minimap.enabled': false,
  'editor.fontSize': 13,
};

/** The panel's frame, in a window high enough for all that the view has to say. */
async function takePanel(page: Page, name: string, width = SIZE.width): Promise<void> {
  const missing = () =>
    panelFrame(page)
      .locator('html')
      .evaluate((html) => html.scrollHeight - innerHeight);
  await page.setViewportSize({ ...SIZE, width });
  await page.waitForTimeout(300);
  await page.setViewportSize({ width, height: SIZE.height + Math.max(0, await missing()) });
  await page.waitForTimeout(300);
  await page.locator('iframe.webview.ready:visible').screenshot({ path: join(looked, `${name}.png`) });
}

async function takeTop(page: Page, name: string): Promise<void> {
  await page.setViewportSize({ ...SIZE, height: 1100 });
  await page.waitForTimeout(300);
  await page.locator('iframe.webview.ready:visible').screenshot({ path: join(looked, `${name}.png`) });
}

async function show(page: Page, view: View): Promise<void> {
  const panel = panelFrame(page);
  await panel.locator(`#tab-${view}`).click();
  if (view === 'timeline') await panel.locator('.timeline .areas path').first().waitFor();
  if (view === 'compare') await panel.locator('.sweep').first().waitFor();
  if (view === 'what-if') await panel.locator('.what-if[aria-busy=false]').waitFor();
}

async function estimate(page: Page, file: string, plan: string): Promise<void> {
  await openFile(page, file);
  await clickLens(page, plan, 'Estimate');
  await panelFrame(page).locator('#root[data-state=rendered]').waitFor();
}

async function takeAll(page: Page, theme: Theme): Promise<void> {
  const panel = panelFrame(page);
  await estimate(page, FILE, 'longform');
  await page.keyboard.press('Control+B');
  await page.locator('.part.sidebar').waitFor({ state: 'hidden' });
  await page.screenshot({ path: join(looked, `editor-${theme}.png`) });
  for (const view of VIEWS) {
    await show(page, view);
    if (view === 'run' && theme === 'dark') {
      await panel.locator('header vscode-button', { hasText: 'Run on GPU' }).click();
      await panel.locator('[data-outcome]').waitFor({ timeout: 900_000 });
    }
    await takePanel(page, `${view}-${theme}`);
    // All checks are a long list: the README shows the first.
    if (view === 'run') await takeTop(page, `verified-${theme}`);
    if (theme === 'dark') await takePanel(page, `${view}-narrow`, NARROW);
    if (theme === 'light') await takePanel(page, `${view}-zoomed`, ZOOMED);
    await page.setViewportSize(SIZE);
  }
}

const folder = await mkdtemp(join(tmpdir(), 'memplan-pictures-'));
await cp(join(root, 'media/examples'), folder, { recursive: true });
await shrink(join(folder, FILE), 64);
await mkdir(looked, { recursive: true });
await mkdir(kept, { recursive: true });

const browser = await launchChromium(root);
const problems: string[] = [];
const inTheme = async (theme: Theme, take: (page: Page) => Promise<void>) => {
  const server = await startServer(root, { settings: { ...SETTINGS, 'workbench.colorTheme': THEMES[theme] } });
  const workbench = await openWorkbench(browser, server, { root, folder, size: SIZE });
  workbench.page.setDefaultTimeout(120_000);
  await take(workbench.page);
  problems.push(...workbench.problems);
  await workbench.page.close();
  await server.stop();
};
for (const theme of Object.keys(THEMES) as Theme[]) await inTheme(theme, (page) => takeAll(page, theme));
await browser.close();
await rm(folder, { recursive: true, force: true });
for (const name of README) await copyFile(join(looked, `${name}.png`), join(kept, `${name}.png`));
for (const problem of problems) console.log(problem);
process.exit(problems.length > 0 ? 1 : 0);
