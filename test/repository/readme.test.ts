import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { analyze } from '../../language/server/analyze';
import { COMMANDS } from '../../src/cli/arguments';
import { help } from '../../src/cli/help';
import { FAMILIES } from '../../src/plan/families';
import { deviceNames } from '../../src/plan/presets/devices';
import { modelNames } from '../../src/plan/presets/models';
import { TECHNIQUE_SLOTS } from '../../src/plan/types';
import { allSpecs } from '../../src/techniques/registry';

const text = (file: string) => readFileSync(file, 'utf8');
const readme = text('README.md');
const blocks = (language: string) =>
  [...readme.matchAll(new RegExp(`\`\`\`${language}\n([\\s\\S]*?)\`\`\``, 'g'))].map(([, code = '']) => code);

describe('the README', () => {
  it('shows plans without a mistake', () => {
    expect(blocks('memplan').length).toBeGreaterThan(1);
    const { problems, plans } = analyze(blocks('memplan').join('\n'));
    expect(problems.map(({ message }) => message)).toEqual([]);
    expect(plans.map(({ name, plan }) => [name, plan !== undefined])).toEqual([['adapter', true]]);
  });

  it('names techniques, arguments and commands that exist', () => {
    const rows = [...readme.matchAll(/^\| (`[^|]*) \| [^|]* \| ([^|]*) \|$/gm)];
    const slots = rows
      .map(([, slot = '']) => slot.replaceAll('`', ''))
      .filter((slot) => (TECHNIQUE_SLOTS as readonly string[]).includes(slot));
    expect(slots.length).toBeGreaterThan(6);
    for (const [, slot = '', values = ''] of rows) {
      if (!slots.includes(slot.replaceAll('`', ''))) continue;
      for (const [, name = '', args = ''] of values.matchAll(/`([a-z][\w-]*)(?:\(([^)]*)\))?`/g)) {
        if (name === 'precision') continue;
        const spec = allSpecs.find((one) => one.slot === slot.replaceAll('`', '') && one.name === name);
        expect(spec, `${slot} ${name}`).toBeDefined();
        for (const arg of args.split(', ').filter(Boolean)) expect(spec?.args.map((one) => one.name)).toContain(arg);
      }
    }
    for (const command of COMMANDS) expect(readme).toContain(`memplan ${command}`);
    for (const line of blocks('')
      .join('')
      .split('\n')
      .filter((one) => one.startsWith('memplan ')))
      expect(help()).toContain(line);
  });

  it('counts right', () => {
    expect(Number(/presets? \(`[^`]+`, (\d+) of them\)/.exec(readme)?.[1])).toBe(modelNames.length);
    expect(Number(/\((\d+) cards\)/.exec(readme)?.[1])).toBe(deviceNames.length);
    const changes = text('CHANGELOG.md');
    expect(changes).toContain(`${modelNames.length} model presets`);
    expect(changes).toContain(`${Object.keys(FAMILIES).length} families, ${deviceNames.length} cards`);
  });

  it('links to files that are there', () => {
    for (const file of ['README.md', 'CONTRIBUTING.md', 'CHANGELOG.md']) {
      const links = [...text(file).matchAll(/\]\((?!https?:|#)([^)#]+)/g)].map(([, link = '']) => link);
      for (const link of links) expect(existsSync(link), `${file} links to ${link}`).toBe(true);
    }
  });
});
