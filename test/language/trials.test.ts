/** Changes that are tried, curves and ways to fit, asked of the built server as the panel asks; and the edits that write them. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CancellationTokenSource } from 'vscode-languageserver-protocol/node';
import { analyze } from '../../language/server/analyze';
import type { ListSlot, TechniqueSlot } from '../../src/plan/types';
import type {
  Change,
  EstimateReply,
  FitProgress,
  FitReply,
  Place,
  RewriteReply,
  SweepsReply,
  WhatIfReply,
} from '../../src/protocol';
import { build, type Client, start } from './client';

const example = readFileSync(fileURLToPath(new URL('../../media/examples/long-context.memplan', import.meta.url)), 'utf8');

/** `text` with the edits made. */
function edited(text: string, edits: RewriteReply['edits']): string {
  const lines = text.split('\n');
  const at = (line: number, column: number) =>
    lines.slice(0, line - 1).reduce((sum, one) => sum + one.length + 1, 0) + column - 1;
  const start = ({ line, column }: Place) => at(line, column);
  return [...edits]
    .sort((a, b) => start(b.place) - start(a.place))
    .reduce(
      (now, { place, text: put }) => now.slice(0, start(place)) + put + now.slice(at(place.endLine, place.endColumn)),
      text,
    );
}

describe('the built server', () => {
  let folder: string;
  let client: Client;
  let uri: string;
  const ask = <T>(method: string, params: object) => client.connection.sendRequest<T>(method, { uri, ...params });
  const whatIf = (plan: string, changes: Change[]) => ask<WhatIfReply>('memplan/whatIf', { plan, changes });
  const rewrite = async (plan: string, changes: Change[]) => ask<RewriteReply>('memplan/rewrite', { plan, changes });

  beforeAll(async () => {
    build();
    folder = mkdtempSync(join(tmpdir(), 'memplan-'));
    client = await start(folder);
    uri = `file://${join(folder, 'a.memplan')}`;
    client.open(uri, example);
  });
  afterAll(async () => {
    client.process.kill();
    rmSync(folder, { recursive: true, force: true });
  });

  it('says of no changes what it says of the file, and what may be turned', async () => {
    const { plans } = await ask<EstimateReply>('memplan/estimate', {});
    const { view, turns, slots, problems } = await whatIf('longform', []);
    expect(view.estimate?.peak).toEqual(plans.find(({ name }) => name === 'longform')?.estimate?.peak);
    expect(problems).toEqual([]);
    expect(turns.map(({ path, value, written }) => [path, value, written])).toEqual(
      expect.arrayContaining([
        ['batch', 1, 1],
        ['sequence', 32_768, 32_768],
        ['galore.rank', 128, 128],
        ['streambp.chunk', 2048, 2048],
      ]),
    );
    expect(turns.every(({ usual }) => usual)).toBe(true);
    expect(slots.find(({ slot }) => slot === 'optimizer')).toMatchObject({ value: 'galore', written: 'galore' });
    expect(slots.find(({ slot }) => slot === 'loss')?.options.map(({ name }) => name)).toContain('chunked');
  });

  it('tells numbers that a plan states from those that are seldom turned', async () => {
    const { turns } = await whatIf('adapter', []);
    const of = (usual: boolean) => turns.filter((turn) => turn.usual === usual).map(({ path }) => path);
    expect(of(true)).toEqual(expect.arrayContaining(['batch', 'sequence', 'lora.rank', 'checkpoint.every']));
    expect(of(false)).toContain('checkpoint.one-in');
  });

  const changes: Change[] = [
    { kind: 'number', path: 'sequence', value: 16_384 },
    { kind: 'number', path: 'galore.rank', value: 64 },
    { kind: 'technique', slot: 'activations', use: { name: 'int4', args: { group: 128 } } },
  ];

  it('what is tried is what is then written, byte for byte, and comments stay', async () => {
    const tried = await whatIf('longform', changes);
    const { edits } = await rewrite('longform', changes);
    const text = edited(example, edits);
    expect(text).toContain('optimizer   galore(rank: 64, every: 200, inner: adamw8bit, layerwise: true)');
    expect(text).toContain('activations int4(group: 128)');
    for (const comment of example.match(/\/\/.*/g) ?? []) expect(text).toContain(comment);
    const other = `file://${join(folder, 'b.memplan')}`;
    client.open(other, text);
    const { plans } = await client.connection.sendRequest<EstimateReply>('memplan/estimate', { uri: other });
    const written = plans.find(({ name }) => name === 'longform')?.estimate;
    expect(written?.peak).toEqual(tried.view.estimate?.peak);
    expect(written?.time).toEqual(tried.view.estimate?.time);
    // The plan that it extends keeps its own sequence.
    expect(analyze(text).plans[0]?.plan?.sequence).toBe(32_768);
  });

  it('an argument is changed where it stands, with the comment beside it', async () => {
    const commented = `file://${join(folder, 'c.memplan')}`;
    const text = example.replace('galore(rank: 128,', 'galore(rank: 128 /* measured */,');
    client.open(commented, text);
    const params = { uri: commented, plan: 'longform', changes: [{ kind: 'number', path: 'galore.rank', value: 256 }] };
    const { edits } = await client.connection.sendRequest<RewriteReply>('memplan/rewrite', params);
    expect(edited(text, edits)).toBe(text.replace('rank: 128', 'rank: 256'));
  });

  it('refuses what cannot be combined, is out of range or is none, in words, and writes nothing of it', async () => {
    const bad: [Change, RegExp][] = [
      [{ kind: 'technique', slot: 'optimizer', use: { name: 'mezo', args: {} } }, /mezo/],
      [{ kind: 'technique', slot: 'optimizer', use: { name: 'adamx', args: {} } }, /knows no technique `adamx`/],
      [{ kind: 'technique', slot: 'optimizer', use: { name: 'galore', args: { rank: '1) evil(' } } }, /no such `rank`/],
      [{ kind: 'number', path: 'batch', value: 0.5 }, /lies between/],
      [{ kind: 'number', path: 'sequence', value: -1 }, /lies between/],
    ];
    for (const [change, words] of bad) {
      expect((await whatIf('longform', [change])).problems.join(' '), JSON.stringify(change)).toMatch(words);
      expect((await rewrite('longform', [change])).edits).toEqual([]);
    }
  });

  it('draws the sweep that is written, with the largest value that fits where a curve crosses the card', async () => {
    const { sweeps } = await ask<SweepsReply>('memplan/sweeps', { plan: 'adapter', others: ['longform'] });
    const [sweep] = sweeps;
    expect(sweep).toMatchObject({ path: 'sequence', unit: 'tokens', place: { line: 30 } });
    expect(sweep?.curves.map(({ plan, points }) => [plan, points.map(({ value }) => value / 1024)])).toEqual([
      ['adapter', [4, 8, 16, 32, 64]],
      ['longform', [4, 8, 16, 32, 64]],
    ]);
    for (const { plan, crossing } of sweep?.curves ?? []) {
      if (!crossing) continue;
      const fits = async (value: number) =>
        (await whatIf(plan, [{ kind: 'number', path: 'sequence', value }])).view.estimate?.fits;
      expect([await fits(crossing.value), await fits(crossing.value + 1)]).toEqual([true, false]);
    }
    expect(sweep?.curves.some(({ crossing }) => crossing !== null)).toBe(true);
  });

  it('sweeps the sequence of a plan that asks for no sweep', async () => {
    const { sweeps } = await ask<SweepsReply>('memplan/sweeps', { plan: 'longform', others: [] });
    expect(sweeps[0]).toMatchObject({ path: 'sequence', place: null });
    expect(sweeps[0]?.curves[0]?.points).toHaveLength(7);
  });

  it('a search for ways to fit tells how far it is, gives way to a cancellation, and its ways fit when written', async () => {
    const told: FitProgress[] = [];
    client.connection.onNotification('memplan/fitProgress', (progress: FitProgress) => told.push(progress));
    const short = example.replace('let ctx = 32k', 'let ctx = 4k');
    const at = `file://${join(folder, 'd.memplan')}`;
    client.open(at, short);
    const asked = { uri: at, plan: 'full' };
    const cancel = new CancellationTokenSource();
    const first = client.connection.sendRequest('memplan/fit', asked, cancel.token);
    cancel.cancel();
    await expect(first).rejects.toThrow();
    const fit = await client.connection.sendRequest<FitReply>('memplan/fit', asked);
    expect(told.every(({ plan, done, total }) => plan === 'full' && done <= total)).toBe(true);
    expect(fit.points.length).toBeGreaterThan(0);
    for (const { changes: way, device, edits: statements } of fit.points) {
      const params = { ...asked, changes: way };
      const tried = await client.connection.sendRequest<WhatIfReply>('memplan/whatIf', params);
      expect(tried.problems).toEqual([]);
      expect(tried.view.estimate).toMatchObject({ fits: true, peak: { device } });
      const { edits } = await client.connection.sendRequest<RewriteReply>('memplan/rewrite', params);
      const { plan } = analyze(edited(short, edits)).plans[0] ?? {};
      for (const { slot, to } of statements) {
        const names = [plan?.slots[slot as TechniqueSlot] ?? plan?.lists[slot as ListSlot] ?? []].flat().map(({ name }) => name);
        for (const name of names) expect(to).toContain(name);
        expect(to === '[]').toBe(names.length === 0);
      }
    }
  });
});
