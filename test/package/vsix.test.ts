/** Every package is built and opened: what is in it, for which machine, under whose licence, and what is not. */
import { execFileSync } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import targets from '../../.ci/package/targets.json';
import { version } from '../../package.json';
import { machineOf, openVsix, type Vsix } from './vsix';

const root = join(import.meta.dirname, '../..');
type Target = keyof typeof targets.dawn;
const names = Object.keys(targets.budgetMiB) as (Target | 'universal')[];
const fileOf = (target: string) =>
  join(root, 'out/packages', `memplan-${version}${target === 'universal' ? '' : `-${target}`}.vsix`);

/** Nothing but these may be packed, whatever lies about. */
const ALLOWED = [
  /^(?:extension\.vsixmanifest|\[Content_Types\]\.xml)$/,
  /^(?:package\.json|package\.nls(?:\.\w+)?\.json|readme\.md|changelog\.md|LICENSE\.txt|THIRD-PARTY-NOTICES\.txt)$/,
  /^dist\/(?:extension\.cjs|client\.cjs|server\.mjs|runner\.mjs|cli\.mjs|webview\.js|webview\.css|extension-web\.js|server-worker\.js)$/,
  /^dist\/node\/node(?:\.exe)?$/,
  /^dist\/node_modules\/webgpu\/(?:package\.json|index\.js|LICENSE\.md)$/,
  /^dist\/node_modules\/webgpu\/dist\/[\w-]+\/(?:dawn\.node|[\w-]+\.dll|dxcompiler-[\w]+\.(?:TXT|txt))$/,
  /^dist\/swiftshader\/(?:libvk_swiftshader\.so|libvulkan\.so\.1|vk_swiftshader_icd\.json)$/,
  /^language\/(?:language-configuration|snippets|syntaxes\/memplan\.tmLanguage)\.json$/,
  /^language\/reference\.md$/,
  /^media\/(?:icons|examples|screenshots|walkthrough|l10n)\/[\w.-]+$/,
];

const packages = new Map<string, Vsix>();
/** What the build said: a machine that cannot reach the Debian archive makes the package of linux-arm64 without its driver. */
let said = '';
const hasDriver = (target: string) => target.startsWith('linux-') && !said.includes(`${target}: no software driver`);
const of = (target: string): Vsix => packages.get(target) as Vsix;
beforeAll(async () => {
  said = execFileSync(process.execPath, ['.ci/package/main.mjs'], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'inherit'],
    encoding: 'utf8',
  });
  for (const target of names) packages.set(target, await openVsix(fileOf(target)));
}, 900_000);
afterAll(() => {
  for (const vsix of packages.values()) vsix.close();
});

describe.each(names)('the package %s', (target) => {
  it('holds what is allowed and nothing else', () => {
    const strange = of(target).names.filter((name) => !ALLOWED.some((pattern) => pattern.test(name)));
    expect(strange).toEqual([]);
  });

  it('says for which machine it is', async () => {
    const manifest = await of(target).text('extension.vsixmanifest');
    if (target === 'universal') expect(manifest).not.toContain('TargetPlatform');
    else expect(manifest).toContain(`TargetPlatform="${target}"`);
  });

  it('has every file that its manifest names, and no dependency that would have to be installed', async () => {
    const manifest = JSON.parse(await of(target).text('package.json'));
    expect(manifest.dependencies ?? manifest.devDependencies ?? manifest.scripts).toBeUndefined();
    const named = (value: unknown): string[] =>
      typeof value === 'string'
        ? /^(?:\.\/)?(?:media|language|dist)\//.test(value)
          ? [value.replace('./', '')]
          : []
        : typeof value === 'object' && value !== null
          ? Object.values(value).flatMap(named)
          : [];
    const files = named(manifest);
    expect(files.length).toBeGreaterThan(5);
    // One of them is a folder.
    const holds = (file: string) => of(target).names.some((name) => name === file || name.startsWith(`${file}/`));
    expect(files.filter((file) => !holds(file))).toEqual([]);
  });

  it('says its texts in German too', () => {
    const tables = [
      'package.nls.json',
      'package.nls.de.json',
      'media/l10n/bundle.l10n.de.json',
      'media/walkthrough/write.nls.de.md',
    ];
    expect(of(target).names).toEqual(expect.arrayContaining(tables));
  });

  it('shows the pictures of its readme', async () => {
    const readme = await of(target).text('readme.md');
    const pictures = [...readme.matchAll(/!\[[^\]]*\]\((?!https:)([^)]+)\)/g)].map(([, path = '']) => path);
    expect(pictures.length).toBeGreaterThan(0);
    expect(pictures.filter((path) => !of(target).names.includes(path))).toEqual([]);
  });

  it('carries the licences of what is in it', async () => {
    const text = await of(target).text('THIRD-PARTY-NOTICES.txt');
    const list = text.slice(0, text.indexOf('='.repeat(80)));
    for (const name of ['langium', 'vscode-languageclient', 'd3-scale', '@vscode/webview-ui-toolkit'])
      expect(list, name).toContain(`- ${name} `);
    const shipped = target === 'universal' ? [] : ['webgpu, with Dawn', `Node.js ${targets.node.version}`];
    if (target.startsWith('win32')) shipped.push('DirectX Shader Compiler');
    for (const name of shipped) expect(list, name).toContain(`- ${name}`);
    for (const name of ['SwiftShader', 'Vulkan-Loader']) expect(list.includes(`- ${name}`), name).toBe(hasDriver(target));
    expect(list).not.toContain('undefined');
    for (const line of list.split('\n').filter((one) => one.startsWith('- ')))
      expect(text).toContain(`\n${line.slice(2).replace(/ \([^)]*\)$/, '')}\n${'='.repeat(80)}\n\n`);
  });

  it('names no path of the machine that built it', async () => {
    for (const name of of(target).names.filter((one) => /\.(?:cjs|mjs|js|json|css)$/.test(one)))
      expect((await of(target).text(name)).includes(root), name).toBe(false);
  });

  it('stays within its budget', () => {
    const size = statSync(fileOf(target)).size / 2 ** 20;
    console.log(`${target}: ${size.toFixed(1)} MiB of ${targets.budgetMiB[target]}`);
    expect(size).toBeLessThanOrEqual(targets.budgetMiB[target]);
  });

  if (target === 'universal') {
    it('carries no program of any machine', async () => {
      expect(of(target).names.filter((name) => /\.(?:node|so(?:\.\d+)?|dll|exe)$|\/node\/node$/.test(name))).toEqual([]);
    });
    return;
  }

  it('has the GPU library and the Node of its machine, by their own headers, and of no other', async () => {
    const vsix = of(target);
    const dawn = vsix.names.filter((name) => name.endsWith('/dawn.node'));
    expect(dawn).toEqual([`dist/node_modules/webgpu/dist/${targets.dawn[target]}/dawn.node`]);
    expect(machineOf(await vsix.read(dawn[0] as string))).toBe(targets.dawn[target]);
    const node = target.startsWith('win32') ? 'dist/node/node.exe' : 'dist/node/node';
    expect(machineOf(await vsix.read(node))).toBe(target);
    for (const name of vsix.names.filter((one) => /\.(?:dll|so|so\.\d)$/.test(one)))
      expect(machineOf(await vsix.read(name)), name).toBe(target);
    if (!target.startsWith('win32')) expect(vsix.mode(node)).toBe(0o755);
  }, 120_000);

  it(target.startsWith('linux-') ? 'has the software driver' : 'has no software driver of another machine', () => {
    expect(of(target).names.filter((name) => name.includes('swiftshader/')).length).toBe(hasDriver(target) ? 3 : 0);
    if (target === 'linux-x64') expect(hasDriver(target)).toBe(true);
    else if (target === 'linux-arm64' && !hasDriver(target))
      console.log(said.split('\n').find((line) => line.includes('no software')));
  });
});

it('there is one for every machine that the GPU library is made for', () => {
  for (const folder of Object.values(targets.dawn))
    expect(existsSync(join(root, 'node_modules/webgpu/dist', folder)), folder).toBe(true);
});
