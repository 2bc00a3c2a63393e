/** The panel's own page in Chromium, under its own policy, with a fake channel in VS Code's place. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { panelHtml } from '../../src/extension/panel-html';
import type { FromWebview, ToWebview } from '../../src/protocol';
import themes from './fixtures/themes.json';

export type Theme = keyof typeof themes;
export const THEMES = Object.keys(themes) as Theme[];
export const NONCE = 'cGFuZWw';
const ORIGIN = 'https://panel.test';

export interface Panel {
  page: Page;
  send(...messages: ToWebview[]): Promise<void>;
  /** Anything at all, as a hostile or broken sender would. */
  sendRaw(message: unknown): Promise<void>;
  posted(): Promise<FromWebview[]>;
  /** Console errors, page errors and violations of the policy so far. */
  problems: string[];
}

export interface Options {
  theme?: Theme;
  width?: number;
  height?: number;
  reducedMotion?: boolean;
  /** What an earlier life of the page kept. */
  saved?: object;
  /** What is known when the page is written. */
  given?: readonly ToWebview[];
  /** 2 is what a page sees at 200 %: half as many pixels, twice as dense. */
  zoom?: number;
  /** A language of `media/l10n`; English where it is absent. */
  language?: string;
}

/** Opens the page; needs a built `dist/webview.js` under `root`. */
export async function openPanel(browser: Browser, root: string, options: Options = {}): Promise<Panel> {
  const { theme = 'dark', width = 760, height = 900, zoom = 1 } = options;
  const page = await browser.newPage({
    viewport: { width: Math.round(width / zoom), height: Math.round(height / zoom) },
    deviceScaleFactor: zoom,
    reducedMotion: options.reducedMotion ? 'reduce' : 'no-preference',
  });
  page.setDefaultTimeout(10_000);
  const problems: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error') problems.push(message.text());
  });
  page.on('pageerror', (error) => problems.push(String(error)));
  await page.exposeFunction('reportViolation', (text: string) => problems.push(text));
  const { language = 'en' } = options;
  const words =
    language === 'en' ? undefined : JSON.parse(await readFile(join(root, `media/l10n/bundle.l10n.${language}.json`), 'utf8'));
  const files: { [path: string]: [type: string, body: string] } = {
    '/': [
      'text/html',
      panelHtml({
        script: '/webview.js',
        style: '/webview.css',
        cspSource: ORIGIN,
        nonce: NONCE,
        language,
        words,
        messages: options.given ?? [],
      }),
    ],
    '/webview.js': ['text/javascript', await readFile(join(root, 'dist/webview.js'), 'utf8')],
    '/webview.css': ['text/css', await readFile(join(root, 'dist/webview.css'), 'utf8')],
  };
  await page.route(`${ORIGIN}/**`, (route) => {
    const file = files[new URL(route.request().url()).pathname];
    return file ? route.fulfill({ contentType: file[0], body: file[1] }) : route.fulfill({ status: 204 });
  });
  await page.addInitScript(fakeHost, { theme: themes[theme], saved: options.saved ?? null });
  await page.goto(`${ORIGIN}/`);
  await page.waitForFunction(() => (window as unknown as Fake).posts.some((message) => message.type === 'ready'));
  const sendRaw = async (message: unknown) => {
    await page.evaluate((data) => (window as unknown as Fake).deliver(data), message as never);
  };
  return {
    page,
    problems,
    sendRaw,
    send: async (...messages) => {
      for (const message of messages) await sendRaw(message);
    },
    posted: () => page.evaluate(() => (window as unknown as Fake).posts),
  };
}

interface Fake {
  posts: FromWebview[];
  deliver(message: unknown): void;
}

/** Runs in the page before its script: what VS Code would provide. */
function fakeHost({
  theme,
  saved,
}: {
  theme: { body: string; variables: { [name: string]: string } };
  saved: object | null;
}): void {
  const host = window as unknown as Fake & { acquireVsCodeApi(): object; reportViolation(text: string): void };
  host.posts = [];
  host.deliver = (data) => window.dispatchEvent(new MessageEvent('message', { data }));
  host.acquireVsCodeApi = () => ({
    postMessage: (message: FromWebview) => host.posts.push(message),
    setState: () => undefined,
    getState: () => saved,
  });
  document.addEventListener('securitypolicyviolation', (event) =>
    host.reportViolation(`${event.violatedDirective}: ${event.blockedURI}`),
  );
  document.addEventListener('DOMContentLoaded', () => {
    document.body.className = theme.body;
    document.body.dataset.vscodeThemeKind = theme.body.split(' ')[0];
    for (const [name, value] of Object.entries(theme.variables)) document.documentElement.style.setProperty(name, value);
    document.documentElement.style.background = 'var(--vscode-editor-background)';
    Object.assign(document.body.style, { margin: '0' });
    Object.assign(document.body.style, { fontFamily: 'var(--vscode-font-family)', fontSize: 'var(--vscode-font-size)' });
  });
}
