import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

const tracked = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], { encoding: 'utf8' })
  .split('\n')
  .filter((path) => path !== '' && existsSync(path) && statSync(path).isFile());
const text = (path: string) => readFileSync(path, 'utf8');
const isText = (path: string) =>
  /\.(?:ts|mjs|cjs|json|md|wgsl|css|html|langium|memplan|txt|yml|sh)$/.test(path) || path === '.ci/run';

describe('the repository', () => {
  it('has the top-level entries that were agreed, and configuration', () => {
    const entries = new Set(tracked.map((path) => path.split('/')[0]));
    const agreed = [
      'package.json',
      'src',
      'webview',
      'media',
      'language',
      'test',
      '.vscodeignore',
      'README.md',
      'LICENSE',
      'CHANGELOG.md',
    ];
    const configuration = [
      'ARCHITECTURE.md',
      'CONTRIBUTING.md',
      'SECURITY.md',
      'package-lock.json',
      'package.nls.json',
      'package.nls.de.json',
      '.ci',
      '.gitignore',
      '.gitattributes',
      '.npmrc',
      '.vscode',
      'biome.json',
      'esbuild.mjs',
      'tsconfig.json',
      'vitest.config.ts',
    ];
    for (const entry of entries) expect([...agreed, ...configuration], `${entry} at the top level`).toContain(entry);
    for (const entry of agreed) expect(entries, `${entry} is missing`).toContain(entry);
  });

  it('names no registry host in the lock file', () => {
    const lock = text('package-lock.json');
    expect(lock).not.toContain('"resolved"');
    expect(lock).not.toMatch(/https?:\/\/[^"]*registry/);
    expect(text('.npmrc')).toContain('omit-lockfile-registry-resolved=true');
  });

  it('keeps files small enough to read at one sitting', () => {
    const code = tracked.filter((path) => /^(?:src|language|webview)\/.*\.(?:ts|wgsl)$/.test(path));
    const long = code.map((path) => ({ path, lines: text(path).split('\n').length - 1 })).filter(({ lines }) => lines > 400);
    expect(long).toEqual([]);
  });

  it('names files in kebab-case', () => {
    const names = tracked.filter((path) => /^(?:src|language|webview|test)\//.test(path)).flatMap((path) => path.split('/'));
    expect(
      names.filter((name) => !/^[a-z0-9_.-]+$/.test(name) && !['memplan.tmLanguage.json', 'README.md'].includes(name)),
    ).toEqual([]);
  });

  it('knows no machine but the one it runs on', () => {
    const homes = new RegExp(['/ho', 'me/\\w+/|/ro', 'ot/|/Us', 'ers/\\w+/'].join(''));
    const found = tracked.filter((path) => isText(path) && path !== 'package-lock.json' && homes.test(text(path)));
    expect(found).toEqual([]);
  });

  it('leaves no work undone in the code', () => {
    const marks = new RegExp(`\\b(?:TO${'DO'}|FIX${'ME'}|XX${'X'}|HA${'CK'})\\b`);
    expect(tracked.filter((path) => isText(path) && marks.test(text(path)))).toEqual([]);
  });
});

describe('package.json', () => {
  const manifest = JSON.parse(text('package.json')) as {
    bin?: { [name: string]: string };
    scripts: { [name: string]: string };
    allowScripts?: { [name: string]: boolean };
    dependencies: { [name: string]: string };
    devDependencies: { [name: string]: string };
  };

  it('offers the command', () => expect(manifest.bin).toEqual({ memplan: 'dist/cli.mjs' }));

  it('has the two commands of the README', () => {
    expect(manifest.scripts.start).toBeDefined();
    expect(manifest.scripts.test).toBeDefined();
    expect(text('README.md')).toContain('npm install && npm start');
    expect(text('README.md')).toContain('npm test');
  });

  it('decides on every dependency that would run a script when it is installed', () => {
    const { packages } = JSON.parse(text('package-lock.json')) as {
      packages: { [path: string]: { hasInstallScript?: boolean } };
    };
    const scripted = Object.entries(packages).filter(([, entry]) => entry.hasInstallScript === true);
    const undecided = scripted
      .map(([path]) => path.replace(/^.*node_modules\//, ''))
      .filter((name) => manifest.allowScripts?.[name] === undefined);
    expect(undecided).toEqual([]);
  });

  it('is locked for every platform, so that `npm ci` works on all', () => {
    const { packages } = JSON.parse(text('package-lock.json')) as {
      packages: { [path: string]: { optionalDependencies?: object } };
    };
    const locked = new Set(Object.keys(packages).map((path) => path.replace(/^.*node_modules\//, '')));
    const wanted = Object.values(packages).flatMap((entry) => Object.keys(entry.optionalDependencies ?? {}));
    expect(wanted.filter((name) => !locked.has(name))).toEqual([]);
  });

  it('has no dependency twice, none from elsewhere than the registry', () => {
    const names = [...Object.keys(manifest.dependencies), ...Object.keys(manifest.devDependencies)];
    expect(new Set(names).size).toBe(names.length);
    for (const range of [...Object.values(manifest.dependencies), ...Object.values(manifest.devDependencies)]) {
      expect(range).toMatch(/^[~^]?\d+(?:\.\d+)*$/);
    }
  });
});
