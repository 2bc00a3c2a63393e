/** The npm package, packed and installed into an empty folder as a stranger would: the command, the planner, its types, its readme. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { version } from '../../package.json';

const root = join(import.meta.dirname, '../..');
const readme = readFileSync(join(root, 'media/npm.md'), 'utf8');
const blocks = (language: string) =>
  [...readme.matchAll(new RegExp(`\`\`\`${language}\n([\\s\\S]*?)\`\`\``, 'g'))].map(([, code = '']) => code);

const PLAN = `model m from "openai-community/gpt2"
device card from "RTX 4090"
plan full { model m  device card  sequence 512  batch 4 }
run full { layers 1  hidden 32  heads 2  kv-heads 2  ffn 64  vocab 256  sequence 16  batch 1  steps 2  seed 7 }
`;

let folder = '';
/** Nothing of this repository is within its reach: no PATH but the system's, no package but its own. */
const inside = (program: string, ...args: string[]) =>
  spawnSync(program, args, { cwd: folder, encoding: 'utf8', env: { PATH: '/usr/bin:/bin', HOME: folder, TMPDIR: tmpdir() } });
const memplan = (...args: string[]) => inside(process.execPath, 'node_modules/memplan/dist/cli.mjs', ...args);

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'memplan-empty-'));
  execFileSync(process.execPath, ['.ci/package/npm.mjs'], { cwd: root, stdio: ['ignore', 'ignore', 'inherit'] });
  const archive = join(root, 'out/packages', `memplan-${version}.tgz`);
  const install = ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--silent', '--prefix', folder, archive];
  execFileSync('npm', install, { cwd: folder, stdio: ['ignore', 'ignore', 'inherit'] });
  writeFileSync(join(folder, 'train.memplan'), PLAN);
}, 300_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('in an empty folder', () => {
  it('the command answers, with its exit status', () => {
    expect(memplan('--version').stdout).toBe(`memplan ${version}\n`);
    const { stdout, status } = memplan('estimate', 'train.memplan', '--json');
    expect(status).toBe(0);
    expect(JSON.parse(stdout).plans[0].peak.allocated).toBeGreaterThan(2 ** 30);
    expect(memplan('check', 'missing.memplan').status).toBe(2);
  });

  it.each(
    blocks('sh')
      .flatMap((block) => block.split('\n'))
      .map((line) => line.replace(/#.*/, '').trim())
      .filter(Boolean),
  )(
    '`%s` works as the readme says',
    (line) => {
      const [runner, name, ...args] = line.split(/\s+/);
      expect([runner, name]).toEqual(['npx', 'memplan']);
      if (args[0] === 'run') {
        // A machine without a GPU: the readme names the package that helps.
        mkdirSync(join(folder, 'node_modules/@sparticuz'), { recursive: true });
        symlinkSync(join(root, 'node_modules/@sparticuz/chromium'), join(folder, 'node_modules/@sparticuz/chromium'));
        args.push('--timeout', '300');
      }
      const { status, stdout, stderr } = memplan(...args);
      expect(status, stdout + stderr).toBe(0);
    },
    400_000,
  );

  it('what the readme says of the planner runs, and gives the numbers of the command', () => {
    const [reader, own] = blocks('js');
    writeFileSync(join(folder, 'reader.mjs'), reader as string);
    writeFileSync(join(folder, 'own.mjs'), own as string);
    const read = inside(process.execPath, 'reader.mjs');
    expect(read.stderr).toBe('');
    const text = /readPlans\(`([^`]+)`/.exec(reader as string)?.[1] ?? '';
    writeFileSync(join(folder, 'adapter.memplan'), text);
    const [plan] = JSON.parse(memplan('estimate', 'adapter.memplan', '--json').stdout).plans;
    expect(read.stdout.split('\n')[0]).toBe(
      ['adapter', plan.peak.allocated, plan.peak.device, plan.fits, plan.peakAt.phase, plan.time.step].join(' '),
    );
    const made = inside(process.execPath, 'own.mjs');
    expect(made.stderr).toBe('');
    expect(Number(made.stdout.split('\n')[0])).toBeGreaterThan(2 ** 30);
  });

  it('every function that the readme lists is exported, and the other way round', () => {
    const listed = [...readme.matchAll(/^\| (`.+`) \|/gm)].flatMap(([, cell = '']) =>
      [...cell.matchAll(/`(\w+)/g)].map(([, name]) => name),
    );
    const { stdout } = inside(process.execPath, '-e', "import('memplan').then((m) => console.log(Object.keys(m).join()))");
    expect(stdout.trim().split(',').sort()).toEqual(listed.sort());
  });

  it('has types that a strict program compiles against, and that refuse a wrong plan', () => {
    const program = (last: string) => `
import { estimate, findDevice, findModel, type Plan } from 'memplan';
const model = findModel('gpt2');
const device = findDevice('RTX 4090');
if (!model || !device) throw new Error('no preset');
const plan: Plan = { name: 'a', model, device, batch: 1, sequence: 512, accumulate: 1, slots: {}, lists: {}, order: [] };
const peak: number = estimate(plan).peak.allocated;
${last}
`;
    const compile = (text: string) => {
      writeFileSync(join(folder, 'use.mts'), text);
      const options = ['--noEmit', '--strict', '--module', 'nodenext', '--target', 'es2022', '--types', '', 'use.mts'];
      return inside(process.execPath, join(root, 'node_modules/typescript/bin/tsc'), ...options);
    };
    const right = compile(program('export { peak };'));
    expect(right.stdout + right.stderr).toBe('');
    expect(compile(program("estimate({ ...plan, batch: 'one' }); export { peak };")).stdout).toContain('TS2322');
  });

  it('holds the licences, and nothing of the editor', () => {
    const at = (name: string) => readFileSync(join(folder, 'node_modules/memplan', name), 'utf8');
    expect(at('THIRD-PARTY-NOTICES.txt')).toContain('- langium ');
    const manifest = JSON.parse(at('package.json'));
    expect(Object.keys(manifest.dependencies)).toEqual(['webgpu']);
    expect(manifest.contributes ?? manifest.engines.vscode ?? manifest.scripts).toBeUndefined();
  });
});
