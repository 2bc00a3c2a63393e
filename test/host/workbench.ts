/** A workbench in a browser page, with this extension in it. */
import { join } from 'node:path';
import type { Browser, BrowserContext, FrameLocator, Locator, Page } from 'playwright-core';
import type { Server } from './code-server';

export interface Workbench {
  page: Page;
  /** Errors on the console from the panel's page, and violations of its policy. */
  problems: string[];
}

export interface WorkbenchOptions {
  /** Folder of the extension in development; without it, only what is installed runs. */
  root?: string;
  folder: string;
  /** A suite to run inside the extension host. */
  tests?: string;
  /** Called before the page opens. */
  prepare?: (page: Page) => Promise<void>;
  size?: { width: number; height: number };
}

/** In a browser of its own, or in a context that outlives the page. */
export async function openWorkbench(
  browser: Browser | BrowserContext,
  server: Server,
  options: WorkbenchOptions,
): Promise<Workbench> {
  const page = await browser.newPage({ viewport: options.size ?? { width: 1400, height: 900 } });
  const problems: string[] = [];
  page.on('console', (message) => {
    // The workbench itself complains of a gallery that it cannot reach; the panel has no such excuse.
    if (message.type() === 'error' && /webview|Content Security Policy/.test(message.location().url + message.text()))
      problems.push(message.text());
  });
  page.on('pageerror', (error) => {
    if (/webview\.js|Content Security Policy/.test(error.stack ?? '')) problems.push(String(error));
  });
  await options.prepare?.(page);
  const remote = (path: string) => `vscode-remote://remote${path}`;
  const payload = options.root === undefined ? [] : [['extensionDevelopmentPath', remote(options.root)]];
  if (options.tests !== undefined) payload.push(['extensionTestsPath', remote(options.tests)]);
  await page.goto(
    `${server.url}/?folder=${encodeURIComponent(options.folder)}&payload=${encodeURIComponent(JSON.stringify(payload))}`,
  );
  return { page, problems };
}

/** The document of the panel in front; those behind other tabs live on. Found by these selectors: names and addresses of its frames change. */
export function panelFrame(page: Page): FrameLocator {
  return page.frameLocator('iframe.webview.ready:visible').frameLocator('iframe#active-frame');
}

/** Opens a file from the explorer. */
export async function openFile(page: Page, name: string): Promise<void> {
  await page.locator('.explorer-folders-view .monaco-list-row', { hasText: name }).dblclick();
  await page.locator(`.tab[data-resource-name="${name}"]`).waitFor();
}

/** Whether `locator` is in sight, or gone, before `timeout` ms have passed. */
export const appears = (locator: Locator, timeout: number, state: 'visible' | 'detached' = 'visible'): Promise<boolean> =>
  locator.waitFor({ state, timeout }).then(
    () => true,
    () => false,
  );

/**
 * Chooses an entry of a file's menu in the explorer. An extension's own entries come some time after the workbench, and a menu takes no
 * click in the first tenth of a second that it stands: what had no effect is done again.
 */
export async function chooseOfFile(page: Page, name: string, title: string): Promise<void> {
  const file = page.locator('.explorer-folders-view .monaco-list-row', { hasText: name });
  const menu = page.locator('.monaco-menu');
  const entry = menu.locator('.action-label', { hasText: title });
  for (let tries = 0; tries < 20; tries++) {
    if ((await entry.count()) === 0) {
      await page.keyboard.press('Escape');
      await file.click({ button: 'right' });
    }
    if (!(await appears(entry, 2000))) continue;
    await entry.click();
    if (await appears(menu, 2000, 'detached')) return;
  }
  throw new Error(`“${title}” could not be chosen from the menu of ${name}`);
}

/** Runs a command by the palette, as its title stands there. Whatever takes the focus meanwhile closes the palette: it is opened again. */
export async function runCommand(page: Page, title: string): Promise<void> {
  const input = page.locator('.quick-input-widget input');
  const row = page.locator('.quick-input-list .monaco-list-row', { hasText: title }).first();
  for (let tries = 1; ; tries++) {
    try {
      await page.keyboard.press('F1');
      await input.fill(`>${title}`, { timeout: 10_000 });
      await row.waitFor({ timeout: 10_000 });
      return await page.keyboard.press('Enter');
    } catch (error) {
      if (tries === 6) throw error;
    }
  }
}

/** The absolute path of something the build made. */
export const built = (root: string, path: string) => join(root, 'out/test/host', path);
