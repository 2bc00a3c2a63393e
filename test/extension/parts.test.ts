import fc from 'fast-check';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { planAbove, planAt } from '../../src/extension/cursor';
import { readFromWebview } from '../../src/extension/inbox';
import { createKept } from '../../src/extension/kept-runs';
import { createMeasured } from '../../src/extension/measured';
import { ended } from '../../src/extension/outcome';
import { panelHtml } from '../../src/extension/panel-html';
import { budgetSentence, budgetWords } from '../../src/extension/words';
import type { EstimateReply, MeasuredParams, RunEvent, ToWebview } from '../../src/protocol';
import { events, full, longform, reply } from '../webview/canned';
import { l10n } from './english';

vi.mock('vscode', async () => await import('./english'));

describe('the cursor’s plan', () => {
  test.each([
    [1, 'full'],
    [7, 'full'],
    [14, 'full'],
    [15, 'longform'],
    [23, 'longform'],
    [400, 'adapter'],
  ])('line %d is in %s', (line, name) => expect(planAt(reply, line)?.name).toBe(name));

  test('above all plans the cursor is in none of them', () => {
    expect(planAbove(reply, 6)).toBeUndefined();
    expect(planAbove(reply, 7)?.name).toBe('full');
  });

  test('a file without plans has none', () => {
    expect(planAt({ ...reply, plans: [] }, 3)).toBeUndefined();
    expect(planAt(undefined, 3)).toBeUndefined();
  });
});

describe('messages of the page', () => {
  const place = { line: 3, column: 1, endLine: 3, endColumn: 9 };
  test.each([
    { type: 'ready' },
    { type: 'here' },
    { type: 'cancel-run' },
    { type: 'select', plan: 'full' },
    { type: 'run', plan: 'full' },
    { type: 'reveal', place },
    { type: 'timeline', plan: 'full' },
    { type: 'copy', text: 'a' },
    { type: 'fit', plan: 'full' },
    { type: 'cancel-fit' },
    { type: 'restart-server' },
    { type: 'sweeps', plan: 'full', others: ['longform'] },
    { type: 'what-if', plan: 'full', id: 3, changes: [{ kind: 'number', path: 'sequence', value: 4096 }] },
    {
      type: 'apply',
      plan: 'full',
      version: 2,
      changes: [
        { kind: 'technique', slot: 'optimizer', use: { name: 'galore', args: { rank: 8, inner: { name: 'sgd', args: {} } } } },
      ],
    },
    { type: 'save', format: 'svg', name: 'full', content: '<svg/>' },
  ])('$type is let in', (message) => expect(readFromWebview(message)).toEqual(message));

  test('what is more than asked for is left behind', () => {
    expect(readFromWebview({ type: 'run', plan: 'full', nodePath: '/bin/sh' })).toEqual({ type: 'run', plan: 'full' });
  });

  test('a file name stays one', () => {
    expect(readFromWebview({ type: 'save', format: 'csv', name: '../../etc/x y', content: '' })).toMatchObject({
      name: '-..-etc-x-y',
    });
  });

  test.each([
    null,
    { type: 'save', format: 'exe', name: 'a', content: '' },
    7,
    'ready',
    { type: 'run' },
    { type: 'run', plan: 3 },
    { type: 'what-if', plan: 'full', id: 3, changes: [{ kind: 'number', path: 'sequence', value: Number.NaN }] },
    { type: 'what-if', plan: 'full', id: 0.5, changes: [] },
    { type: 'apply', plan: 'full', version: 2, changes: [{ kind: 'technique', slot: 'optimizer', use: { name: 'x' } }] },
    { type: 'apply', plan: 'full', version: 2, changes: new Array(5000).fill({ kind: 'number', path: 'batch', value: 1 }) },
    { type: 'sweeps', plan: 'full', others: [5] },
    { type: 'reveal', place: { ...place, line: 0 } },
    { type: 'reveal', place: { ...place, column: 1.5 } },
    { type: 'reveal', place: { ...place, endLine: Number.POSITIVE_INFINITY } },
  ])('%j is not', (message) => expect(readFromWebview(message)).toBeNull());

  test('nothing breaks the reader', () => {
    const anything = fc.property(fc.anything(), (value) => {
      expect(readFromWebview(value)).toBeNull();
    });
    fc.assert(anything, { numRuns: 2000 });
  });
});

describe('how a run ended', () => {
  const summary = (failed: number): RunEvent => ({ type: 'summary', passed: 3, failed });
  const error = (code: string): RunEvent => ({ type: 'error', code, message: 'No adapter was found.' });
  const passedCheck = events.find((event) => event.type === 'check') as RunEvent;

  test('passed and failed by the summary', () => {
    expect(ended('full', [summary(0)]).outcome).toBe('passed');
    expect(ended('full', [summary(1)]).outcome).toBe('failed');
  });
  test('no summary is an error, never a pass', () =>
    expect(ended('full', [passedCheck])).toMatchObject({ outcome: 'error', message: expect.stringContaining('summary') }));
  test('an error of the runner is passed on in its words', () =>
    expect(ended('full', [error('no-adapter')])).toMatchObject({ outcome: 'error', message: 'No adapter was found.' }));
  test('an error outweighs a summary', () => expect(ended('full', [error('lost'), summary(0)]).outcome).toBe('error'));
  test('cancelled is no error', () =>
    expect(ended('full', [passedCheck, error('cancelled')])).toEqual({ type: 'run-ended', plan: 'full', outcome: 'cancelled' }));
});

test('the last run of each file is kept without its progress, and the oldest gives way', () => {
  const stored = new Map<string, unknown>();
  const storage = {
    get: (key: string) => stored.get(key),
    update: async (key: string, value: unknown) => void stored.set(key, structuredClone(value)),
    keys: () => [...stored.keys()],
  };
  const kept = createKept(storage as never);
  const run: ToWebview[] = [
    { type: 'run-started', plan: 'full', uri: 'a', version: 7, fingerprint: 'f' },
    ...events.map((event): ToWebview => ({ type: 'run-event', plan: 'full', event })),
    { type: 'run-ended', plan: 'full', outcome: 'passed' },
  ];
  kept.put('a', run);
  const [first, ...rest] = createKept(storage as never).get('a');
  expect(first).toEqual({ type: 'run-started', plan: 'full', uri: 'a', fingerprint: 'f' });
  expect(rest).toEqual(run.slice(1).filter((message) => message.type !== 'run-event' || message.event.type !== 'progress'));
  for (let file = 0; file < 40; file++) kept.put(`b${file}`, run);
  expect(kept.get('a')).toEqual([]);
  expect(kept.get('b39')).toHaveLength(rest.length + 1);
  stored.set('memplan.runs', [5, ['a'], ['a', 'x']]);
  expect(kept.get('a')).toEqual([]);
});

test('what runs have timed is kept by adapter over sessions, and told to the server', async () => {
  const stored = new Map<string, unknown>();
  const state = {
    get: (key: string) => stored.get(key),
    update: async (key: string, value: unknown) => stored.set(key, JSON.parse(JSON.stringify(value))),
  };
  let end = (_: object) => {};
  const run = (adapter: string, some: readonly RunEvent[]): ToWebview[] => [
    ...some.map(
      (event): ToWebview => ({
        type: 'run-event',
        plan: 'full',
        event: event.type === 'adapter' ? { ...event, name: adapter } : event,
      }),
    ),
    { type: 'run-ended', plan: 'full', outcome: 'failed' },
  ];
  const told: MeasuredParams[] = [];
  const session = () => {
    let messages: ToWebview[] = [];
    const runs = {
      messages: () => messages,
      onMessage: (listener: (event: object) => void) => {
        end = listener;
        return { dispose: () => {} };
      },
    };
    const measured = createMeasured(state as never, runs as never, async (_, params) => {
      told.push(params);
    });
    const ran = (some: ToWebview[]) => {
      messages = some;
      end({ uri: 'a', message: some.at(-1) });
    };
    return { ...measured, ran };
  };
  const { ran } = session();
  ran(run('one', events));
  ran(run('two', events));
  ran(run('one', events));
  // A run that ended before its kernels were timed says nothing of them.
  ran(run('three', events.slice(0, 5)));
  expect(told.map(({ adapter }) => adapter.name)).toEqual(['one', 'two', 'one']);
  expect(told[0]?.kernels.map(({ label }) => label)).toEqual(['plain', 'longform']);
  told.length = 0;
  session().tellAll();
  expect(told.map(({ adapter }) => adapter.name)).toEqual(['two', 'one']);
  stored.set('memplan.measured', [null, 3, {}]);
  told.length = 0;
  session().tellAll();
  expect(told).toEqual([]);
});

test('the status bar says what is needed of what can be used', () => {
  expect(budgetWords(longform)).toBe('longform: 22.5 of 22.9 GiB');
  expect(budgetSentence(full)).toMatch(
    /^full: 166\.2 GiB more than RTX 4090 can give\. The peak comes in backward, layer 31, mlp\.down\.$/,
  );
});

test('the page has no inline script or style and its policy allows nothing but its own', () => {
  const parts = { script: 'vscode:/webview.js', style: 'vscode:/webview.css', cspSource: 'vscode:', nonce: 'N0nce' };
  const html = panelHtml({ ...parts, language: 'en' });
  expect(html).toContain("default-src 'none'");
  expect(html).not.toMatch(/unsafe-|style=|https?:/);
  expect(html.match(/<script/g)).toHaveLength(1);
  expect(html).not.toContain('<style');
  const told = panelHtml({ ...parts, language: 'en', messages: [{ type: 'problem', message: '"><script>alert()</script>' }] });
  expect(told.match(/<script/g)).toHaveLength(1);
  expect(told).toContain('&#34;&#62;&#60;script&#62;alert()');
  const german = panelHtml({ ...parts, language: 'de', words: { 'a "b"': '<script>&' } });
  expect(german).toContain('<html lang="de">');
  expect(german).toContain('data-words="{&#34;a \\&#34;b\\&#34;&#34;:&#34;&#60;script&#62;&#38;&#34;}"');
});

describe('estimates', () => {
  class EventEmitter<T> {
    listeners: ((value: T) => void)[] = [];
    event = (listener: (value: T) => void) => this.listeners.push(listener);
    fire = (value: T) => this.listeners.forEach((listener) => void listener(value));
    dispose = () => undefined;
  }
  beforeEach(() => void vi.doMock('vscode', () => ({ EventEmitter, l10n, Uri: { parse: (text: string) => text } })));
  const uri = { toString: () => 'file:///a.memplan' } as never;

  test('edits during a request lead to one more, and everyone gets its answer', async () => {
    const { createEstimates } = await import('../../src/extension/estimates');
    const waiting: ((reply: EstimateReply) => void)[] = [];
    const estimates = createEstimates(<T>() => new Promise<T>((resolve) => waiting.push(resolve as never)));
    const seen: number[] = [];
    estimates.onDidChange(({ version }) => seen.push(version));
    const asked = [estimates.refresh(uri), estimates.refresh(uri), estimates.refresh(uri)];
    expect(waiting).toHaveLength(1);
    waiting[0]?.({ ...reply, version: 1 });
    await vi.waitFor(() => expect(waiting).toHaveLength(2));
    waiting[1]?.({ ...reply, version: 2 });
    expect((await Promise.all(asked)).map(({ version }) => version)).toEqual([2, 2, 2]);
    expect(seen).toEqual([2]);
    expect(estimates.get(uri)?.version).toBe(2);
  });

  test('what the server says is told once, however often it is asked', async () => {
    const { createEstimates } = await import('../../src/extension/estimates');
    const waiting: ((reply: EstimateReply) => void)[] = [];
    const estimates = createEstimates(<T>() => new Promise<T>((resolve) => waiting.push(resolve as never)));
    const seen: number[] = [];
    estimates.onDidChange(({ version }) => seen.push(version));
    const first = estimates.refresh(uri);
    // The server tells of the text that it has been asked about already.
    await estimates.follow(uri);
    waiting[0]?.({ ...reply, version: 1 });
    expect((await first).version).toBe(1);
    expect(waiting).toHaveLength(1);
    const second = estimates.follow(uri);
    waiting[1]?.({ ...reply, version: 1 });
    await second;
    expect(seen).toEqual([1]);
    // After a word that the server is lost the same answer is news.
    estimates.interrupt('stopped');
    const third = estimates.refresh(uri);
    waiting[2]?.({ ...reply, version: 1 });
    await third;
    expect(seen).toEqual([1, 1]);
    estimates.dispose();
  });

  test('a failure is told in words, and the next request is a fresh one', async () => {
    const { createEstimates } = await import('../../src/extension/estimates');
    let fail = true;
    const estimates = createEstimates(<T>() =>
      fail ? Promise.reject(new Error('connection lost')) : Promise.resolve(reply as T),
    );
    const told: string[] = [];
    estimates.onDidFail(({ message }) => told.push(message));
    await expect(estimates.refresh(uri)).rejects.toThrow('connection lost');
    expect(told).toEqual(['The estimate failed: connection lost']);
    fail = false;
    expect(await estimates.refresh(uri)).toBe(reply);
  });
});
