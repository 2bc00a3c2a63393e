/** The built page in a real browser, under its own policy. */
import { join } from 'node:path';
import AxeBuilder from 'axe-core';
import { expect, test } from 'vitest';
import { type FromWebview, type ToWebview, VIEWS } from '../../src/protocol';
import { formatBytes } from '../../webview/format';
import { panels } from './built-page';
import {
  adapter,
  broken,
  empty,
  events,
  fit,
  full,
  longform,
  reply,
  sharded,
  shardedReply,
  sweeps,
  timeline,
  unfit,
  uri,
  whatIf,
} from './canned';
import { NONCE, type Panel, THEMES } from './page';

const root = join(import.meta.dirname, '../..');
const plans = (selected: string, version = 3): ToWebview => ({ type: 'plans', reply: { ...reply, version }, selected });
const timelineOf = (version = 3): ToWebview => ({ type: 'timeline', plan: 'longform', version, timeline });
const started: ToWebview = { type: 'run-started', plan: 'longform', uri, version: 3 };
const run: ToWebview[] = [
  plans('longform'),
  { type: 'view', view: 'run' },
  started,
  ...events.map((event): ToWebview => ({ type: 'run-event', plan: 'longform', event })),
];

/** What the server says to the questions of the views. */
const answers: ToWebview[] = [
  timelineOf(),
  { type: 'sweeps', reply: sweeps },
  { type: 'fit', reply: fit },
  { type: 'what-if', plan: 'longform', id: 1, reply: whatIf({ ...adapter, name: 'longform' }) },
];

const opened = panels(root);
let panel: Panel;

const open = async (...messages: ToWebview[]) => {
  panel = await opened();
  await panel.send(...messages);
  return panel.page;
};
const bars = () =>
  panel.page
    .locator('.waterfall .row')
    .evaluateAll((rows) =>
      rows.map((row) => ({ label: row.getAttribute('data-label'), bytes: Number(row.getAttribute('data-bytes')) })),
    );

test('every bar carries its label and its bytes, and they add up to the estimate', async () => {
  const page = await open(plans('longform'));
  const drawn = await bars();
  expect(drawn.map((bar) => bar.label)).toEqual([...longform.waterfall.map((step) => step.label), 'longform']);
  const [result] = drawn.splice(-1);
  expect(result?.bytes).toBe(longform.peak.allocated);
  expect(drawn.reduce((sum, bar) => sum + bar.bytes, 0)).toBe(longform.peak.allocated);
  expect(await page.locator('[data-role=result]').getAttribute('data-bytes')).toBe(String(longform.peak.allocated));
  expect(await page.locator('[data-role=capacity]').getAttribute('data-bytes')).toBe(String(longform.capacity));
  expect(await page.locator('#root').getAttribute('data-state')).toBe('rendered');
  expect(await page.locator('#root').getAttribute('data-revision')).toBe('3');
});

test('what is known when the page is written is drawn as it opens, in the view that is wanted', async () => {
  panel = await opened({
    given: [plans('adapter'), { type: 'cursor', line: 28 }, { type: 'view', view: 'compare' }],
  });
  expect((await bars()).at(-1)).toEqual({ label: 'adapter', bytes: adapter.peak.allocated });
  expect(await panel.page.locator('#tab-compare').getAttribute('aria-selected')).toBe('true');
  expect((await panel.posted()).map(({ type }) => type)).toEqual(['sweeps', 'ready']);
});

test('a page that comes to life again draws what it is told now, not what it was given once', async () => {
  panel = await opened({
    given: [plans('adapter', 3)],
    saved: { uri, plan: 'adapter', view: 'waterfall', page: NONCE },
  });
  expect(await bars()).toEqual([]);
  await panel.send(plans('longform', 7));
  expect((await bars()).at(-1)?.label).toBe('longform');
});

test('over budget is said in words and hatched, not only coloured', async () => {
  const page = await open(plans('full'));
  expect(await page.locator('.answer .verdict').textContent()).toMatch(/Does not fit RTX 4090: [\d.]+ GiB over/);
  expect(await page.locator('[data-role=result]').textContent()).toContain('over');
  const fill = await page.locator('[data-role=result] .over').evaluate((bar) => getComputedStyle(bar).fill);
  expect(fill).toContain('#over-budget');
});

test('a picture of a plan far beyond the card is brought close by the keyboard, and shown whole again', async () => {
  const page = await open(plans('longform'));
  const before = await bars();
  const usable = () => page.locator('.waterfall [data-role=usable]').getAttribute('transform');
  const whole = await usable();
  expect(await page.locator('.tear').count()).toBe(0);
  await page.focus('.scale vscode-button');
  await page.keyboard.press('Enter');
  expect(await page.locator('.row.plain .tear').count()).toBe(1);
  expect(await page.locator('[data-role=result] .tear').count()).toBe(0);
  expect(await bars()).toEqual(before);
  expect(await page.locator('.scale').textContent()).toContain('Torn bars go on');
  await page.keyboard.press('Enter');
  await expect.poll(usable).toBe(whole);
  expect(await page.locator('.tear').count()).toBe(0);
});

test('the picture follows the file, and an older answer changes nothing', async () => {
  const page = await open(plans('longform', 3), { type: 'estimating', version: 5 });
  expect(await page.locator('#root').getAttribute('data-state')).toBe('estimating');
  await panel.send({
    type: 'plans',
    selected: 'longform',
    reply: { ...reply, version: 5, plans: [{ ...reply.plans[0], name: 'longform' } as never] },
  });
  expect(await page.locator('#root').getAttribute('data-revision')).toBe('5');
  expect((await bars()).at(-1)?.bytes).toBe(full.peak.allocated);
  await panel.send(plans('longform', 4));
  expect(await page.locator('#root').getAttribute('data-revision')).toBe('5');
  expect((await bars()).at(-1)?.bytes).toBe(full.peak.allocated);
});

test('malformed messages leave the picture as it is', async () => {
  await open(plans('longform'));
  const before = await bars();
  for (const message of [
    null,
    5,
    'x',
    {},
    { type: 'plans' },
    { type: 'plans', reply: { ...reply, plans: [{}] }, selected: null },
  ])
    await panel.sendRaw(message);
  expect(await bars()).toEqual(before);
});

test('a click on a bar, Enter on a focused one and the table all lead to the words that made it', async () => {
  const page = await open(plans('longform'));
  await page.click('[data-label^=streambp]');
  await page.focus('.waterfall .row[tabindex="0"]');
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Enter');
  await page.click('summary:has-text("The same as a table")');
  await page.click('.table a:has-text("int8")');
  const lines = (await panel.posted()).flatMap((message) => (message.type === 'reveal' ? [message.place.line] : []));
  expect(lines).toEqual([17, 16, 18]);
});

test('arrows move between bars, Home and End jump, and the card tells what is shown', async () => {
  const page = await open(plans('longform'));
  await page.focus('.waterfall .row[tabindex="0"]');
  await page.keyboard.press('End');
  const label = () => page.evaluate(() => document.activeElement?.getAttribute('data-label'));
  expect(await label()).toBe('longform');
  await page.keyboard.press('Home');
  await page.keyboard.press('ArrowDown');
  expect(await label()).toContain('galore');
  const card = await page.locator('.card').textContent();
  expect(card).toContain('Saved');
  expect(card).toContain('optimizer');
  expect(card).toContain('2 × fp32 [4096 × 4096] → 2 × int8 [128 × 4096]');
  expect(card).toContain('arXiv 2403.03507');
  await page.keyboard.press('Escape');
  expect(await page.locator('.card').isVisible()).toBe(false);
});

test('the table says the same as the picture', async () => {
  const page = await open(plans('adapter'));
  await page.click('summary:has-text("The same as a table")');
  const cells = await page
    .locator('.picture ~ .as-table .table')
    .first()
    .locator('tbody tr')
    .evaluateAll((rows) => rows.map((row) => [...row.children].map((cell) => cell.textContent)));
  const afters = await page
    .locator('.waterfall .row')
    .evaluateAll((rows) => rows.map((row) => Number(row.getAttribute('data-after'))));
  expect(cells.slice(0, afters.length).map((row) => row[2])).toEqual(afters.map(formatBytes));
});

test('what is alive at the peak is listed, and adds up to it', async () => {
  const page = await open(plans('longform'));
  await page.click('summary:has-text("What is alive")');
  const cells = await page
    .locator('.ledger tbody tr')
    .evaluateAll((rows) => rows.map((row) => row.firstElementChild?.textContent));
  expect(cells).toEqual([formatBytes(3_758_096_384), formatBytes(longform.peak.allocated - 3_758_096_384)]);
  expect(await page.locator('.holds code').textContent()).toBe('torch.compile');
});

test('another plan is chosen by the keyboard', async () => {
  const page = await open(plans('full'));
  await page.focus('vscode-dropdown');
  await page.keyboard.press('ArrowDown');
  await page.waitForFunction(() =>
    (window as unknown as { posts: { type: string }[] }).posts.some((post) => post.type === 'select'),
  );
  const chosen = async () => (await panel.posted()).flatMap((message) => (message.type === 'select' ? [message.plan] : []));
  expect(await chosen()).toEqual(['longform']);
  // Another plan is shown for another reason; the same key chooses again.
  await panel.send(plans('longform'), plans('full'));
  await page.keyboard.press('ArrowDown');
  await page.waitForFunction(
    () => (window as unknown as { posts: { type: string }[] }).posts.filter(({ type }) => type === 'select').length === 2,
  );
  expect(await chosen()).toEqual(['longform', 'longform']);
});

test('a run shows progress, can be cancelled without losing focus, then every verdict with its limit', async () => {
  const page = await open(...run.slice(0, 7));
  expect(await page.locator('#root').getAttribute('data-state')).toBe('running');
  await page.focus('.run .progress vscode-button');
  await panel.send(...run.slice(7, 13));
  await page.keyboard.press('Enter');
  expect((await panel.posted()).some((message) => message.type === 'cancel-run')).toBe(true);
  await panel.send(...run.slice(13), { type: 'run-ended', plan: 'longform', outcome: 'failed' });
  const verdicts = await page.locator('[data-check]').evaluateAll((rows) => rows.map((row) => row.getAttribute('data-passed')));
  expect(verdicts).toEqual(['true', 'true', 'false', 'true']);
  expect(await page.locator('tr[data-passed=false]').textContent()).toContain('FAIL');
  expect(await page.locator('.adapter').textContent()).toContain('software');
  expect(await page.locator('.run .verdict').textContent()).toContain('1 of 4 checks failed');
  expect(await page.locator('[data-memory=longform]').textContent()).toContain('equal');
  expect(await page.locator('.loss path.curve').count()).toBe(2);
  expect(await page.locator('[data-unproved]').textContent()).toContain('cut-cross-entropy');
});

test('kernels by time: bars of both configurations, all of them as a table, and what an old result lacks', async () => {
  const page = await open(...run, { type: 'run-ended', plan: 'longform', outcome: 'failed' });
  const rows = page.locator('.kernel-bars li');
  expect(await rows.evaluateAll((list) => list.map((row) => row.getAttribute('data-kernel')))).toEqual([
    'matmul',
    'attention_backward_kv',
    'attention',
    'galore_jacobi',
    'adamw',
    '2 others',
  ]);
  expect(await rows.nth(0).locator('dd').allTextContents()).toEqual(['1.10 s · 67 % · 74 ×', '1.54 s · 65 % · 74 ×']);
  expect(await rows.nth(3).locator('dd').allTextContents()).toEqual(['does not run', '90.0 ms · 4 % · 4.2 ×']);
  const width = (row: number, bar: number) =>
    rows
      .nth(row)
      .locator('.kernel-bar rect')
      .nth(bar)
      .evaluate((rect) => rect.getBoundingClientRect().width);
  expect((await width(0, 0)) / (await width(0, 1))).toBeCloseTo(1.1 / 1.54, 2);
  await page.focus('.kernels summary');
  await page.keyboard.press('Enter');
  expect(await page.locator('.kernel-table tbody tr').count()).toBe(8);
  const old = run.filter((message) => message.type !== 'run-event' || message.event.type !== 'kernels');
  await panel.send(...old, { type: 'run-ended', plan: 'longform', outcome: 'failed' });
  expect(await page.locator('.kernels').textContent()).toContain('did not time its kernels');
});

test('bytes by technique: what each adds or saves, predicted beside counted, from the plain step to the plan', async () => {
  const page = await open(...run, { type: 'run-ended', plan: 'longform', outcome: 'failed' });
  const cells = await page
    .locator('.savings tbody tr')
    .evaluateAll((rows) => rows.map((row) => [...row.children].map((cell) => cell.textContent)));
  expect(cells).toEqual([
    ['plain', '31,481,856 B', '31,481,856 B', 'equal', '31,600,000 B'],
    ['galore', '−10,242,432 B', '−10,242,432 B', 'equal', '−10,100,000 B'],
    ['streambp', '−10,000,000 B', '−9,999,744 B', 'differs', '−9,900,000 B'],
    ['with all of them', '11,239,424 B', '11,239,680 B', 'differs', '11,600,000 B'],
  ]);
  expect(await page.locator('[data-saving=streambp]').getAttribute('data-equal')).toBe('false');
});

test('every way a run can end is said in words', async () => {
  const page = await open(plans('longform'), { type: 'view', view: 'run' }, started, {
    type: 'run-ended',
    plan: 'longform',
    outcome: 'cancelled',
  });
  const words = () => page.locator('[data-outcome]').textContent();
  expect(await words()).toContain('Cancelled');
  await panel.send(started, { type: 'run-ended', plan: 'longform', outcome: 'error', message: 'No adapter was found.' });
  expect(await words()).toContain('No adapter was found.');
  await panel.send(plans('longform', 4));
  expect(await page.locator('.run .note').first().textContent()).toContain('Stale');
});

test('a file without plans, with errors, and a stopped server each say so', async () => {
  const page = await open({ type: 'plans', reply: empty, selected: null });
  expect(await page.locator('#root').getAttribute('data-state')).toBe('empty');
  expect(await page.locator('.notice .empty').textContent()).toContain('no plan yet');
  await panel.send({ type: 'plans', reply: broken, selected: 'full' });
  expect(await page.locator('#root').getAttribute('data-state')).toBe('error');
  expect(await page.locator('.notice').textContent()).toContain("did you mean 'adamw'");
  expect(await page.locator('.waterfall').isVisible()).toBe(false);
  await panel.send({ type: 'plans', reply: { ...broken, version: 5 }, selected: 'longform' });
  expect(await page.locator('.notice').textContent()).toContain('Plan full of this file cannot be estimated');
  expect(await page.locator('.waterfall').isVisible()).toBe(true);
  const again = page.locator('.notice vscode-button');
  await panel.send({ type: 'problem', message: 'The language server stopped.', restart: true });
  expect(await page.locator('.notice').textContent()).toContain('The language server stopped.');
  expect(await page.locator('#root').getAttribute('data-state')).toBe('error');
  await again.focus();
  await page.keyboard.press('Enter');
  expect((await panel.posted()).at(-1)).toEqual({ type: 'restart-server' });
  await panel.send({ type: 'problem', message: 'The language server is being started again.' });
  expect(await again.isVisible()).toBe(false);
  await panel.send(plans('longform', 6));
  expect(await page.locator('.notice').textContent()).not.toContain('server');
});

test('an error while typing dims the picture of the text before, and says so', async () => {
  const page = await open(plans('full', 3), { type: 'plans', reply: broken, selected: 'full' });
  expect(await page.locator('#root').getAttribute('data-revision')).toBe('3');
  expect(await page.locator('.pictures').getAttribute('class')).toContain('stale');
  expect(await page.locator('.notice').textContent()).toContain('The picture is of the text before');
  await panel.send(plans('full', 5));
  expect(await page.locator('.pictures').getAttribute('class')).not.toContain('stale');
});

test('the timeline is asked for when it is looked at, once a version, and shows the peak', async () => {
  const page = await open(plans('longform'));
  const asked = async () => (await panel.posted()).filter(({ type }) => type === 'timeline').length;
  expect(await asked()).toBe(0);
  await page.click('#tab-timeline');
  await panel.send(plans('longform'));
  expect(await asked()).toBe(1);
  await panel.send(timelineOf());
  expect(await page.locator('.moment').textContent()).toContain('backward, layer 31, mlp.down');
  expect(await page.locator('.timeline .areas path').count()).toBe(11);
  await panel.send(plans('longform', 4));
  expect(await asked()).toBe(2);
  expect(await page.locator('.timeline').isVisible()).toBe(false);
});

test('the timeline is read, zoomed and pinned by the keyboard alone', async () => {
  const page = await open(plans('longform'), { type: 'view', view: 'timeline' }, timelineOf());
  const window = () => page.locator('.window rect').evaluate((rect) => Number(rect.getAttribute('width')));
  const whole = await window();
  await page.focus('.timeline');
  await page.keyboard.press('+');
  await page.waitForFunction(
    (width) => Number(document.querySelector('.window rect')?.getAttribute('width')) < width * 0.6,
    whole,
  );
  await page.keyboard.press('Enter');
  await page.keyboard.press('Home');
  expect(await page.locator('.moment').textContent()).toMatch(/^forward, layer 0, norm1: .* against backward, layer 31/);
  expect(await page.locator('table.live').textContent()).toContain('Difference');
  expect(await page.locator('.timeline').getAttribute('aria-valuetext')).toContain('forward, layer 0, norm1');
});

test('the timeline is panned and shown whole by keys, in the picture and in the step in small', async () => {
  const page = await open(plans('longform'), { type: 'view', view: 'timeline' }, timelineOf());
  const map = page.locator('.minimap');
  const from = async () => Number(await map.getAttribute('aria-valuenow'));
  const last = async () => Number(await map.getAttribute('aria-valuemax'));
  const press = async (key: string, holds: () => Promise<boolean>) => {
    await page.keyboard.press(key);
    await expect.poll(holds).toBe(true);
  };
  expect(await last()).toBe(0);
  await page.focus('.timeline');
  expect(await page.locator('.timeline-view .keys').isVisible()).toBe(true);
  await press('+', async () => (await last()) > 0);
  await press('+', async () => Number(await map.getAttribute('aria-valuemax')) > timeline.op.length * 0.7);
  const moment = async () => Number(await page.locator('.timeline').getAttribute('aria-valuenow'));
  const [start, at] = [await from(), await moment()];
  await press('PageDown', async () => (await from()) > start && (await moment()) - at === (await from()) - start);
  await page.keyboard.press('Tab');
  expect(await map.evaluate((element) => element.matches(':focus-visible'))).toBe(true);
  expect(await map.evaluate((element) => getComputedStyle(element).outlineStyle)).toBe('solid');
  await press('End', async () => (await from()) === (await last()));
  await press('ArrowLeft', async () => (await from()) < (await last()));
  const near = await from();
  await press('Shift+ArrowLeft', async () => (await from()) < near);
  await press('Home', async () => (await from()) === 0);
  expect(await map.getAttribute('aria-valuetext')).toMatch(/^forward, layer 0, norm1 to /);
  await press('0', async () => (await last()) === 0);
});

test('the timeline follows wheel and drag', async () => {
  const page = await open(plans('longform'), { type: 'view', view: 'timeline' }, timelineOf());
  const shown = () =>
    page.locator('.window rect').evaluate((rect) => [rect.getAttribute('x'), rect.getAttribute('width')].map(Number));
  const box = await page.locator('.timeline').boundingBox();
  if (!box) throw new Error('no timeline');
  await page.mouse.move(box.x + box.width / 2, box.y + 100);
  await page.mouse.wheel(0, -400);
  await page.waitForFunction(() => Number(document.querySelector('.window rect')?.getAttribute('width')) < 400);
  const [before = 0] = await shown();
  await page.mouse.down();
  await page.mouse.move(box.x + box.width / 2 - 150, box.y + 100, { steps: 4 });
  await page.mouse.up();
  await page.waitForFunction((x) => Number(document.querySelector('.window rect')?.getAttribute('x')) > x, before);
});

test('plans are compared on one scale, and a press chooses one', async () => {
  const page = await open(plans('longform'));
  await page.focus('#tab-waterfall');
  await page.keyboard.press('ArrowLeft');
  await page.keyboard.press('ArrowLeft');
  const devices = await page
    .locator('.compare [data-plan]')
    .evaluateAll((rows) => rows.map((row) => Number(row.getAttribute('data-bytes'))));
  expect(devices).toEqual(reply.plans.map(({ estimate }) => estimate?.peak.device));
  expect(await page.locator('.differences').textContent()).toContain('time per step');
  await page.focus('.compare [data-plan=adapter]');
  await page.keyboard.press('Enter');
  expect((await panel.posted()).at(-1)).toEqual({ type: 'select', plan: 'adapter' });
});

test('the picture is copied and saved by the keyboard, as text and as itself', async () => {
  const page = await open(plans('longform'));
  await page.focus('.menu-opener');
  await page.keyboard.press('Enter');
  await page.keyboard.press('Enter');
  const copied = (await panel.posted()).find((message) => message.type === 'copy');
  expect(copied?.text).toContain('| `streambp(chunk: 2k, logits: 128)` |');
  for (const downs of [3, 4]) {
    await page.keyboard.press('Enter');
    for (let down = 0; down < downs; down++) await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
  }
  await page.waitForFunction(
    () => (window as unknown as { posts: { type: string }[] }).posts.filter(({ type }) => type === 'save').length === 2,
  );
  const [svg, png] = (await panel.posted()).filter((message) => message.type === 'save');
  expect(svg).toMatchObject({ format: 'svg', name: 'longform' });
  expect(svg?.content).toMatch(/^<svg .*cut-cross-entropy.*<\/svg>$/s);
  expect(svg?.content).not.toMatch(/var\(|style=/);
  const bytes = Buffer.from(png?.content ?? '', 'base64');
  expect(bytes.subarray(1, 4).toString()).toBe('PNG');
  expect(bytes.readUInt32BE(16)).toBeGreaterThan(1200);
});

test('a run is copied as text with every limit; its picture only once there is one', async () => {
  const early = run.filter((message) => message.type !== 'run-event' || message.event.type !== 'loss');
  const page = await open(...early);
  const choose = async (label: string) => {
    await page.click('.menu-opener');
    await page.getByRole('menuitem', { name: label }).click();
    return (await panel.posted()).at(-1);
  };
  await page.click('.menu-opener');
  expect(await page.getByRole('menuitem', { name: 'Save as PNG…' }).getAttribute('aria-disabled')).toBe('true');
  await page.keyboard.press('Escape');
  const copied = await choose('Copy as Markdown');
  expect(copied).toMatchObject({ type: 'copy' });
  const text = copied?.type === 'copy' ? copied.text : '';
  expect(text).toContain('**longform**: 3 of 4 checks passed on SwiftShader Device (Subzero) (software, no GPU).');
  expect(text).toContain('| `int8` error within one step of its group | 1.02 steps | 1 steps | **FAIL** |');
  expect(text).toContain('| longform | 11,239,424 B | 11,239,424 B | 398.0 MiB |');
  await panel.send(...run.filter((message) => message.type === 'run-event' && message.event.type === 'loss'));
  const csv = await choose('Save as CSV…');
  const rows = csv?.type === 'save' ? csv.content.trim().split('\n') : [];
  expect(rows[0]).toBe('record,subject,what,value,limit,unit,verdict');
  expect(rows).toContain('memory,longform,counted,11239424,11239424,bytes,equal');
  expect(rows.filter((row) => row.startsWith('loss,longform,'))).toHaveLength(21);
  const svg = await choose('Save as SVG…');
  expect(svg).toMatchObject({ type: 'save', format: 'svg', name: 'longform-run' });
});

test.each(['en', 'de'])('the page fits 320 pixels in %s', async (language) => {
  panel = await opened({ width: 320, language });
  const wide = async () => {
    const { scroll, client } = await panel.page.evaluate(() => ({
      scroll: document.documentElement.scrollWidth,
      client: document.documentElement.clientWidth,
    }));
    return scroll > client;
  };
  await panel.send({ type: 'plans', reply: shardedReply, selected: 'longform' }, ...run.slice(2), ...answers);
  await panel.page.evaluate(AxeBuilder.source);
  for (const view of VIEWS) {
    await panel.send({ type: 'view', view });
    expect(await wide(), view).toBe(false);
    expect(await serious(), view).toEqual([]);
  }
  // The figures of a run stand below their names: none is to be scrolled to.
  const cut = await panel.page
    .locator('.stacks')
    .evaluateAll((tables) => tables.filter((table) => table.scrollWidth > (table.parentElement?.clientWidth ?? 0)).length);
  expect(await panel.page.locator('.stacks').count()).toBe(3);
  expect(cut).toBe(0);
});

test('several cards: the one that peaks stands out, each bar carries its bytes, and what lies beside the card is said', async () => {
  const page = await open({ type: 'plans', reply: shardedReply, selected: 'sharded' });
  expect(await page.locator('.cards h3').textContent()).toBe(
    '8 cards; the figures are those of stage 1 of 2, which peaks highest',
  );
  const ranks = await page
    .locator('.ranks [data-rank]')
    .evaluateAll((rows) =>
      rows.map((row) => [row.getAttribute('data-rank'), Number(row.getAttribute('data-bytes')), row.textContent]),
    );
  expect(ranks.map(([name, bytes]) => [name, bytes])).toEqual(sharded.ranks?.map(({ name, peak }) => [name, peak]));
  expect(ranks[0]?.[2]).toContain('peaks');
  await page.click('summary:has-text("The cards as a table")');
  expect(await page.locator('.cards tbody').textContent()).toContain('backward, loss');
  expect(await page.locator('.beside').textContent()).toContain('In the host’s memory12.0 GiB');
  await panel.send(plans('longform'));
  expect(await page.locator('.cards').isVisible()).toBe(false);
});

test('cards that are all alike need no picture; many kinds of cards are folded away', async () => {
  const alike = { ...sharded, cards: { count: 512, peaks: 'every card', sent: 2 ** 30 }, ranks: sharded.ranks?.slice(0, 1) };
  const many = {
    ...sharded,
    ranks: Array.from({ length: 16 }, (_, at) => ({ ...sharded.ranks?.[0], name: `stage ${at + 1} of 16`, count: 4 })),
  };
  const shown = (estimate: object, version: number) =>
    panel.send({
      type: 'plans',
      selected: 'sharded',
      reply: { ...reply, version, plans: [{ ...shardedReply.plans.at(-1), estimate } as never] },
    });
  const page = await open();
  await shown(alike, 4);
  expect(await page.locator('.cards h3').textContent()).toBe('512 cards, all alike');
  expect(await page.locator('.ranks').isVisible()).toBe(false);
  expect(await page.locator('.beside').textContent()).toContain('1.00 GiB per step');
  await shown(many, 5);
  expect(await page.locator('.ranks').isVisible()).toBe(false);
  await page.click('summary:has-text("Card by card")');
  expect(await page.locator('.ranks [data-rank]').count()).toBe(16);
  expect(await page.locator('.ranks').isVisible()).toBe(true);
});

const questions = async () => (await panel.posted()).filter((message) => message.type === 'what-if');
const tried: ToWebview = { type: 'what-if', plan: 'longform', id: 2, reply: whatIf({ ...adapter, name: 'longform' }) };
const asked = (id: number): ToWebview => ({ type: 'what-if', plan: 'longform', id, reply: whatIf() });

test('what if: a slider asks by the keyboard, one question at a time, and the pictures show the answer', async () => {
  const page = await open(plans('longform'), { type: 'view', view: 'what-if' }, asked(1));
  expect(await questions()).toEqual([{ type: 'what-if', plan: 'longform', id: 1, changes: [] }]);
  await page.focus('[data-turn="galore.rank"] input[type=range]');
  for (const _ of [1, 2, 3]) await page.keyboard.press('ArrowLeft');
  // The first step was asked at once, the others wait for its answer and go together.
  expect((await questions()).slice(1)).toMatchObject([{ id: 2, changes: [{ kind: 'number', path: 'galore.rank', value: 96 }] }]);
  await panel.send(tried);
  expect((await questions()).at(-1)).toMatchObject({ id: 3, changes: [{ path: 'galore.rank', value: 48 }] });
  expect((await bars()).at(-1)?.bytes).toBe(adapter.peak.allocated);
  expect(await page.locator('.answer .verdict').textContent()).toContain('With what is tried: Does not fit');
  expect(await page.locator('.trial').textContent()).toContain('on the card (22.5 GiB → 63.0 GiB)');
  expect(await page.evaluate(() => document.activeElement?.getAttribute('aria-label'))).toBe('galore.rank');
  await page.click('#tab-waterfall');
  expect((await bars()).at(-1)?.bytes).toBe(longform.peak.allocated);
});

test('what if: nothing is written before it is applied, and then all of it at once', async () => {
  const page = await open(plans('longform'), { type: 'view', view: 'what-if' }, asked(1));
  expect(await page.getByRole('textbox', { name: 'sequence, exact' }).inputValue()).toBe('32k');
  expect(await page.locator('.what-if vscode-button').first().getAttribute('disabled')).not.toBeNull();
  // What is seldom turned is one press further away.
  expect(await page.locator('[data-turn="galore.every"]').isVisible()).toBe(false);
  await page.click('summary:has-text("More numbers (1)")');
  expect(await page.locator('[data-turn="galore.every"]').isVisible()).toBe(true);
  await page.locator('[data-turn=sequence] vscode-text-field input').fill('16k');
  await page.keyboard.press('Enter');
  await panel.send(tried);
  await page.focus('[data-slot=activations] vscode-dropdown');
  await page.keyboard.press('ArrowDown');
  await page.waitForFunction(() => (window as unknown as { posts: { id?: number }[] }).posts.some(({ id }) => id === 3));
  await panel.send({ ...tried, id: 3 } as ToWebview);
  const applies = async () =>
    (await panel.posted()).filter((message): message is Extract<FromWebview, { type: 'apply' }> => message.type === 'apply');
  expect(await applies()).toEqual([]);
  await page.click('vscode-button:has-text("Apply to file")');
  expect(await applies()).toEqual([
    {
      type: 'apply',
      plan: 'longform',
      version: 3,
      changes: [
        { kind: 'number', path: 'sequence', value: 16_384 },
        { kind: 'technique', slot: 'activations', use: { name: 'int8', args: { group: 256 } } },
      ].slice(0, (await applies())[0]?.changes.length),
    },
  ]);
  await panel.send({ type: 'applied', plan: 'longform' }, plans('longform', 4));
  expect((await questions()).at(-1)?.changes).toEqual([]);
});

test('what if: everything is taken back by the keyboard', async () => {
  const page = await open(plans('longform'), { type: 'view', view: 'what-if' }, asked(1));
  await page.locator('[data-turn=sequence] vscode-text-field input').fill('16k');
  await page.keyboard.press('Enter');
  await panel.send(tried);
  expect((await questions()).at(-1)?.changes).toHaveLength(1);
  const reset = page.locator('.what-if vscode-button:has-text("Reset")');
  expect(await reset.getAttribute('disabled')).toBeNull();
  await reset.focus();
  await page.keyboard.press('Enter');
  expect((await questions()).at(-1)?.changes).toEqual([]);
});

test('what if: what cannot be combined is said, and cannot be applied', async () => {
  const refusal = { ...whatIf(), problems: ['`galore` cannot be combined with `mezo`: it has no gradients'] };
  const page = await open(plans('longform'), { type: 'view', view: 'what-if' }, asked(1));
  await page.focus('[data-turn=batch] input[type=range]');
  await page.keyboard.press('ArrowRight');
  await panel.send({ type: 'what-if', plan: 'longform', id: 2, reply: refusal });
  expect(await page.locator('.problems').textContent()).toContain('cannot be combined with mezo');
  expect(await page.locator('vscode-button:has-text("Apply to file")').getAttribute('disabled')).not.toBeNull();
});

test('sweeps are drawn with the usable line and the crossing, and said in a table', async () => {
  const page = await open(plans('longform'), { type: 'view', view: 'compare' });
  expect((await panel.posted()).at(-1)).toEqual({ type: 'sweeps', plan: 'longform', others: ['full', 'adapter'] });
  await panel.send({ type: 'sweeps', reply: sweeps });
  const crossings = await page
    .locator('.sweep [data-crossing]')
    .evaluateAll((marks) => marks.map((mark) => mark.getAttribute('data-crossing')));
  expect(crossings).toEqual(['34900', '9720']);
  await page.click('summary:has-text("The curves as a table")');
  expect(await page.locator('.sweeps tbody tr').last().textContent()).toBe('fits up to34,9009,720');
  await page.click('.sweeps a');
  expect((await panel.posted()).at(-1)).toMatchObject({ type: 'reveal', place: { line: 21 } });
});

test('fewer plans are compared, down to the one on show', async () => {
  const page = await open(plans('longform'), { type: 'view', view: 'compare' });
  await page.focus('.chooser vscode-checkbox:has-text("full")');
  await page.keyboard.press('Space');
  expect(await page.locator('.compare [data-plan]').count()).toBe(2);
  expect(
    await page.locator('[data-difference]').evaluateAll((rows) => rows.map((row) => row.getAttribute('data-difference'))),
  ).toEqual(['adapter']);
  expect((await panel.posted()).at(-1)).toMatchObject({ type: 'sweeps', others: ['adapter'] });
  expect(await page.locator('[data-difference]').getAttribute('data-bytes')).toBe(
    String(adapter.peak.allocated - longform.peak.allocated),
  );
});

test('ways to fit: looked for with progress and a way out, applied by mouse and by keyboard', async () => {
  const page = await open(plans('longform'), { type: 'fit-wanted', plan: 'longform' });
  expect((await panel.posted()).some((message) => message.type === 'fit')).toBe(true);
  await panel.send({ type: 'fit-progress', plan: 'longform', done: 1200, total: 9000 });
  expect(await page.locator('.fit-view .progress').textContent()).toContain('1,200 of at most 9,000 plans');
  await page.click('.fit-view .progress vscode-button');
  expect((await panel.posted()).at(-1)).toEqual({ type: 'cancel-fit' });
  await panel.send({ type: 'unanswered', plan: 'longform', question: 'fit', message: '' });
  expect(await page.locator('.fit-view .note').first().textContent()).toContain('Cancelled');
  await panel.send({ type: 'fit', reply: fit });
  expect(await page.locator('.fit .choice').count()).toBe(3);
  await page.focus('.fit [data-choice="1"]');
  expect(await page.locator('.detail').textContent()).toContain('streambp(chunk: 1k, logits: 128)');
  await page.keyboard.press('Enter');
  await page.click('.fit [data-choice="0"]');
  const applies = (await panel.posted()).flatMap((message) => (message.type === 'apply' ? [message.changes] : []));
  expect(applies).toEqual([fit.points[1]?.changes, fit.points[0]?.changes]);
  await panel.send(plans('longform', 4));
  expect(await page.locator('.fit-view .note').first().textContent()).toContain('edited since');
});

test('a plan that does not fit has a way on: it looks for changes, and says what each statement of theirs does', async () => {
  const page = await open(plans('longform'));
  expect(await page.locator('.answer vscode-button').count()).toBe(0);
  await panel.send(plans('full'));
  await page.focus('.answer .verdict vscode-button');
  await page.keyboard.press('Enter');
  expect(await panel.posted()).toContainEqual({ type: 'fit', plan: 'full' });
  expect(await page.locator('#tab-compare').getAttribute('aria-selected')).toBe('true');
  const points = fit.points.map((point, at) => ({ ...point, near: at === 1 }));
  await panel.send({ type: 'fit', reply: { ...fit, plan: 'full', points } });
  const listed = page.locator('.fit-view > div > .table .ways');
  expect(await listed.locator('.edit th').allTextContents()).toEqual(['backward checkpoint', 'backward lomo']);
  expect(await listed.locator('.edit').first().textContent()).toContain('−2.00 GiB+3 %');
  const more = page.locator('.fit-view details');
  await more.locator('summary', { hasText: '1 more' }).click();
  await more.locator('vscode-button').click();
  expect((await panel.posted()).at(-1)).toMatchObject({ type: 'apply', changes: fit.points[1]?.changes });
});

test('where nothing fits, the floor is taken apart', async () => {
  const page = await open(plans('full'), { type: 'view', view: 'compare' }, { type: 'fit', reply: { ...unfit, plan: 'full' } });
  const floor = page.locator('.floor');
  expect(await floor.textContent()).toContain('None of 12,480 plans fits: the smallest keeps 30.0 GiB alive');
  expect(await floor.locator('.legend li').allTextContents()).toEqual([
    'weights25.1 GiB',
    'activations2.90 GiB',
    'temporary1.60 GiB',
    'gradients409.6 MiB',
  ]);
  expect(await floor.textContent()).toContain('optimizer adafactor −40.0 GiB');
  expect(await floor.textContent()).toContain('8.70 GiB would do, and 78.0 GiB in the host’s memory');
});

test('the view that was looked at is there again after a reload, or in another window', async () => {
  panel = await opened({ saved: { uri, plan: 'adapter', view: 'compare' } });
  await panel.send(plans('adapter'));
  expect(await panel.page.locator('#tab-compare').getAttribute('aria-selected')).toBe('true');
  await panel.page.close();
  panel = await opened({ saved: { uri: 5, view: 'nowhere' } });
  await panel.send(plans('adapter'));
  expect(await panel.page.locator('#tab-waterfall').getAttribute('aria-selected')).toBe('true');
});

test('the cursor’s line lights its bar', async () => {
  const page = await open(plans('longform'), { type: 'cursor', line: 17 });
  expect(await page.locator('.row.lit').getAttribute('data-label')).toContain('streambp');
});

test.each(THEMES)(
  'nothing serious for axe in %s',
  async (theme) => {
    panel = await opened({ theme, height: 2000 });
    await panel.send({ type: 'plans', reply: shardedReply, selected: 'sharded' });
    // The page's policy refuses injected scripts; the tool runs from outside it.
    await panel.page.evaluate(AxeBuilder.source);
    const found = await serious();
    await panel.send(...run, { type: 'run-ended', plan: 'longform', outcome: 'failed' }, ...answers);
    for (const view of VIEWS) {
      await panel.send({ type: 'view', view });
      await panel.page.locator('details').evaluateAll((all) => {
        for (const one of all) (one as HTMLDetailsElement).open = true;
      });
      found.push(...(await serious()).map((one) => `${view}: ${one}`));
    }
    expect(found).toEqual([]);
  },
  60_000,
);

/** What axe finds in the page as it is. */
function serious(): Promise<string[]> {
  return panel.page.evaluate(async () => {
    const { axe } = window as unknown as { axe: typeof import('axe-core') };
    // The toolkit names and disables its controls in the frame after the one that they were told in.
    for (const _ of [1, 2, 3]) await new Promise(requestAnimationFrame);
    const { violations } = await axe.run(document, { resultTypes: ['violations'] });
    return violations
      .filter(({ impact }) => impact === 'serious' || impact === 'critical')
      .map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.target.join(' ')).join(', ')}`);
  });
}
