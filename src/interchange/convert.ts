/** Plans to trainers' files and back, as text. */
import { parse, stringify } from 'yaml';
import { formatTokens } from '../plan/format';
import { nearest } from '../plan/nearest';
import { findModel } from '../plan/presets/models';
import { LIST_SLOTS, type Plan, TECHNIQUE_SLOTS } from '../plan/types';
import { axolotl } from './axolotl';
import { accelerate, deepspeed } from './engines';
import { llamaFactory } from './llama-factory';
import { isRecord, SettingsReader } from './reader';
import { type Setup, setupOf, written } from './setup';
import { torchtune } from './torchtune';
import type { Trainer } from './trainer';
import { trl } from './trl';

/** In the order in which a file is tried: the more telling marks first. */
const TRAINERS: readonly Trainer[] = [deepspeed, accelerate, torchtune, axolotl, llamaFactory, trl];
export const trainerNames: readonly string[] = TRAINERS.map(({ name }) => name);

/** Trainers read YAML 1.1, where a bare `no` is false: words like it are quoted. */
const DIALECT = { version: '1.1' } as const;

export type Converted = { ok: true; text: string; notes: string[] } | { ok: false; message: string };

function findTrainer(name: string): Trainer | { message: string } {
  const found = TRAINERS.find((trainer) => trainer.name === name);
  if (found !== undefined) return found;
  const near = nearest(name, trainerNames);
  return {
    message: `there is no trainer ${name}${near === undefined ? `; there are ${trainerNames.join(', ')}` : `; did you mean ${near}?`}`,
  };
}

/** A plan as a trainer's configuration; what the file cannot say are the notes, which a file with comments carries too. */
export function exportPlan(plan: Plan, to: string): Converted {
  const trainer = findTrainer(to);
  if ('message' in trainer) return { ok: false, message: trainer.message };
  const { settings, notes } = trainer.export(setupOf(plan));
  if (trainer.format === 'json') return { ok: true, text: `${JSON.stringify(settings, null, 2)}\n`, notes };
  const comments = [
    `${trainer.title} configuration of plan ${plan.name}, by Memplan. ${trainer.usage}`,
    ...notes.map((note) => `Not in this file: ${note}`),
  ];
  const head = comments.map((comment) => `# ${oneLine(comment)}\n`).join('');
  return { ok: true, text: `${head}${stringify(settings, DIALECT)}`, notes };
}

const oneLine = (text: string): string => text.replace(/[\p{Cc}\u2028\u2029]+/gu, ' ');

/** A trainer's configuration as a `.memplan` file; `name` is how messages call the file. */
export function importConfig(text: string, name: string, from?: string): Converted {
  let settings: unknown;
  try {
    settings = parse(text, { ...DIALECT, maxAliasCount: 100 });
  } catch (error) {
    const reason = oneLine(error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error));
    return { ok: false, message: `${name}: it is neither JSON nor YAML: ${reason}` };
  }
  if (!isRecord(settings)) return { ok: false, message: `${name}: it holds no settings` };
  const given = from === undefined ? TRAINERS.find((trainer) => trainer.detect(settings)) : findTrainer(from);
  if (given === undefined) {
    return {
      ok: false,
      message: `${name}: it is no configuration of a known trainer (${trainerNames.join(', ')}); --from names one`,
    };
  }
  if ('message' in given) return { ok: false, message: given.message };
  const read = new SettingsReader(settings);
  const setup = given.import(read);
  const unread = read.unread();
  const notes = [...read.notes, ...(unread.length > 0 ? [`not read: ${listed(unread)}`] : [])];
  return { ok: true, text: planText(`${given.title} configuration ${name}`, setup, notes), notes };
}

const listed = (keys: readonly string[]): string =>
  keys.length > 20 ? `${keys.slice(0, 20).join(', ')} and ${keys.length - 20} more` : keys.join(', ');

/** A string of the language: no quotes, no escapes, one line. */
const quoted = (text: string): string => `"${oneLine(text).replace(/["\\]/g, '').slice(0, 200)}"`;

function planText(origin: string, setup: Setup, notes: readonly string[]): string {
  const known = setup.model !== undefined && findModel(setup.model) !== undefined;
  const model = setup.model === undefined ? '"meta-llama/Llama-3.1-8B"' : quoted(setup.model);
  const aside =
    setup.model === undefined
      ? '   // the configuration names no model: put yours here'
      : known
        ? ''
        : '   // no preset: a path to its config.json will do';
  const row = (key: string, value: string, comment = '') => `  ${key.padEnd(11)} ${value}${comment}\n`;
  const slots = TECHNIQUE_SLOTS.map((slot) => {
    const use = setup.slots[slot];
    return use === undefined ? '' : row(slot, written(slot, use));
  });
  const lists = LIST_SLOTS.map((slot) => {
    const uses = setup.lists?.[slot] ?? [];
    return uses.length === 0 ? '' : row(slot, `[${uses.map((use) => written(slot, use)).join(', ')}]`);
  });
  return [
    `// From the ${oneLine(origin)}.\n`,
    ...notes.map((note) => `// ${oneLine(note).slice(0, 500)}\n`),
    `model  base from ${model}${aside}\n`,
    'device card from "RTX 4090"   // a trainer names no card: put yours here\n\n',
    'plan imported {\n',
    row('model', 'base'),
    row('device', 'card'),
    setup.batch === undefined ? '' : row('batch', String(setup.batch)),
    row(
      'sequence',
      setup.sequence === undefined ? '2k' : formatTokens(setup.sequence).replaceAll(',', ''),
      setup.sequence === undefined ? '   // not in the configuration' : '',
    ),
    setup.accumulate === undefined || setup.accumulate === 1 ? '' : row('accumulate', String(setup.accumulate)),
    ...slots,
    ...lists,
    '}\n',
  ].join('');
}
