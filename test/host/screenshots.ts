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
/** Its second plan fits, asks two questions, and is set against the first, which does not. */
const FITTING = 'lora-one-card.memplan';
const SIZE = { width: 1440, height: 900 };
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
const README = [
  'editor-light',
  'editor-dark',
  'close-dark',
  'timeline-light',
  'what-if-dark',
  'compare-light',
  'fit-dark',
  'verified-dark',
];

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

async function hideSidebar(page: Page): Promise<void> {
  await page.keyboard.press('Control+B');
  await page.locator('.part.sidebar').waitFor({ state: 'hidden' });
}

/** The plan that fits beside its file, with the answers to its questions; then what the editor offers and explains. */
async function takeEditor(page: Page, theme: Theme): Promise<void> {
  const panel = panelFrame(page);
  const line = (text: string) => page.locator('.view-line', { hasText: text }).last();
  const word = (text: string, one: string) =>
    line(text)
      .locator('span', { hasText: new RegExp(`^${one}$`) })
      .last();
  const take = (name: string) => page.screenshot({ path: join(looked, `${name}-${theme}.png`) });
  await estimate(page, FITTING, 'qlora');
  await hideSidebar(page);
  await line('plan qlora').click({ position: { x: 40, y: 8 } });
  await page.locator('.view-line', { hasText: /max\s+batch.*\d/ }).waitFor();
  await page.locator('.view-line', { hasText: /compare\s+to\s+lora.*\d/ }).waitFor();
  await page.locator('.statusbar-item', { hasText: 'qlora:' }).waitFor();
  await take('editor');
  for (const view of ['timeline', 'what-if', 'compare'] as const) {
    await show(page, view);
    await takePanel(page, `${view}-${theme}`);
    await page.setViewportSize(SIZE);
  }
  await panel.locator('header vscode-dropdown').focus();
  await page.keyboard.press('ArrowUp');
  await panel.locator('.verdict vscode-button', { hasText: 'Make it fit' }).click();
  await panel.locator('.ways .way').first().waitFor();
  const section = panel.locator('.fit-view');
  // Below the head of the page, which stays where it is.
  const { height = 0 } = (await section.boundingBox()) ?? {};
  await page.setViewportSize({ ...SIZE, height: Math.ceil(height) + 160 });
  await section.evaluate((element) => element.scrollIntoView({ block: 'start' }));
  await page.waitForTimeout(300);
  const { x, y, width } = (await section.boundingBox()) ?? { x: 0, y: 0, width: 0 };
  // The list goes on; its beginning is what the README shows.
  const clip = { x: x - 20, y: y - 8, width: width + 40, height: Math.min(height, 800) };
  await page.screenshot({ path: join(looked, `fit-${theme}.png`), clip });
  await page.setViewportSize(SIZE);
  await word('chunked', 'chunked').hover();
  await page.locator('.monaco-hover:visible', { hasText: 'GiB' }).waitFor();
  await page.waitForTimeout(500);
  await take('hover');
  // It would lie over the line that is clicked next.
  await page.mouse.move(20, SIZE.height - 60);
  await page.locator('.monaco-hover:visible').waitFor({ state: 'hidden' });
  await line('backward').click();
  await page.keyboard.press('End');
  await page.keyboard.press('Control+Shift+ArrowLeft');
  await page.keyboard.press('Control+Space');
  await page.locator('.suggest-widget .monaco-list-row').nth(3).waitFor();
  await page.waitForTimeout(800);
  await take('completion');
  await page.keyboard.press('Escape');
  await line('plan lora').click({ position: { x: 40, y: 8 } });
  await page.keyboard.press('F8');
  await page.waitForTimeout(800);
  await take('problem');
  await page.keyboard.press('Escape');
  await page.keyboard.press('Control+.');
  await page.locator('.action-widget .monaco-list-row').first().waitFor();
  await page.waitForTimeout(500);
  await take('fixes');
  await page.keyboard.press('Escape');
}

async function takeAll(page: Page, theme: Theme): Promise<void> {
  const panel = panelFrame(page);
  await estimate(page, FILE, 'longform');
  await hideSidebar(page);
  await panel.locator('.scale vscode-button').click();
  await takePanel(page, `close-${theme}`);
  await page.setViewportSize(SIZE);
  await panel.locator('.scale vscode-button').click();
  for (const view of VIEWS) {
    await show(page, view);
    if (view === 'run' && theme === 'dark') {
      await panel.locator('header vscode-button', { hasText: 'Run on GPU' }).click();
      await panel.locator('[data-outcome]').waitFor({ timeout: 900_000 });
    }
    await takePanel(page, `${view}-long-${theme}`);
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
for (const theme of Object.keys(THEMES) as Theme[]) {
  await inTheme(theme, (page) => takeEditor(page, theme));
  await inTheme(theme, (page) => takeAll(page, theme));
}
await browser.close();
await rm(folder, { recursive: true, force: true });
for (const name of README) await copyFile(join(looked, `${name}.png`), join(kept, `${name}.png`));
for (const problem of problems) console.log(problem);
process.exit(problems.length > 0 ? 1 : 0);
