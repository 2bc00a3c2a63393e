/** What the documents say is so: examples work, files and commands exist, quotations are what they quote. */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { analyze } from '../../language/server/analyze';
import plain from '../../package.json';
import words from '../../package.nls.json';
import { COMMANDS } from '../../src/cli/arguments';
import { parameterCount } from '../../src/plan/weights';
import { estimate } from '../../src/planner/estimate';
import { build, memplan } from '../cli/program';

/** The manifest as an editor in English reads it. */
const manifest = JSON.parse(
  JSON.stringify(plain).replace(/"%([\w.]+)%"/g, (_, key) => JSON.stringify(words[key as keyof typeof words])),
) as typeof plain;

const DOCUMENTS = [
  'README.md',
  'ARCHITECTURE.md',
  'CONTRIBUTING.md',
  'SECURITY.md',
  'media/npm.md',
  'language/reference.md',
  ...readdirSync('media/walkthrough').map((name) => `media/walkthrough/${name}`),
];
const text = (file: string) => readFileSync(file, 'utf8');
const blocks = (file: string, language: string) =>
  [...text(file).matchAll(new RegExp(`\`\`\`${language}\n([\\s\\S]*?)\`\`\``, 'g'))].map(([, code = '']) => code);

/** What examples that extend a plan begin from. */
const BASE = `model base-model from "meta-llama/Llama-3.1-70B"
device base-card from "H100 SXM"
plan base { model base-model  device base-card  sequence 8k  backward checkpoint }
`;
const mistakes = (plans: string) =>
  analyze(plans)
    .problems.filter(({ severity }) => severity === 'error')
    .map(({ message }) => message);

describe.each(DOCUMENTS)('%s', (file) => {
  it('shows plans without a mistake', () => {
    // Blocks of one document belong together: a `run` block stands apart from its plan.
    const plans = blocks(file, 'memplan').join('\n');
    expect(mistakes(plans.includes('extends base') ? BASE + plans : plans)).toEqual([]);
  });

  it('shows declarations without a mistake within its sentences', () => {
    for (const [, code = ''] of text(file).matchAll(/`((?:let [\w-]+ =|(?:model|device) \w+ from) [^`]+)`/g))
      expect(mistakes(code), code).toEqual([]);
  });

  it('names scripts that exist', () => {
    const named = [...text(file).matchAll(/npm run ([\w:-]+)/g)].map(([, name = '']) => name);
    for (const name of named) expect(Object.keys(manifest.scripts), name).toContain(name);
  });

  it('names files that exist', () => {
    const named = [...text(file).matchAll(/`((?:src|test|language|webview|media|\.ci)\/[\w./-]+)`/g)].map(
      ([, path = '']) => path,
    );
    for (const path of named.filter((one) => !one.includes('*'))) expect(existsSync(path), path).toBe(true);
  });

  it('links to files that are there', () => {
    const links = [...text(file).matchAll(/\]\((?!https?:|#|command:)([^)#]+)/g)].map(([, link = '']) => link);
    for (const link of links) expect(existsSync(join(dirname(file), link)), link).toBe(true);
  });
});

describe('the README', () => {
  beforeAll(() => build('cli'), 60_000);

  it('has every command of the palette by its title', () => {
    const listed = [...text('README.md').matchAll(/^\| Memplan: ([^|]+) \|/gm)].map(([, title]) => title);
    expect(listed.sort()).toEqual(manifest.contributes.commands.map(({ title }) => title).sort());
    for (const { toolReferenceName } of manifest.contributes.languageModelTools)
      expect(text('README.md')).toContain(`#${toolReferenceName}`);
    expect(text('README.md')).toContain(manifest.contributes.walkthroughs[0]?.title);
  });

  it('shows a command line that works', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'memplan-readme-'));
    const [plan = ''] = blocks('README.md', 'memplan');
    writeFileSync(join(folder, 'train.memplan'), plan);
    const lines = blocks('README.md', 'sh')
      .join('')
      .split('\n')
      .filter((line) => line.startsWith('npx memplan'));
    expect(lines.length).toBeGreaterThan(0);
    for (const line of lines) {
      const [words = ''] = line.split('>');
      const { status, out, err } = await memplan(words.trim().split(/\s+/).slice(2), folder);
      expect(status, err).toBe(0);
      expect(JSON.parse(out).plans[0].name).toBe('adapter');
    }
    rmSync(folder, { recursive: true, force: true });
  });
});

/** The subset of TOML that is shown: tables, lists of tables, strings, lists of strings, one inline table of scalars. */
function toml(source: string): { [table: string]: { [key: string]: unknown } } {
  const tables: { [table: string]: { [key: string]: unknown } } = {};
  let table: { [key: string]: unknown } = {};
  for (const line of source.split('\n').filter(Boolean)) {
    const [, name] = /^\[+([\w.-]+)\]+$/.exec(line) ?? [];
    const [, key = '', value = ''] = /^([\w-]+) = (.+)$/.exec(line) ?? [];
    if (name !== undefined) tables[name] = table = {};
    else table[key] = JSON.parse(value.startsWith('{') ? value.replace(/([\w-]+) = /g, '"$1": ') : value);
  }
  return tables;
}

describe('other editors in the README', () => {
  const [language] = manifest.contributes.languages;
  const configuration = JSON.parse(text('language/language-configuration.json'));
  const endings = language?.extensions.map((ending) => ending.slice(1));

  it('Helix is told the language as it is, and a command that there is', () => {
    const [source = ''] = blocks('README.md', 'toml');
    const { 'language-server.memplan': server, language: own } = toml(source);
    expect(server?.command).toBe(Object.keys(manifest.bin)[0]);
    expect(COMMANDS).toContain(([] as unknown[]).concat(server?.args)[0]);
    expect(own).toMatchObject({ name: language?.id, 'file-types': endings, 'language-servers': ['memplan'] });
    expect(own?.['comment-tokens']).toBe(configuration.comments.lineComment);
    expect(own?.indent).toEqual({ 'tab-width': 2, unit: '  ' });
  });
});

describe('ARCHITECTURE', () => {
  const document = text('ARCHITECTURE.md');

  it('quotes files as they stand', () => {
    const quoted = [...document.matchAll(/^`([\w./-]+)`\n\n```\w+\n([\s\S]*?)\n```/gm)];
    expect(quoted.length).toBeGreaterThan(4);
    for (const [, path = '', code = ''] of quoted) expect(text(path), path).toContain(code);
  });

  it('walks through a technique whose bytes are what it says: two a parameter', () => {
    const { plans } = analyze(blocks('ARCHITECTURE.md', 'memplan').join('\n'));
    const [plain, signs] = plans.flatMap(({ plan }) => plan ?? []);
    if (!plain || !signs) throw new Error('two plans are shown');
    const states = (one: typeof plain) => estimate(one).categories.optimizer;
    expect(states(signs) - states(plain)).toBe(2 * parameterCount(plain.model));
  });

  it('names every folder that a technique of its kind has', () => {
    const files = readdirSync('src/techniques/lion').sort();
    for (const file of files) expect(document, file).toContain(file);
  });
});

describe('CONTRIBUTING', () => {
  it('gives a reason for every dependency, and for no other', () => {
    const section = text('CONTRIBUTING.md').split('## Dependencies')[1] ?? '';
    const rows = [...section.matchAll(/^\| (`.+`) \| .{10,} \|$/gm)].map(([, cell = '']) => cell);
    const listed = rows.flatMap((cell) => [...cell.matchAll(/`([^`]+)`/g)].map(([, name]) => name));
    expect(listed.sort()).toEqual([...Object.keys(manifest.dependencies), ...Object.keys(manifest.devDependencies)].sort());
  });
});
