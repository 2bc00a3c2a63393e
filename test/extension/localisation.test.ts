/** Every word that a user reads can be said in another language, and German is complete. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

const root = join(import.meta.dirname, '../..');
const text = (name: string) => readFileSync(join(root, name), 'utf8');
const table = (name: string) => JSON.parse(text(name)) as { [key: string]: string };
const manifest = JSON.parse(text('package.json'));
const LANGUAGES = readdirSync(root).flatMap((name) => /^package\.nls\.([\w-]+)\.json$/.exec(name)?.[1] ?? []);

const sources = ['src/extension', 'language/server', 'webview'].flatMap((folder) =>
  readdirSync(join(root, folder), { recursive: true })
    .map(String)
    .filter((name) => name.endsWith('.ts'))
    .map((name) => ({ name: `${folder}/${name}`, code: text(`${folder}/${name}`) })),
);
const CALL = /(?<![\w.])(?:(?:vscode\.)?l10n\.)?t\(\s*/g;
const LITERAL = /^'((?:[^'\\\n]|\\.)+)'/;
const calls = sources.flatMap(({ name, code }) =>
  [...code.matchAll(CALL)].map(({ index, 0: { length } }) => ({ name, rest: code.slice(index + length, index + length + 400) })),
);
/** The texts of the code, in order. */
const keys = [...new Set(calls.flatMap(({ rest }) => LITERAL.exec(rest)?.[1]?.replaceAll("\\'", "'") ?? []))].sort();
const places = (words: string) => [...new Set(words.match(/\{\d+\}|\(command:[\w.]+\)|`[^`]+`/g))].sort();

it('German is one of them', () => expect(LANGUAGES).toContain('de'));

describe('the manifest', () => {
  const used = [...text('package.json').matchAll(/"%([\w.]+)%"/g)].map(([, key]) => key as string);
  const words = table('package.nls.json');

  it('uses every text and names none that is missing', () => {
    expect([...new Set(used)].sort()).toEqual(Object.keys(words).sort());
  });

  it('has no text of its own where a user reads it', () => {
    const READ =
      /^(?:title|description|markdownDescription|enumDescriptions|altText|displayName|userDescription|deprecationMessage)$/;
    // What a model reads stays in the language that it was written for; the name is a name.
    const found: string[] = [];
    const visit = (value: unknown, path: string[], read: boolean): void => {
      if (typeof value === 'string' && read && !/^%[\w.]+%$/.test(value) && value !== 'Memplan') found.push(path.join('.'));
      if (typeof value !== 'object' || value === null) return;
      for (const [key, one] of Object.entries(value)) {
        if (key === 'inputSchema') continue;
        visit(one, [...path, key], READ.test(key) || (Array.isArray(value) && read));
      }
    };
    const { contributes, capabilities, description } = manifest;
    visit({ contributes, capabilities, description }, [], false);
    expect(found).toEqual([]);
  });

  it.each(LANGUAGES)('is complete in %s, with the same links', (language) => {
    const other = table(`package.nls.${language}.json`);
    expect(Object.keys(other)).toEqual(Object.keys(words));
    for (const [key, said] of Object.entries(other)) expect(places(said), key).toEqual(places(words[key] as string));
  });

  it.each(LANGUAGES)('has its walkthrough in %s, with the same plans', (language) => {
    const blocks = (name: string) => text(name).match(/```[^`]+```/g) ?? [];
    for (const { steps } of manifest.contributes.walkthroughs)
      for (const { media } of steps)
        if (media.markdown) expect(blocks(media.markdown.replace('.md', `.nls.${language}.md`))).toEqual(blocks(media.markdown));
  });
});

describe('the code', () => {
  it('names each text where it is used, as one literal', () => {
    expect(keys.length).toBeGreaterThan(30);
    expect(calls.filter(({ rest }) => !LITERAL.test(rest)).map(({ name, rest }) => `${name}: ${rest.slice(0, 40)}`)).toEqual([]);
  });

  it('has its texts in one file for translators (`-u` writes it)', async () => {
    const bundle = `${JSON.stringify(Object.fromEntries(keys.map((key) => [key, key])), null, 2)}\n`;
    await expect(bundle).toMatchFileSnapshot(join(root, manifest.l10n, 'bundle.l10n.json'));
  });

  it.each(LANGUAGES)('is complete in %s, with the same places to fill', (language) => {
    const other = table(join(manifest.l10n, `bundle.l10n.${language}.json`));
    expect(Object.keys(other).sort()).toEqual(keys);
    for (const [key, said] of Object.entries(other)) expect(places(said), key).toEqual(places(key));
  });

  it('shows no text of the extension that is not looked up', () => {
    const SHOWN =
      /(?:show\w+Message\(|new vscode\.TestMessage\(|invocationMessage: |\b(?:title|label|message|text|detail|tooltip): |\.(?:name|tooltip|text) = )(?:'[A-Z][^']* [^']*'|`[^`]*[a-z] [^`]*`)/g;
    const found = sources
      .filter(({ name }) => name.startsWith('src/extension'))
      .flatMap(({ name, code }) => [...code.matchAll(SHOWN)].map(([words]) => `${name}: ${words}`));
    // Names with nothing to translate in them.
    expect(found.filter((line) => !line.includes('`Memplan: ${') && !line.includes('`$(')).sort()).toEqual([]);
  });
});
