/** The server in a second real client: Debian's Neovim without its window, set up as the README says. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { root } from './client';

const folder = mkdtempSync(join(tmpdir(), 'memplan-neovim-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Neovim of the system, or the one that a script puts into the cache; or why there is none. */
function neovim(): { path: string } | { missing: string } {
  if (spawnSync('nvim', ['--version']).status === 0) return { path: 'nvim' };
  const script = spawnSync('sh', [join(root, 'test/tools/get-neovim.sh')], { encoding: 'utf8', timeout: 240_000 });
  const path = join(root, '.cache/neovim/nvim');
  return existsSync(path) ? { path } : { missing: script.stdout?.trim() || 'it could not be fetched' };
}

interface Session {
  failure?: string;
  attached: boolean;
  exceeds: boolean;
  diagnostics: { code: string; message: string }[];
  hover: { contents: { value: string } };
  completion: string[];
  mistake: boolean;
  actions: string[];
  mended: boolean;
  line: string;
  formatted: string;
  stopped: boolean;
}

it('Neovim shows diagnostics, hover and completion, mends a mistake and formats', { timeout: 300_000 }, ({ skip }) => {
  const found = neovim();
  if ('missing' in found) {
    console.warn(`Neovim is not here, so the server was not tried with it: ${found.missing}`);
    skip(found.missing);
    return;
  }
  const bundles = join(root, 'out/neovim');
  const flags = ['esbuild.mjs', '--only=cli,server', `--outdir=${bundles}`];
  expect(spawnSync(process.execPath, flags, { cwd: root, encoding: 'utf8' }).stderr).toBe('');
  const file = join(folder, 'plan.memplan');
  const text = readFileSync(join(root, 'media/examples/long-context.memplan'), 'utf8').replace(/\n\s*data .*/, '');
  writeFileSync(file, text);
  const out = join(folder, 'out.json');
  const command = [process.execPath, join(bundles, 'cli.mjs')];
  const readme = join(folder, 'readme.lua');
  writeFileSync(readme, /```lua\n([\s\S]*?)```/.exec(readFileSync(join(root, 'README.md'), 'utf8'))?.[1] ?? 'error()');
  const { status, stderr } = spawnSync(
    found.path,
    ['--headless', '--clean', '-c', `luafile ${join(root, 'test/language/neovim.lua')}`],
    {
      cwd: folder,
      encoding: 'utf8',
      timeout: 240_000,
      env: {
        ...process.env,
        HOME: folder,
        MEMPLAN_FILE: file,
        MEMPLAN_OUT: out,
        MEMPLAN_README: readme,
        MEMPLAN_COMMAND: JSON.stringify(command),
      },
    },
  );
  expect(status, stderr).toBe(0);
  const session = JSON.parse(readFileSync(out, 'utf8')) as Session;
  expect(session.failure).toBeUndefined();
  const { attached, exceeds, mistake, mended, stopped } = session;
  expect({ attached, exceeds, mistake, mended, stopped }).toEqual({
    attached: true,
    exceeds: true,
    mistake: true,
    mended: true,
    stopped: true,
  });
  expect(session.diagnostics.find(({ code }) => code === 'exceeds-memory')?.message).toMatch(/exceeds `card` by [\d.,]+ GiB/);
  expect(session.hover.contents.value).toMatch(/\*\*checkpoint\*\* · backward/);
  expect(session.completion).toContain('streambp');
  expect(session.actions[0]).toBe('Change to `adamw8bit`');
  expect(text.split('\n')).toContain(session.line);
  expect(session.formatted).toBe(session.line);
});
