/**
 * How fast the panel is, in a real VS Code on the example: from the command to the first picture, from a keystroke to the
 * picture; in the page alone, a frame while the largest step is dragged; and what the page weighs. Targets stand beside.
 */
import { execFileSync } from 'node:child_process';
import { cp, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { packTimeline } from '../../src/extension/timeline';
import { launchChromium } from '../host/chromium';
import { startServer } from '../host/code-server';
import { openFile, openWorkbench, panelFrame, runCommand } from '../host/workbench';
import { changesOf, points, reply } from '../webview/canned';
import { openPanel } from '../webview/page';
import { heading, high, inParts, judged, median, row, verdict } from './parts/table';

const root = process.cwd();
const FILE = 'long-context.memplan';

const ms = (list: readonly number[]) => `${median(list).toFixed(0)} ms, p95 ${high(list).toFixed(0)}`;
const within = (what: string, list: readonly number[], most: number) =>
  judged(what, median(list), ' ms', { most }, 0, `p95 ${high(list).toFixed(0)}`);

async function weight(): Promise<void> {
  const out = await mkdtemp(join(tmpdir(), 'memplan-page-'));
  execFileSync(process.execPath, ['esbuild.mjs', '--only=webview', '--minify', `--outdir=${out}`], { cwd: root });
  const sizes = await Promise.all(['webview.js', 'webview.css'].map(async (name) => (await stat(join(out, name))).size));
  judged('the page’s bundle, script and style', sizes.reduce((sum, size) => sum + size) / 1024, ' KiB', { most: 450 }, 0);
  await rm(out, { recursive: true });
}

/** Frames of the timeline of 80 layers in 64 chunks while it is dragged, zoomed in and out again. */
async function frames(browser: Browser): Promise<void> {
  const timeline = packTimeline(changesOf(points(80, 640)));
  const { page, send } = await openPanel(browser, root, { width: 1000, height: 1000 });
  await send({ type: 'plans', reply, selected: 'longform' }, { type: 'view', view: 'timeline' });
  // Typed arrays do not pass as arguments: they are made in the page.
  await page.evaluate(
    ({ kinds, ops, op, layer, phase, starts, kind, bytes }) => {
      const host = window as unknown as { deliver(message: unknown): void };
      const columns = {
        kinds,
        ops,
        op: Uint32Array.from(op),
        layer: Int32Array.from(layer),
        phase: Uint8Array.from(phase),
        starts: Uint32Array.from(starts),
        kind: Uint32Array.from(kind),
        bytes: Float64Array.from(bytes),
      };
      host.deliver({ type: 'timeline', plan: 'longform', version: 3, timeline: columns });
    },
    {
      kinds: timeline.kinds,
      ops: timeline.ops,
      op: [...timeline.op],
      layer: [...timeline.layer],
      phase: [...timeline.phase],
      starts: [...timeline.starts],
      kind: [...timeline.kind],
      bytes: [...timeline.bytes],
    },
  );
  await page.locator('.timeline .areas path').first().waitFor();
  await page.evaluate(() => {
    const meter = window as unknown as { work: number[] };
    meter.work = [];
    // The page draws in frame callbacks: how long each of them takes is what a frame costs it.
    const ask = window.requestAnimationFrame.bind(window);
    window.requestAnimationFrame = (callback) =>
      ask((now) => {
        const start = performance.now();
        callback(now);
        document.body.getBoundingClientRect();
        meter.work.push(performance.now() - start);
      });
  });
  const box = await page.locator('svg.timeline').boundingBox();
  if (!box) throw new Error('no timeline');
  const middle = { x: box.x + box.width / 2, y: box.y + box.height / 2 };
  await page.mouse.move(middle.x, middle.y);
  await page.mouse.wheel(0, -300);
  await page.mouse.down();
  await page.mouse.move(middle.x - 300, middle.y, { steps: 60 });
  await page.mouse.move(middle.x + 300, middle.y, { steps: 120 });
  await page.mouse.up();
  const work = await page.evaluate(() => (window as unknown as { work: number[] }).work);
  within(`a frame while ${timeline.op.length.toLocaleString('en')} moments are dragged`, work, 16);
  await page.close();
}

/** Runs in the workbench before its own scripts: notes when something was pressed. */
function note(): void {
  for (const press of ['mousedown', 'keydown'])
    window.addEventListener(press, () => Object.assign(window, { pressed: Date.now() }), true);
}

const pressed = (page: Page) => page.evaluate(() => (window as unknown as { pressed: number }).pressed);

interface Shown {
  /** When the version was drawn, as the page itself marked it, on the machine's clock. */
  at: number;
  /** When the page's document came: what is before is the workbench's, which opens a frame and starts its service worker. */
  began: number;
}

/** When a version after `after` was drawn. */
async function shown(page: Page, after: number): Promise<Shown> {
  const root = panelFrame(page).locator('#root');
  for (;;) {
    const found = await root.evaluate((_, version) => {
      const mark = performance.getEntriesByName('memplan.picture').at(-1) as PerformanceMark | undefined;
      const [document] = performance.getEntriesByType('navigation') as PerformanceNavigationTiming[];
      const { timeOrigin } = performance;
      return mark && mark.detail > version
        ? { at: timeOrigin + mark.startTime, began: timeOrigin + (document?.responseEnd ?? 0) }
        : null;
    }, after);
    if (found !== null) return found;
    await page.waitForTimeout(20);
  }
}

/** A panel that is measured: by which keys it is opened, and the title of its tab. */
interface Measured {
  keys: string;
  title: string;
}
const OWN: Measured = { keys: 'Control+Alt+Shift+M', title: 'Memplan: long-context' };
/** Of nothing: what it takes is the workbench's own. */
const EMPTY: Measured = { keys: 'Control+Alt+Shift+E', title: 'Empty' };

interface Opened {
  whole: number;
  /** From the page's document on. */
  own: number;
}

/** Opens the panel from the file's editor. */
async function open(page: Page, { keys }: Measured): Promise<Opened> {
  await openFile(page, FILE);
  await page.waitForTimeout(500);
  await page.keyboard.press(keys);
  const { at, began } = await shown(page, 0);
  return { whole: at - (await pressed(page)), own: at - began };
}

async function close(page: Page, { title }: Measured): Promise<void> {
  await page.locator('.tab', { hasText: title }).click();
  await runCommand(page, 'View: Close Editor');
  await page.locator('.tab', { hasText: title }).waitFor({ state: 'detached' });
}

/** Keystrokes that change the plan, 32k and 2k by turns, until what follows them has drawn. */
async function edits(page: Page): Promise<number[]> {
  await page.locator('.view-line', { hasText: 'let ctx' }).click({ position: { x: 4, y: 8 } });
  const times: number[] = [];
  for (let edit = 0; edit < 16; edit++) {
    await page.waitForTimeout(300);
    const after = Number(await panelFrame(page).locator('#root').getAttribute('data-revision'));
    await page.keyboard.press('Home');
    for (let step = 0; step < 'let ctx = '.length; step++) await page.keyboard.press('ArrowRight');
    await page.keyboard.press(edit % 2 === 0 ? '3' : 'Delete');
    times.push((await shown(page, after)).at - (await pressed(page)));
  }
  return times;
}

async function inEditor(browser: Browser): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'memplan-bench-'));
  await cp(join(root, 'media/examples'), folder, { recursive: true });
  const text = await readFile(join(folder, FILE), 'utf8');
  await writeFile(join(folder, FILE), text.replace('let ctx = 32k', 'let ctx = 2k'));
  const server = await startServer(root, { beside: join(root, 'test/bench/empty-panel') });
  const { page } = await openWorkbench(browser, server, {
    root,
    folder,
    prepare: async (page) => void (await page.addInitScript(note)),
  });
  page.setDefaultTimeout(60_000);
  await page.locator('.monaco-workbench .part.editor').waitFor();
  await openFile(page, FILE);
  // The language server has answered for the first time.
  await page.locator('.codelens-decoration').first().waitFor();

  const measure = async (panel: Measured) => {
    const opened: Opened[] = [];
    for (let run = 0; run < 6; run++) {
      opened.push(await open(page, panel));
      if (run < 5) await close(page, panel);
    }
    const edited = await edits(page);
    await close(page, panel);
    const [first, ...again] = opened;
    return { first, again, edited };
  };
  const empty = await measure(EMPTY);
  const own = await measure(OWN);
  const whole = (list: readonly Opened[]) => list.map((one) => one.whole);
  const beyond = (list: readonly number[], floor: readonly number[]) => `${(median(list) - median(floor)).toFixed(0)} ms`;
  row('command to first picture, first time', `${own.first?.whole.toFixed(0)} ms`);
  within('command to first picture, again', whole(own.again), 300);
  row('the same of an empty panel, the workbench’s own', `${empty.first?.whole.toFixed(0)} ms, then ${ms(whole(empty.again))}`);
  row('beyond an empty panel, again', beyond(whole(own.again), whole(empty.again)));
  const late = own.again.map((one) => one.own);
  row('of it, from the page’s document to the picture', `${own.first?.own.toFixed(0)} ms, then ${ms(late)}`);
  within('keystroke to picture', own.edited, 100);
  row('the same of an empty panel, which hears of the edit', ms(empty.edited));
  row('beyond an empty panel', beyond(own.edited, empty.edited));
  await page.close();
  await server.stop();
  await rm(folder, { recursive: true, force: true });
}

heading('medians');
const browser = await launchChromium(root);
await inParts({ weight, frames: () => frames(browser), 'in the editor': () => inEditor(browser) });
await browser.close();
verdict();
process.exit();
