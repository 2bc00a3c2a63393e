import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { CODES } from '../../language/server/problems';
import { withSections } from '../../language/server/reference';
import { allSpecs } from '../../src/techniques/registry';
import { fixtures } from './fixture';

const path = new URL('../../language/reference.md', import.meta.url);

it('the reference says what the product does (`vitest -u` writes it anew)', async () => {
  await expect(withSections(readFileSync(path, 'utf8'))).toMatchFileSnapshot(fileURLToPath(path));
});

it('every code of a diagnostic is shown by a fixture', () => {
  const shown = new Set(fixtures().flatMap(({ expectations }) => expectations.flatMap(({ words }) => words.split(' ')[1] ?? [])));
  // These follow from failures inside the product or from searches, and have tests of their own.
  const required = allSpecs.some(({ args }) => args.some((one) => one.default === undefined));
  const elsewhere = ['estimate-failed', 'no-answer', ...(required ? [] : ['missing-argument'])];
  expect(Object.keys(CODES).filter((code) => !shown.has(code) && !elsewhere.includes(code))).toEqual([]);
});
