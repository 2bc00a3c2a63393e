/** Pictures of the panel's states in every theme, to look at: `node test/webview/shots.mjs [folder]`. */
import { mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { ToWebview } from '../../src/protocol';
import { launchChromium } from '../host/chromium';
import { adapter, broken, empty, events, fit, reply, shardedReply, sweeps, timeline, uri, whatIf } from './canned';
import { openPanel, THEMES, type Theme } from './page';

const plans = (selected: string): ToWebview => ({ type: 'plans', reply, selected });
const run: ToWebview[] = [
  plans('longform'),
  { type: 'run-started', plan: 'longform', uri, version: reply.version },
  ...events.map((event): ToWebview => ({ type: 'run-event', plan: 'longform', event })),
];
/** What the server says to the questions of the views, and changes that are tried. */
const answers: ToWebview[] = [
  { type: 'sweeps', reply: sweeps },
  { type: 'fit', reply: fit },
];
const trying: ToWebview[] = [
  plans('longform'),
  { type: 'view', view: 'what-if' },
  { type: 'what-if', plan: 'longform', id: 1, reply: whatIf({ ...adapter, name: 'longform' }) },
];
const scenes: {
  [name: string]: {
    messages: ToWebview[];
    width?: number;
    height?: number;
    themes?: Theme[];
    hover?: string;
    zoom?: number;
    language?: string;
  };
} = {
  longform: { messages: [plans('longform')] },
  full: { messages: [plans('full')], themes: ['dark'] },
  hover: { messages: [plans('longform')], hover: '[data-label^=streambp]', themes: ['dark', 'hc-light'] },
  narrow: { messages: [plans('adapter')], width: 320, themes: ['dark', 'light'] },
  run: {
    messages: [...run, { type: 'view', view: 'run' }, { type: 'run-ended', plan: 'longform', outcome: 'failed' }],
    height: 2000,
  },
  running: { messages: [...run.slice(0, 30), { type: 'view', view: 'run' }], height: 1300, themes: ['light'] },
  'run-narrow': {
    messages: [...run, { type: 'view', view: 'run' }, { type: 'run-ended', plan: 'longform', outcome: 'failed' }],
    width: 320,
    height: 2000,
    themes: ['dark'],
  },
  timeline: {
    messages: [
      plans('longform'),
      { type: 'view', view: 'timeline' },
      { type: 'timeline', plan: 'longform', version: reply.version, timeline },
    ],
    height: 1100,
  },
  compare: { messages: [plans('longform'), { type: 'view', view: 'compare' }, ...answers], height: 2300 },
  'compare-narrow': {
    messages: [plans('longform'), { type: 'view', view: 'compare' }, ...answers],
    width: 320,
    height: 2600,
    themes: ['dark'],
  },
  'what-if': { messages: trying, height: 1500 },
  'what-if-narrow': { messages: trying, width: 320, height: 1900, themes: ['dark'] },
  cards: { messages: [{ type: 'plans', reply: shardedReply, selected: 'sharded' }], height: 1100, themes: ['dark', 'hc-light'] },
  zoomed: { messages: [plans('longform')], width: 640, zoom: 2, height: 900, themes: ['light'] },
  'german-run': { messages: [...run, { type: 'view', view: 'run' }], width: 320, height: 2400, themes: ['dark'], language: 'de' },
  'german-what-if': { messages: trying, width: 320, height: 1900, themes: ['light'], language: 'de' },
  german: {
    messages: [plans('longform'), { type: 'view', view: 'compare' }, ...answers],
    height: 2300,
    themes: ['light'],
    language: 'de',
  },
  empty: { messages: [{ type: 'plans', reply: empty, selected: null }], height: 300, themes: ['dark'] },
  broken: { messages: [{ type: 'plans', reply: broken, selected: 'full' }], height: 300, themes: ['dark', 'light'] },
};

const root = process.cwd();
const folder = resolve(process.argv[2] ?? 'out/shots');
const only = process.argv[3]?.split(',');
await mkdir(folder, { recursive: true });
const browser = await launchChromium(root);
for (const [name, scene] of Object.entries(scenes)) {
  if (only && !only.includes(name)) continue;
  for (const theme of scene.themes ?? THEMES) {
    const { width = 760, height = 900, language = 'en' } = scene;
    const panel = await openPanel(browser, root, { theme, width, height, zoom: scene.zoom ?? 1, language });
    await panel.send(...scene.messages);
    if (scene.hover) await panel.page.hover(scene.hover);
    await panel.page.screenshot({ path: join(folder, `${name}-${theme}.png`) });
    if (panel.problems.length > 0) console.log(name, theme, panel.problems);
    await panel.page.close();
  }
}
await browser.close();
