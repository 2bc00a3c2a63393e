/**
 * How changes get to their place, in a real browser. What stands right after a message was delivered is read in the same task: no frame
 * comes between, so that what glides is still where it was, and what does not has arrived.
 */
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Estimate, ToWebview, WhatIfReply } from '../../src/protocol';
import { dotKey, layoutFit } from '../../webview/layout/fit';
import { layoutWaterfall, STACK } from '../../webview/layout/waterfall';
import { panels } from './built-page';
import { adapter, fit, full, longform, reply, whatIf } from './canned';
import type { Panel } from './page';

const root = join(import.meta.dirname, '../..');

/** The example's plan with steps of `share` of their sizes; the plain plan, which all are drawn to the scale of, is as large. */
function scaled(share: number): Estimate {
  const estimate = structuredClone(longform);
  const part = (bytes: number) => Math.round(bytes * share);
  for (const step of estimate.waterfall.slice(1)) {
    step.before = part(step.before);
    step.after = part(step.after);
    for (const category of STACK) step.categories[category] = part(step.categories[category]);
  }
  return estimate;
}
const plans = (share: number, version: number): ToWebview => ({
  type: 'plans',
  selected: 'longform',
  reply: {
    ...reply,
    version,
    plans: reply.plans.map((plan) => (plan.name === 'longform' ? { ...plan, estimate: scaled(share) } : plan)),
  },
});

const opened = panels(root);
let panel: Panel;

const open = async (options: Parameters<typeof opened>[0] = {}) => {
  panel = await opened(options);
  return panel.page;
};

/** Delivers messages; resolves with where the parts of the bars begin and end right after them. */
const rightAfter = (...messages: ToWebview[]): Promise<string> =>
  panel.page.evaluate((list: unknown[]) => {
    for (const message of list) (window as unknown as { deliver(message: unknown): void }).deliver(message);
    return [...document.querySelectorAll('.waterfall .row .segment')]
      .map((part) => ['x', 'width'].map((name) => Number(part.getAttribute(name)).toFixed(2)).join('+'))
      .join(' ');
  }, messages as unknown[]);

/** Where they belong. */
async function placesOf(...messages: ToWebview[]): Promise<string> {
  await open({ reducedMotion: true });
  const places = await rightAfter(...messages);
  expect(panel.problems).toEqual([]);
  await panel.page.close();
  return places;
}

test('the first picture stands; a change lets its bars glide to where they belong', async () => {
  const before = await placesOf(plans(1, 3));
  const after = await placesOf(plans(0.5, 4));
  expect(after).not.toBe(before);
  const page = await open();
  expect(await rightAfter(plans(1, 3))).toBe(before);
  const bar = await page.locator('.waterfall [data-label^=streambp]').elementHandle();
  expect(await rightAfter(plans(0.5, 4))).toBe(before);
  await expect.poll(() => rightAfter()).toBe(after);
  // It is the same bar that got there.
  expect(await bar?.evaluate((element) => element.isConnected)).toBe(true);
});

test('what changes again before it came to rest follows at once', async () => {
  const after = await placesOf(plans(0.7, 5));
  await open();
  await rightAfter(plans(1, 3));
  expect(await rightAfter(plans(0.5, 4), plans(0.7, 5))).toBe(after);
});

test('a picture that is told the same again goes on to where it was going', async () => {
  const after = await placesOf(plans(0.5, 4));
  await open();
  const before = await rightAfter(plans(1, 3));
  expect(await rightAfter(plans(0.5, 4), plans(0.5, 5))).toBe(before);
  await expect.poll(() => rightAfter()).toBe(after);
});

test('nothing glides for whoever asks for less motion, from that moment on', async () => {
  const half = await placesOf(plans(0.5, 4));
  const page = await open();
  await rightAfter(plans(1, 3), plans(0.5, 4));
  await page.emulateMedia({ reducedMotion: 'reduce' });
  await expect.poll(() => page.evaluate(() => matchMedia('(prefers-reduced-motion: reduce)').matches)).toBe(true);
  await expect.poll(() => rightAfter()).toBe(half);
  expect(await rightAfter(plans(0.7, 5))).toBe(await reopened(plans(0.7, 5)));
});

/** The same in a page beside the one that is looked at. */
async function reopened(...messages: ToWebview[]): Promise<string> {
  const looked = panel;
  const places = await placesOf(...messages);
  panel = looked;
  return places;
}

test('a picture is copied as it will stand, also while it moves', async () => {
  const half = await placesOf(plans(0.5, 4));
  const page = await open();
  await rightAfter(plans(1, 3));
  const copied = await page.evaluate((message: unknown) => {
    const host = window as unknown as { deliver(message: unknown): void; posts: { type: string; text?: string }[] };
    host.deliver(message);
    const entries = [...document.querySelectorAll<HTMLElement>('[role=menuitem]')];
    entries.find(({ textContent }) => textContent === 'Copy as SVG')?.click();
    const { text = '' } = host.posts.find(({ type }) => type === 'copy') ?? {};
    return [...new DOMParser().parseFromString(text, 'image/svg+xml').querySelectorAll('.row .segment')]
      .map((part) => ['x', 'width'].map((name) => Number(part.getAttribute(name)).toFixed(2)).join('+'))
      .join(' ');
  }, plans(0.5, 4) as unknown);
  expect(copied).toBe(half);
});

test('the pictures follow a slider that is held within a frame', async () => {
  const answer = (id: number, tried: Estimate): ToWebview => ({
    type: 'what-if',
    plan: 'longform',
    id,
    reply: { ...whatIf(tried), turns: whatIf().turns } satisfies WhatIfReply,
  });
  const begin: ToWebview[] = [plans(1, 3), { type: 'view', view: 'what-if' }, answer(1, longform)];
  const after = await placesOf(...begin, answer(2, scaled(0.5)));
  const page = await open();
  await rightAfter(...begin);
  const box = await page.locator('[data-turn=sequence] input[type=range]').boundingBox();
  if (!box) throw new Error('there is no slider');
  await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
  await page.mouse.down();
  expect(await rightAfter(answer(2, scaled(0.5)))).toBe(after);
  await page.mouse.up();
});

test('rows and points are known again by what they stand for', () => {
  const keys = (estimate: Estimate) => layoutWaterfall(estimate, 700).rows.map(({ key }) => key);
  for (const estimate of [full, longform, adapter]) {
    expect(new Set(keys(estimate)).size).toBe(keys(estimate).length);
    expect([keys(estimate)[0], keys(estimate).at(-1)]).toEqual(['plain', 'result']);
  }
  // Without its first technique the others stay what they are.
  const fewer = { ...longform, waterfall: longform.waterfall.filter((_, index) => index !== 1) };
  expect(keys(longform).filter((key) => !keys(fewer).includes(key))).toEqual([`${longform.waterfall[1]?.slot} 0`]);
  // Two uses of one slot are two rows.
  const [plain, first] = longform.waterfall;
  const twice = { ...longform, waterfall: [plain, first, first].flatMap((step) => step ?? []) };
  expect(new Set(keys(twice)).size).toBe(4);
  const dots = (points: typeof fit.points) => layoutFit({ ...fit, points }, 700, 280).dots.map(dotKey);
  expect(dots(fit.points.toReversed())).toEqual(dots(fit.points));
});
