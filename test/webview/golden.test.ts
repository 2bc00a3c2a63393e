/**
 * Pictures and layouts as they were looked at and found good: a change of one shows up as a difference of its file, which
 * `npx vitest run test/webview/golden.test.ts -u` accepts.
 */
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { ToWebview } from '../../src/protocol';
import { barOf, layoutBars, rankBars } from '../../webview/layout/bars';
import { layoutBudget } from '../../webview/layout/budget';
import { layoutDifference } from '../../webview/layout/difference';
import { layoutFit } from '../../webview/layout/fit';
import { createLive } from '../../webview/layout/live';
import { stopsOf } from '../../webview/layout/stops';
import { layoutSweep } from '../../webview/layout/sweep';
import { layoutTimeline } from '../../webview/layout/timeline';
import { layoutWaterfall } from '../../webview/layout/waterfall';
import { panels } from './built-page';
import { adapter, fit, full, longform, reply, sharded, shardedReply, sweeps, timeline } from './canned';

const root = join(import.meta.dirname, '../..');
const file = (name: string) => join(import.meta.dirname, 'golden', name);

/** Numbers to a tenth of a pixel, one value a line: what a change does is then read in its difference. */
function dump(value: unknown, indent = ''): string {
  if (typeof value === 'number') return Number.isInteger(value) ? String(value) : value.toFixed(1);
  if (typeof value !== 'object' || value === null) return String(value);
  const flat = Object.values(value).every((one) => typeof one !== 'object' || one === null);
  if (flat)
    return Object.entries(value)
      .map(([key, one]) => (Array.isArray(value) ? dump(one) : `${key} ${dump(one)}`))
      .join(', ');
  return Object.entries(value)
    .map(([key, one]) => `\n${indent}${key}: ${dump(one, `${indent}  `)}`)
    .join('');
}

test.each([
  ['waterfall', layoutWaterfall(longform, 700)],
  ['budget', layoutBudget(full, 700)],
  ['compare', layoutBars([full, longform, adapter].map(barOf), 700)],
  ['ranks', layoutBars(rankBars(sharded), 700)],
  ['difference', layoutDifference(longform, [full, adapter], 700)],
  ['sweep', sweeps.sweeps[0] && layoutSweep(sweeps.sweeps[0], 700, 240)],
  ['fit', layoutFit(fit, 700, 280)],
  [
    'timeline',
    layoutTimeline(createLive(timeline), { from: 0, to: 40 }, { width: 400, height: 300, usable: longform.usable, most: 4 }),
  ],
  ['stops', stopsOf({ value: 48, written: 128, min: 1, max: 8192 })],
])('the layout of %s is as it was', async (name, layout) => {
  await expect(`${dump(layout).trim()}\n`).toMatchFileSnapshot(file(`${name}.txt`));
});

const opened = panels(root);

const plans = (selected: string): ToWebview => ({ type: 'plans', reply, selected });
const compared: ToWebview[] = [
  plans('longform'),
  { type: 'view', view: 'compare' },
  { type: 'sweeps', reply: sweeps },
  { type: 'fit', reply: fit },
];

test.each<[string, ToWebview[]]>([
  ['waterfall', [plans('longform')]],
  ['budget', [plans('full')]],
  ['ranks', [{ type: 'plans', reply: shardedReply, selected: 'sharded' }]],
  ['compare', compared],
  ['difference', compared],
  ['sweep', compared],
  ['fit', compared],
])('the picture of %s is as it was', async (name, messages) => {
  const panel = await opened({ width: 760 });
  await panel.send(...messages);
  const svg = await panel.page
    .locator(`svg.${name}`)
    .first()
    .evaluate((element) => element.outerHTML);
  const lines = svg.replace(/(\d+\.\d)\d+/g, '$1').replaceAll('><', '>\n<');
  await expect(`${lines}\n`).toMatchFileSnapshot(file(`${name}.svg`));
});
