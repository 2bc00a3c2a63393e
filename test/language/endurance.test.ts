/** The built server over a long session: its memory stays where it was, and what is too large for it is refused in words. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { build, type Client, root, start } from './client';

const example = readFileSync(join(root, 'media/examples/long-context.memplan'), 'utf8').replace(/\n\s*data .*/, '');

/** Resident bytes of a process, where the system tells them. */
function resident(pid: number): number | undefined {
  try {
    const pages = readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ')[1];
    return Number(pages) * 4096;
  } catch {
    return undefined;
  }
}

describe('a long session', () => {
  let client: Client;
  beforeAll(async () => {
    build();
    client = await start(undefined, ['--max-old-space-size=192']);
  });
  afterAll(() => void client.process.kill());

  it('of 10,000 edits leaves no more memory behind than it needs', { timeout: 240_000 }, async () => {
    const uri = 'file:///long/a.memplan';
    client.open(uri, example);
    await client.diagnostics(uri, 1);
    let version = 1;
    const at = example.indexOf('32k');
    /** Types a sequence that was never there before, digit by digit, as someone trying lengths would. */
    const edits = async (count: number): Promise<void> => {
      for (let edit = 0; edit < count; edit++) {
        version++;
        client.edit(uri, version, { start: at, end: at + 3 }, `${1 + (version % 64)}${'kK '[version % 3]}`);
        if (edit % 100 === 99) await client.diagnostics(uri, version);
      }
      await client.diagnostics(uri, version);
    };
    await edits(2_000);
    const before = resident(client.process.pid ?? 0);
    await edits(8_000);
    const after = resident(client.process.pid ?? 0);
    // What grows by a tree an edit would be gigabytes by now, and the heap's limit would have ended the server.
    if (before !== undefined && after !== undefined) expect(after - before).toBeLessThan(96 * 2 ** 20);
    client.published.length = 0;
  });

  it('refuses a text of 10 MB in words, and serves the next one', { timeout: 60_000 }, async () => {
    const uri = 'file:///long/large.memplan';
    client.open(uri, '// x\n'.repeat(2_000_000));
    expect((await client.diagnostics(uri, 1)).map(({ message }) => message).join()).toContain('too long to be read');
    client.change(uri, 2, 'plan a { }\n');
    expect((await client.diagnostics(uri, 2)).map(({ code }) => code)).toEqual(['missing-slot']);
  });

  it('answers while 10,000 plans are looked at, and ends with all of them', { timeout: 240_000 }, async () => {
    const uri = 'file:///long/many.memplan';
    const head = 'model m from "gpt2"\ndevice d from "RTX 4090"\nplan p0 { model m device d sequence 64 }\n';
    const plans = Array.from({ length: 10_000 }, (_, index) => `plan q${index} extends p0 { batch ${(index % 4) + 1} }`);
    client.open(uri, head + plans.join('\n'));
    const params = { textDocument: { uri }, position: { line: 0, character: 2 } };
    const hover = await client.connection.sendRequest<{ contents: unknown }>('textDocument/hover', params);
    expect(JSON.stringify(hover.contents)).toContain('A model');
    expect(await client.diagnostics(uri, 1)).toEqual([]);
  });

  it('counts characters as the protocol does, whatever they are', async () => {
    const uri = 'file:///long/characters.memplan';
    // Emoji are two units, combining marks one of their own, a tab one; lines end in all three ways.
    const text = '// 🚀🚀 e\u0301\r\n/* 🧪 */\tlet a = 1 Gib\n// \u0301\rlet b = /* 👩‍👩‍👧 */ 2 Mib\r\n';
    client.open(uri, text);
    const found = await client.diagnostics(uri, 1);
    expect(found.map(({ range }) => range)).toEqual([
      { start: { line: 1, character: 19 }, end: { line: 1, character: 22 } },
      { start: { line: 3, character: 25 }, end: { line: 3, character: 28 } },
    ]);
    const lines = text.split(/\r\n|\r|\n/);
    for (const { range } of found)
      expect(lines[range.start.line]?.slice(range.start.character, range.end.character)).toMatch(/^[GM]ib$/);
  });
});
