import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Report } from '../../language/server/report';
import { CATEGORIES } from '../../src/planner/types';
import { build, folderOf, memplan, root } from './program';

const GiB = 1024 ** 3;

const HEAD = `model gpt2 from "openai-community/gpt2"
device card from "RTX 3060 12GB"
`;
const SMALL = `${HEAD}
plan small {
  model gpt2
  device card
  batch 2
  sequence 1k
  backward checkpoint
}
`;
const LARGE = `${SMALL}
plan large extends small {
  batch 64
  backward standard
}
`;
const CONFIG = {
  model_type: 'llama',
  num_hidden_layers: 2,
  hidden_size: 256,
  num_attention_heads: 4,
  num_key_value_heads: 2,
  intermediate_size: 688,
  vocab_size: 32000,
};
const ownModel = (path: string) => `model mine from "${path}"
device card from "RTX 4090"
plan p {
  model mine
  device card
  sequence 1k
}
`;

let folder: ReturnType<typeof folderOf>;
const run = (...args: string[]) => memplan(args, folder.path);
const json = async (...args: string[]): Promise<Report & { status: number | null }> => {
  const { out, status } = await run('estimate', ...args, '--json');
  return { ...(JSON.parse(out) as Report), status };
};

beforeAll(() => {
  build('cli', 'server');
  folder = folderOf({
    'small.memplan': SMALL,
    'large.memplan': LARGE,
    'require.memplan': SMALL.replace('backward checkpoint', 'backward checkpoint\n  require peak <= 1 MiB'),
    'broken.memplan': `${SMALL}\nplan other {\n  model gpt3\n  device card\n  sequence 1k\n  optimzer adamw\n}\n`,
    'empty.memplan': '',
    'binary.memplan': new Uint8Array([0x66, 0xff, 0xfe, 0x00]),
    'bom.memplan': `\ufeff${SMALL}`,
    'crlf.memplan': SMALL.replaceAll('\n', '\r\n'),
    'config.json': JSON.stringify(CONFIG),
    'mamba.json': JSON.stringify({ ...CONFIG, model_type: 'mamba' }),
    'cut.json': '{"model_type": "llama",',
    'own.memplan': ownModel('./config.json'),
    'mamba.memplan': ownModel('./mamba.json'),
    'cut.memplan': ownModel('./cut.json'),
    'missing.memplan': ownModel('./confg.json'),
    'outside.memplan': ownModel('../config.json'),
    'linked.memplan': ownModel('./link.json'),
  });
  symlinkSync(join(root, 'package.json'), join(folder.path, 'link.json'));
  symlinkSync('round.memplan', join(folder.path, 'round.memplan'));
  mkdirSync(join(folder.path, 'folder.memplan'));
}, 60_000);
afterAll(() => folder.remove());

describe('memplan estimate', () => {
  it('holds: status 0, the verdict, the waterfall', async () => {
    const { status, out, err } = await run('estimate', 'small.memplan');
    expect(err).toBe('');
    expect(status).toBe(0);
    expect(out).toMatch(/✓ fits: .* GiB of 11\.5 GiB, .* to spare/);
    expect(out).toContain('checkpoint');
    expect(out).toMatch(/^ {2}small .*GiB$/m);
  });

  it('does not fit: status 1, by how much, at which moment, the largest part', async () => {
    const { status, out, err } = await run('estimate', 'large.memplan');
    expect(status).toBe(1);
    expect(out).toMatch(/✗ does not fit: .* GiB too much/);
    expect(err).toMatch(
      /^large\.memplan:\d+:\d+: error exceeds-memory: .*exceeds `card` by .* The peak comes in .*; the largest part is /m,
    );
  });

  it('a require that fails: status 1', async () => {
    const { status, err } = await run('estimate', 'require.memplan');
    expect(status).toBe(1);
    expect(err).toContain('require.memplan:10:3: error require-failed: `peak <= 1 MiB` does not hold');
  });

  it('a file with errors: status 2, the nearest names, and the plans that are whole all the same', async () => {
    const { status, out, err } = await run('estimate', 'broken.memplan');
    expect(status).toBe(2);
    expect(out).toContain('── small ');
    expect(out).not.toContain('── other ');
    expect(err).toMatch(/broken\.memplan:13:\d+: error unknown-name: .*`gpt2`/);
    expect(err).toMatch(/broken\.memplan:16:3: error unknown-key: .*optimizer/);
  });

  it('takes one plan, and its verdict alone', async () => {
    expect((await run('estimate', 'large.memplan', '--plan', 'small')).status).toBe(0);
    expect((await run('estimate', 'large.memplan', '--plan=large')).status).toBe(1);
    const unknown = await run('estimate', 'large.memplan', '--plan', 'smal');
    expect(unknown).toMatchObject({ status: 2, out: '', err: 'memplan: large.memplan has no plan smal; did you mean small?\n' });
  });

  it('answers in JSON, as the language reference promises', async () => {
    const report = await json('large.memplan', '--timeline');
    expect(report.status).toBe(1);
    expect(report.file).toBe('large.memplan');
    expect(report.plans.map(({ name }) => name)).toEqual(['small', 'large']);
    for (const plan of report.plans) {
      expect(plan).toMatchObject({ model: 'gpt2', device: 'card', capacity: 12 * GiB });
      expect(plan.peak.allocated).toBeLessThanOrEqual(plan.peak.reserved);
      expect(plan.peak.reserved).toBeLessThan(plan.peak.device);
      expect(plan.fits).toBe(plan.peak.device <= plan.usable);
      expect(CATEGORIES.reduce((sum, category) => sum + plan.categories[category], 0)).toBe(plan.peak.allocated);
      expect(Math.max(...plan.instants.map(({ allocated }) => allocated))).toBe(plan.peak.allocated);
      expect(plan.instants.map(({ phase }) => phase)).toEqual(['forward', 'backward', 'optimizer']);
      expect(plan.waterfall.at(-1)?.after).toBe(plan.peak.allocated);
      expect(plan.timeline?.length).toBeGreaterThan(10);
      const { allocated, reserved, device } = plan.peak;
      for (const size of [plan.usable, allocated, reserved, device, ...Object.values(plan.categories)])
        expect(Number.isInteger(size)).toBe(true);
    }
    expect(report.diagnostics).toEqual([
      expect.objectContaining({ severity: 'error', code: 'exceeds-memory', line: 13, column: 3 }),
    ]);
  });

  it('says of a file without plans that it has none', async () => {
    const { status, out, err } = await run('estimate', 'empty.memplan');
    expect({ status, out }).toEqual({ status: 0, out: '' });
    expect(err).toContain('empty.memplan has no plans');
    expect(await json('empty.memplan')).toMatchObject({ status: 0, plans: [], diagnostics: [] });
  });

  it('reads a byte order mark and Windows line ends', async () => {
    const plain = await json('small.memplan');
    for (const name of ['bom.memplan', 'crlf.memplan']) {
      const { status, plans } = await json(name);
      expect(status).toBe(0);
      expect(plans[0]?.peak).toEqual(plain.plans[0]?.peak);
    }
  });

  it('is the same to the byte, run after run', async () => {
    const [first, second] = await Promise.all([
      run('estimate', 'large.memplan', '--json'),
      run('estimate', 'large.memplan', '--json'),
    ]);
    expect(first).toEqual(second);
  });
});

describe('a model from config.json', () => {
  it('is read', async () => {
    const { status, plans } = await json('own.memplan');
    expect(status).toBe(0);
    const attention = 2 * 256 * 256 + 2 * 128 * 256;
    expect(plans[0]?.parameters.total).toBe(2 * 32000 * 256 + 256 + 2 * (attention + 3 * 256 * 688 + 2 * 256));
  });

  it.each([
    ['mamba.memplan', /mamba.*llama, mistral/],
    ['cut.memplan', /JSON/],
    ['missing.memplan', /no such file.*config\.json/],
    ['outside.memplan', /outside the workspace/],
    ['linked.memplan', /outside the workspace/],
  ])('%s is refused in words, at the path', async (name, words) => {
    const { status, err } = await run('estimate', name);
    expect(status).toBe(2);
    expect(err).toMatch(new RegExp(`^${name}:1:\\d+: error `, 'm'));
    expect(err).toMatch(words);
  });
});

describe('memplan check', () => {
  it('prints file:line:col: severity code: message, and nothing where all is well', async () => {
    expect(await run('check', 'small.memplan')).toEqual({ status: 0, out: '', err: '' });
    const { status, out } = await run('check', 'small.memplan', 'large.memplan', 'broken.memplan');
    expect(status).toBe(2);
    for (const line of out.trimEnd().split('\n'))
      expect(line).toMatch(/^(?:large|broken)\.memplan:\d+:\d+: (?:error|warning|information) [a-z-]+: .+/);
    expect((await run('check', 'large.memplan')).status).toBe(1);
  });

  it('is data with --json', async () => {
    const { out } = await run('check', 'large.memplan', '--json');
    expect(JSON.parse(out)).toMatchObject({ files: [{ file: 'large.memplan', diagnostics: [{ code: 'exceeds-memory' }] }] });
  });
});

describe('what cannot be read is one sentence, status 2', () => {
  it.each([
    ['nowhere.memplan', 'there is no such file'],
    ['folder.memplan', 'it is a folder'],
    ['binary.memplan', 'it is not UTF-8 text'],
    ['small.memplan/more', 'a part of its path is no folder'],
    ['round.memplan', 'its links go round in a circle'],
  ])('%s', async (name, words) => {
    for (const command of ['estimate', 'check', 'format', 'run']) {
      const { status, out, err } = await run(command, name);
      expect({ status, out }, command).toEqual({ status: 2, out: '' });
      expect(err.trimEnd().split('\n')).toHaveLength(1);
      expect(err).toContain(`${name}: ${words}`);
    }
  });
});

describe('memplan format', () => {
  it('prints, writes only what changes, and leaves what does not parse', async () => {
    const own = folderOf({ 'a.memplan': SMALL.replace('  batch 2', 'batch   2'), 'b.memplan': 'plan {{{' });
    const printed = await memplan(['format', 'a.memplan'], own.path);
    expect(printed.status).toBe(0);
    expect(printed.out).toMatch(/^ {2}batch +2$/m);
    const written = await memplan(['format', '--write', 'a.memplan'], own.path);
    expect(written).toEqual({ status: 0, out: 'a.memplan\n', err: '' });
    expect(readFileSync(join(own.path, 'a.memplan'), 'utf8')).toBe(printed.out);
    expect(await memplan(['format', '--write', 'a.memplan'], own.path)).toEqual({ status: 0, out: '', err: '' });
    const broken = await memplan(['format', '--write', 'b.memplan'], own.path);
    expect(broken.status).toBe(2);
    expect(broken.err).toMatch(/^b\.memplan:1:\d+: error syntax: /);
    expect(readFileSync(join(own.path, 'b.memplan'), 'utf8')).toBe('plan {{{');
    own.remove();
  });
});

describe('memplan fit', () => {
  it('finds ways that fit', async () => {
    const { status, out } = await run('fit', 'large.memplan', '--plan', 'large', '--json');
    const text = JSON.stringify(JSON.parse(out));
    expect(status === 0 || status === 1).toBe(true);
    expect(text).toContain('"edits"');
    expect((await run('fit', 'large.memplan', '--plan', 'lage')).err).toContain('did you mean large?');
  });
});

describe('memplan export and import', () => {
  it('go to a trainer and back', async () => {
    const exported = await run('export', 'small.memplan', '--to', 'trl');
    expect(exported).toMatchObject({ status: 0, err: '' });
    const own = folderOf({ 'config.yaml': exported.out });
    const imported = await memplan(['import', 'config.yaml'], own.path);
    own.remove();
    expect(imported.status).toBe(0);
    expect(imported.out).toContain('model  base from "openai-community/gpt2"');
    expect(imported.out).toMatch(/^ {2}batch +2\n {2}sequence +1k$/m);
  });

  it('say which plan, which trainer, and that it has errors', async () => {
    expect((await run('export', 'large.memplan', '--to', 'trl')).err).toContain(
      'has the plans small, large; name one with --plan',
    );
    const broken = await run('export', 'broken.memplan', '--plan', 'other', '--to', 'trl');
    expect(broken).toMatchObject({ status: 2, out: '' });
    expect(broken.err).toContain('error unknown-name');
    expect(await run('import', 'config.json')).toMatchObject({ status: 2, out: '' });
  });
});

describe('memplan itself', () => {
  it('explains itself', async () => {
    const { status, out } = await run('--help');
    expect(status).toBe(0);
    for (const command of ['check', 'estimate', 'run', 'verify', 'format', 'lsp']) {
      expect(out).toContain(`memplan ${command}`);
      expect((await run(command, '--help')).out).toContain(`memplan ${command}`);
    }
    expect((await run('--version')).out).toMatch(/^memplan \d+\.\d+\.\d+\n$/);
  });

  it('refuses what it does not know on standard error, status 2', async () => {
    expect(await run('estimat')).toEqual({
      status: 2,
      out: '',
      err: 'memplan: there is no command estimat; did you mean estimate?\n',
    });
    expect((await run('estimate', 'small.memplan', '--jsn')).err).toContain('did you mean --json?');
  });

  it('ends quietly when nobody reads on', async () => {
    const child = spawn(
      process.execPath,
      [join(root, 'out/cli-test/cli.mjs'), 'estimate', 'large.memplan', '--json', '--timeline'],
      {
        cwd: folder.path,
        stdio: ['ignore', 'pipe', 'pipe'],
      },
    );
    let err = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      err += text;
    });
    child.stdout.destroy();
    const status = await new Promise((resolve) => child.on('close', resolve));
    expect(err).toBe('');
    expect(status).toBe(1);
  });

  it('is a language server for any editor', async () => {
    const child = spawn(process.execPath, [join(root, 'out/cli-test/cli.mjs'), 'lsp', '--stdio'], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    const send = (message: object) => {
      const body = JSON.stringify({ jsonrpc: '2.0', ...message });
      child.stdin.write(`Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
    };
    const answered = new Promise<string>((resolve) => {
      let text = '';
      child.stdout.setEncoding('utf8').on('data', (part: string) => {
        text += part;
        if (text.includes('"completionProvider"')) resolve(text);
      });
    });
    send({ id: 1, method: 'initialize', params: { processId: process.pid, rootUri: null, capabilities: {} } });
    expect(await answered).toContain('"id":1');
    send({ id: 2, method: 'shutdown' });
    send({ method: 'exit' });
    expect(await new Promise((resolve) => child.on('close', resolve))).toBe(0);
  });

  it('has colour only when asked for in a pipe, and ASCII in a plain locale', async () => {
    const colors = await memplan(['estimate', 'small.memplan'], folder.path, { NO_COLOR: '', FORCE_COLOR: '1' });
    expect(colors.out).toContain('\u001b[32m✓ fits');
    const narrow = await memplan(['estimate', 'small.memplan'], folder.path, { LC_ALL: 'C' });
    expect(narrow.out).toMatch(/^[\n -~]+$/);
  });
});

describe('the examples', () => {
  it.each([
    ['long-context', ['full', 'longform', 'adapter']],
    ['lora-one-card', ['lora', 'qlora']],
    ['full-3b', ['plain', 'checkpointed', 'lean']],
    ['gpt2-small', ['paper', 'today']],
  ])('%s has no mistakes', async (name, plans) => {
    const { out, status } = await memplan(['estimate', `media/examples/${name}.memplan`, '--json']);
    const report = JSON.parse(out) as Report;
    expect(report.plans.map((plan) => plan.name)).toEqual(plans);
    const mistakes = report.diagnostics.filter(({ code }) => code !== 'exceeds-memory');
    expect(mistakes.filter(({ code }) => code !== 'require-failed' || name !== 'long-context')).toEqual([]);
    expect(status).toBe(1);
    // The first plan of each is too large, and the last one is the way out.
    expect(report.plans.at(0)?.fits).toBe(false);
    if (name !== 'long-context') expect(report.plans.at(-1)?.fits).toBe(true);
  });
});
