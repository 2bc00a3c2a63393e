/** The parts of reference.md that follow from the code: a test writes them, and fails when they are stale. */
import { familyNames } from '../../src/plan/families';
import { deviceNames } from '../../src/plan/presets/devices';
import { modelNames } from '../../src/plan/presets/models';
import { SLOTS } from '../../src/plan/types';
import { FIGURES } from '../../src/planner/expression';
import { specsOf } from '../../src/techniques/registry';
import { deviceKeys } from './devices';
import { defaultOf, defaultText, FIGURE_DOCS, keyDoc, typeText } from './features/docs';
import { modelKeys } from './models';
import { PLAN_KEYS } from './plans';
import { CODES } from './problems';
import { runKeys } from './runs';
import { UNITS } from './units';

const cell = (text: string): string => text.replaceAll('|', '\\|').replace(/\s+/g, ' ');
const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head, head.map(() => '---'), ...rows.map((row) => row.map(cell))].map((row) => `| ${row.join(' | ')} |`).join('\n');

const keys = (block: 'plan' | 'model' | 'device' | 'run', names: readonly string[]): string =>
  table(
    ['key', 'meaning'],
    names.map((name) => [`\`${name}\``, keyDoc(block, name) ?? '']),
  );

function techniques(): string {
  return SLOTS.flatMap((slot) => {
    const specs = specsOf(slot);
    if (specs.length === 0) return [];
    const standard = defaultOf(slot);
    const rows = specs.map((spec) => {
      const args = spec.args
        .map(
          (one) => `\`${one.name}\`: ${typeText(one.type)}${one.default === undefined ? ', required' : ` (${defaultText(one)})`}`,
        )
        .join('; ');
      const relations = [
        ...(spec.excludes ?? []).map(({ slot: other, names, why }) => `not with ${other} ${names.join(', ')}: ${why}`),
        ...(spec.needs ?? []).map(({ slot: other, names, why }) => `needs ${other} ${names.join(' or ')}: ${why}`),
        ...(spec.cautions ?? []).map(({ slot: other, names, why }) => `with ${other} ${names.join(', ')}: ${why}`),
      ].join('. ');
      const source = spec.citation ? `[${spec.citation.id}](${spec.citation.url})` : '';
      return [
        spec.name === standard ? `*\`${spec.name}\`*` : `\`${spec.name}\``,
        `${spec.summary}${relations ? ` (${relations})` : ''}`,
        args,
        spec.formula,
        spec.cost,
        source,
      ];
    });
    return [
      `#### \`${slot}\``,
      keyDoc('plan', slot) ?? '',
      table(['technique', 'what it does', 'arguments (default)', 'bytes', 'cost', 'source'], rows),
    ];
  }).join('\n\n');
}

/** Generated sections by the name that marks them in the file. */
export function sections(): { [name: string]: string } {
  return {
    units: table(
      ['unit', 'is'],
      UNITS.map(({ name, doc }) => [`\`${name}\``, doc]),
    ),
    figures: table(
      ['figure', 'is'],
      FIGURES.map((name) => [`\`${name}\``, FIGURE_DOCS[name]]),
    ),
    'plan-keys': keys('plan', PLAN_KEYS),
    'model-keys': keys('model', modelKeys),
    'device-keys': keys('device', deviceKeys),
    'run-keys': keys('run', runKeys),
    techniques: techniques(),
    presets: `Families: ${familyNames.map((name) => `\`${name}\``).join(', ')}.\n\nModels: ${modelNames.map((name) => `\`${name}\``).join(', ')}.\n\nCards: ${deviceNames.map((name) => `\`${name}\``).join(', ')}.`,
    codes: Object.entries(CODES)
      .map(([code, meaning]) => `#### ${code}\n\n${meaning}.`)
      .join('\n\n'),
  };
}

/** Puts the generated sections in their places: `<!-- name -->` … `<!-- /name -->`. */
export const withSections = (text: string): string =>
  Object.entries(sections()).reduce((result, [name, body]) => {
    const [open, close] = [`<!-- ${name} -->`, `<!-- /${name} -->`];
    const [start, end] = [result.indexOf(open), result.indexOf(close)];
    if (start < 0 || end < start) throw new Error(`reference.md has no place for ${name}`);
    return `${result.slice(0, start + open.length)}\n\n${body}\n\n${result.slice(end)}`;
  }, text);
