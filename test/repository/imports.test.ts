import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { importsOf, violations } from './imports';

/** Files that git tracks or would, so that generated and ignored ones do not count. */
const listed = (...patterns: string[]): string[] =>
  execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', '--', ...patterns], { encoding: 'utf8' })
    .split('\n')
    .filter((path) => path !== '' && existsSync(path));

const sources = listed('src/**/*.ts', 'src/*.ts', 'language/**/*.ts', 'webview/**/*.ts', 'webview/*.ts')
  .filter((path) => !path.endsWith('.d.ts'))
  .map((path) => ({ path, text: readFileSync(path, 'utf8') }));

describe('imports point one way', () => {
  it('in every file', () => {
    expect(sources.length).toBeGreaterThan(30);
    expect(violations(sources)).toEqual([]);
  });

  it.each([
    ['src/plan/a.ts', "import { x } from '../tape/x';", 'plan may not import tape'],
    ['src/tape/a.ts', "export * from '../techniques/registry';", 'tape may not import techniques'],
    ['src/techniques/galore/memory.ts', "import fs from 'node:fs';", 'may not import the package node:fs'],
    ['src/planner/a.ts', "import 'vscode';", 'may not import the package vscode'],
    ['src/planner/a.ts', 'const home = process.env.HOME;', 'process does not exist everywhere'],
    ['src/runner/a.ts', "import { estimate } from '../planner/estimate';", 'runner may not import planner'],
    ['webview/a.ts', "import type { Tape } from '../src/tape/types';", 'webview may not import tape'],
    ['webview/a.ts', "import '@vscode/webview-ui-toolkit';", 'may not import the package'],
    ['src/extension/a.ts', "const x = await import('../planner/estimate');", 'extension may not import planner'],
    ['src/elsewhere/a.ts', '', 'belongs to no area'],
  ])('%s: %s', (path, text, words) => expect(violations([{ path, text }]).join()).toContain(words));

  it('takes no comment and no string for an import', () => {
    expect(importsOf("// import 'a';\n/* import 'b'; */\nconst text = \"from 'c'\";\nimport {\n  d,\n} from './d';")).toEqual([
      './d',
    ]);
  });
});
