/** What the manifest promises, the code does, and the other way round. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { paintDiagnostics } from '../../src/cli/paint/diagnostics';
import type { Style } from '../../src/cli/paint/style';

const root = join(import.meta.dirname, '../..');
const read = (name: string) => JSON.parse(readFileSync(join(root, name), 'utf8'));
const words = read('package.nls.json') as { [key: string]: string };
/** As an editor in English reads it. */
const manifest = JSON.parse(
  readFileSync(join(root, 'package.json'), 'utf8').replace(/"%([\w.]+)%"/g, (_, key) => JSON.stringify(words[key])),
);
const { contributes } = manifest;
const folder = join(root, 'src/extension');
const source = readdirSync(folder)
  .filter((name) => name.endsWith('.ts'))
  .map((name) => readFileSync(join(folder, name), 'utf8'))
  .join('\n');
const all = (pattern: RegExp, text = source) =>
  [...new Set([...text.matchAll(pattern)].map(([, found]) => found as string))].sort();

const settings = contributes.configuration.flatMap(({ properties }: { properties: object }) => Object.entries(properties)) as [
  string,
  {
    scope?: string;
    default?: unknown;
    markdownDescription?: string;
    description?: string;
    enum?: string[];
    enumDescriptions?: string[];
  },
][];
const commands = contributes.commands as { command: string; title: string; category?: string; icon?: string }[];

/** Every path that the manifest names, the built ones aside. */
function files(value: unknown): string[] {
  if (typeof value === 'string') return /^(\.\/)?(media|language|dist)\//.test(value) ? [value] : [];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(files) : [];
}

test('every file that it names exists, or is built', () => {
  const build = readFileSync(join(root, 'esbuild.mjs'), 'utf8');
  const named = files({ contributes, main: manifest.main, icon: manifest.icon });
  expect(named.length).toBeGreaterThan(5);
  for (const path of named) {
    const built = path.startsWith('./dist/') && build.includes(path.replace('./dist/', '/'));
    expect(built || existsSync(join(root, path)), path).toBe(true);
  }
});

test('every command has a handler, a title, the category and an icon of its own, and no handler is undeclared', () => {
  const handled = all(/(?:command|registerCommand)\(\s*'(memplan\.[\w.]+)'/g);
  expect(handled).toEqual(commands.map(({ command }) => command).sort());
  for (const { command, title, category } of commands) {
    expect(title, command).toBeTruthy();
    expect(category, command).toBe('Memplan');
  }
  const icons = commands.map(({ icon }) => icon);
  for (const icon of icons) expect(icon).toMatch(/^\$\([\w-]+\)$/);
  expect(new Set(icons).size).toBe(icons.length);
});

test('menus name declared commands under keys that VS Code or the extension sets', () => {
  const known = [
    'editorLangId',
    'resourceLangId',
    'resourceExtname',
    'activeWebviewPanelId',
    'memplan',
    '.memplan',
    'memplan.panel',
  ];
  for (const [menu, items] of Object.entries(contributes.menus) as [string, { command: string; when?: string }[]][]) {
    for (const { command, when = '' } of items) {
      expect(
        commands.map((one) => one.command),
        menu,
      ).toContain(command);
      for (const word of when.match(/[\w.]+/g) ?? []) expect(known, `${menu}: ${when}`).toContain(word);
    }
  }
});

test('every setting is read, and every setting that is read is declared', () => {
  const read = all(/settings\.get<\w+>\('([\w.]+)'\)/g).map((key) => `memplan.${key}`);
  expect(read).toEqual(settings.map(([key]) => key).sort());
});

test('every setting has a default, a description and a scope; choices are described one by one', () => {
  for (const [key, setting] of settings) {
    expect(setting.default, key).toBeDefined();
    expect(setting.markdownDescription ?? setting.description, key).toMatch(/\.$/);
    expect(setting.scope, key).toBeTruthy();
    expect(setting.enumDescriptions?.length, key).toBe(setting.enum?.length);
  }
});

test('settings that name an executable belong to the machine and are ignored in an untrusted workspace', () => {
  const executables = settings.filter(([key]) => /path$/i.test(key));
  expect(executables.length).toBeGreaterThan(0);
  for (const [key, { scope }] of executables) {
    expect(scope, key).toBe('machine');
    expect(manifest.capabilities.untrustedWorkspaces.restrictedConfigurations).toContain(key);
  }
});

test('trust and virtual workspaces are declared limited, and say why', () => {
  for (const name of ['untrustedWorkspaces', 'virtualWorkspaces']) {
    expect(manifest.capabilities[name].supported).toBe('limited');
    expect(manifest.capabilities[name].description).toMatch(/Run on GPU/);
  }
});

test('nothing is activated at start-up', () => {
  expect(manifest.activationEvents).toEqual(['onWebviewPanel:memplan.panel']);
});

test('the types are those of the oldest VS Code that is supported', () => {
  const types = JSON.parse(readFileSync(join(root, 'node_modules/@types/vscode/package.json'), 'utf8')) as { version: string };
  const minimum = manifest.engines.vscode.replace('^', '');
  expect(types.version.split('.').slice(0, 2)).toEqual(minimum.split('.').slice(0, 2));
});

test('the extension and the page know the protocol and nothing of the tape', () => {
  const imports = (name: string): string[] =>
    readdirSync(join(root, name), { recursive: true })
      .filter((file) => String(file).endsWith('.ts'))
      .flatMap((file) => all(/from '(\.[^']+)'/g, readFileSync(join(root, name, String(file)), 'utf8')));
  for (const path of [...imports('webview'), ...imports('src/extension')])
    expect(path).not.toMatch(/\/(tape|plan|planner|techniques|language|cli)(\/|$)/);
  for (const path of imports('src/extension').filter((one) => one.includes('runner/')))
    expect(path).toMatch(/runner\/(launch|choose-node|read-event)/);
});

test('the toolkit is imported in one file', () => {
  const importers = readdirSync(join(root, 'webview'), { recursive: true })
    .map(String)
    .filter(
      (file) => file.endsWith('.ts') && readFileSync(join(root, 'webview', file), 'utf8').includes('@vscode/webview-ui-toolkit'),
    );
  expect(importers).toEqual(['controls.ts']);
});

test('the walkthrough links to commands that exist, and each step is completed by one', () => {
  const ids = commands.map(({ command }) => command);
  const steps = contributes.walkthroughs.flatMap(
    ({ steps }: { steps: { description: string; completionEvents: string[] }[] }) => steps,
  );
  expect(steps.length).toBeGreaterThan(2);
  for (const { description, completionEvents } of steps) {
    const linked = [...description.matchAll(/\(command:([\w.]+)\)/g)].map(([, id]) => id);
    expect(linked.length).toBe(1);
    expect(ids).toContain(linked[0]);
    expect(completionEvents).toContain(`onCommand:${linked[0]}`);
  }
});

test('the problem matcher reads every line that `memplan check` prints', () => {
  const [pattern] = contributes.problemPatterns;
  const read = new RegExp(pattern.regexp);
  const plain: Style = { color: false, width: 100, unicode: true };
  const severities = ['error', 'warning', 'information'] as const;
  const place = { line: 3, column: 7, endLine: 3, endColumn: 9 };
  for (const severity of severities) {
    const [line = ''] = paintDiagnostics(plain, 'a b/c: d.memplan', [
      { severity, code: 'exceeds-memory', message: 'Plan `a`: it needs 3 GiB', ...place },
    ] as never);
    const found = read.exec(line);
    expect(found?.[pattern.file]).toBe('a b/c: d.memplan');
    expect([found?.[pattern.line], found?.[pattern.column]]).toEqual(['3', '7']);
    expect([found?.[pattern.severity], found?.[pattern.code]]).toEqual([severity, 'exceeds-memory']);
    expect(found?.[pattern.message]).toBe('Plan `a`: it needs 3 GiB');
  }
  expect(contributes.problemMatchers[0].pattern).toBe('$memplan');
});

test('every tool of an assistant is declared and handled, and says that it reads only', () => {
  const declared = contributes.languageModelTools as { name: string; modelDescription: string; inputSchema: object }[];
  expect(all(/tool\(\s*'(memplan_\w+)'/g)).toEqual(declared.map(({ name }) => name).sort());
  for (const { modelDescription, inputSchema } of declared) {
    expect(modelDescription).toMatch(/Reads only/);
    expect(Object.keys((inputSchema as { properties: object }).properties).sort()).toEqual(['file', 'plan', 'text']);
  }
});

test('nothing is sent anywhere: no telemetry, no address, no socket', () => {
  expect(source).not.toMatch(
    /createTelemetryLogger|\bfetch\(|XMLHttpRequest|WebSocket|node:(?:https?|net|tls|dgram)|https?:\/\//,
  );
  expect(Object.keys(manifest.dependencies)).toEqual(['webgpu']);
});
