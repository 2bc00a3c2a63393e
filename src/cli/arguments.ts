/** What was asked for on the command line, as plain data; or one sentence on what is wrong with it. */
import { type ParseArgsConfig, parseArgs } from 'node:util';
import { trainerNames } from '../interchange/convert';
import { nearest } from '../plan/nearest';

export type Adapter = 'auto' | 'gpu' | 'software';

export type Invocation =
  | { command: 'help'; topic?: CommandName }
  | { command: 'version' }
  | { command: 'check'; files: string[]; json: boolean }
  | { command: 'estimate'; file: string; plan?: string; json: boolean; timeline: boolean; explain: boolean; calibration?: string }
  | { command: 'fit'; file: string; plan?: string; json: boolean; calibration?: string }
  | { command: 'run'; file: string; plan?: string; json: boolean; adapter: Adapter; timeout: number; calibration?: string }
  | { command: 'verify'; technique: 'galore'; file: string; json: boolean; adapter: Adapter; timeout: number }
  | { command: 'format'; files: string[]; write: boolean }
  | { command: 'export'; file: string; plan?: string; to: string }
  | { command: 'import'; file: string; from?: string }
  | { command: 'lsp' };

export type CommandName = Exclude<Invocation['command'], 'help' | 'version'>;

export const COMMANDS: readonly CommandName[] = [
  'check',
  'estimate',
  'fit',
  'run',
  'verify',
  'format',
  'export',
  'import',
  'lsp',
];

/** Options of each command, beside `--help`. */
const OPTIONS: Record<CommandName, Record<string, 'boolean' | 'string'>> = {
  check: { json: 'boolean' },
  estimate: { plan: 'string', json: 'boolean', timeline: 'boolean', explain: 'boolean', calibration: 'string' },
  run: { plan: 'string', json: 'boolean', adapter: 'string', timeout: 'string', calibration: 'string' },
  verify: { json: 'boolean', adapter: 'string', timeout: 'string' },
  fit: { plan: 'string', json: 'boolean', calibration: 'string' },
  format: { write: 'boolean' },
  export: { plan: 'string', to: 'string' },
  import: { from: 'string' },
  lsp: { stdio: 'boolean' },
};

const ADAPTERS: readonly Adapter[] = ['auto', 'gpu', 'software'];

/** Seconds until a run is given up, where `--timeout` does not say. */
const TIMEOUT = 600;
const LONGEST = 24 * 3600;

/** A mistake in the arguments: one sentence, exit status 2. */
export class UsageError extends Error {}

const hint = (word: string, choices: readonly string[], write = (choice: string) => choice): string => {
  const near = nearest(word, choices);
  return near === undefined ? '' : `; did you mean ${write(near)}?`;
};

interface Given {
  values: { [option: string]: string | boolean | undefined };
  files: string[];
}

/** Options and positional arguments of a command, options in any place. */
function given(command: CommandName, args: readonly string[]): Given {
  const allowed = OPTIONS[command];
  const options: ParseArgsConfig['options'] = { help: { type: 'boolean', short: 'h' } };
  for (const [name, type] of Object.entries(allowed)) options[name] = { type };
  // Not strict, so that the messages are ours: parseArgs then reports every option as it stands.
  const { tokens } = parseArgs({ args: [...args], options, strict: false, allowPositionals: true, tokens: true });
  const values: Given['values'] = {};
  const files: string[] = [];
  for (const token of tokens) {
    if (token.kind === 'positional') files.push(token.value);
    if (token.kind !== 'option') continue;
    const known = Object.hasOwn(options, token.name) ? options[token.name] : undefined;
    if (known === undefined) {
      const choices = [...Object.keys(allowed), 'help'];
      throw new UsageError(
        `${command} has no option ${token.rawName}${hint(token.name, choices, (choice) => `--${choice}`) || `; it takes ${choices.map((choice) => `--${choice}`).join(', ')}`}`,
      );
    }
    if (
      known.type === 'string' &&
      (token.value === undefined || token.value === '' || (!token.inlineValue && token.value.startsWith('-')))
    ) {
      throw new UsageError(`${token.rawName} wants a value`);
    }
    if (known.type === 'boolean' && token.value !== undefined) throw new UsageError(`${token.rawName} takes no value`);
    if (values[token.name] !== undefined && known.type === 'string') throw new UsageError(`${token.rawName} is given twice`);
    values[token.name] = known.type === 'string' ? token.value : true;
  }
  return { values, files };
}

const text = (value: string | boolean | undefined): string | undefined => (typeof value === 'string' ? value : undefined);

function one(command: CommandName, files: readonly string[], what = 'a .memplan file'): string {
  const [file, ...more] = files;
  if (file === undefined) throw new UsageError(`${command} wants ${what}`);
  if (more.length > 0) throw new UsageError(`${command} takes one file, and ${files.length} are given`);
  return file;
}

function adapterOf(values: Given['values']): Adapter {
  const adapter = text(values.adapter) ?? 'auto';
  const found = ADAPTERS.find((known) => known === adapter);
  if (found === undefined) throw new UsageError(`--adapter is gpu or software, not ${adapter}${hint(adapter, ADAPTERS)}`);
  return found;
}

function trainerOf(word: string): string {
  if (trainerNames.includes(word)) return word;
  throw new UsageError(`there is no trainer ${word}${hint(word, trainerNames) || `; there are ${trainerNames.join(', ')}`}`);
}

function timeoutOf(values: Given['values']): number {
  const stated = text(values.timeout);
  if (stated === undefined) return TIMEOUT;
  const seconds = Number(stated);
  if (!(seconds > 0 && seconds <= LONGEST))
    throw new UsageError(`--timeout is a number of seconds up to ${LONGEST}, not ${stated}`);
  return seconds;
}

/** Throws `UsageError`. */
export function readArguments(args: readonly string[]): Invocation {
  const [first, ...rest] = args;
  if (first === undefined || first === '--help' || first === '-h' || first === 'help') {
    const topic = first === 'help' && rest[0] !== undefined ? commandOf(rest[0]) : undefined;
    return topic === undefined ? { command: 'help' } : { command: 'help', topic };
  }
  if (first === '--version' || first === '-V' || first === 'version') return { command: 'version' };
  const command = commandOf(first);
  const { values, files } = given(command, rest);
  if (values.help === true) return { command: 'help', topic: command };
  const json = values.json === true;
  const named = text(values.plan);
  const plan = named === undefined ? {} : { plan: named };
  const measured = text(values.calibration);
  const calibration = measured === undefined ? {} : { calibration: measured };
  switch (command) {
    case 'check':
      if (files.length === 0) throw new UsageError('check wants one or more .memplan files');
      return { command, files, json };
    case 'estimate':
      return {
        command,
        file: one(command, files),
        ...plan,
        json,
        timeline: values.timeline === true,
        explain: values.explain === true,
        ...calibration,
      };
    case 'fit':
      return { command, file: one(command, files), json, ...plan, ...calibration };
    case 'run':
      return {
        command,
        file: one(command, files),
        ...plan,
        json,
        adapter: adapterOf(values),
        timeout: timeoutOf(values),
        ...calibration,
      };
    case 'verify': {
      const [technique, ...more] = files;
      if (technique !== 'galore') {
        const state =
          technique === undefined
            ? 'verify wants a technique and a file'
            : `verify does not know ${technique}${hint(technique, ['galore'])}`;
        throw new UsageError(`${state}: memplan verify galore FILE`);
      }
      return {
        command,
        technique,
        file: one(command, more, 'a JSON file of trajectories'),
        json,
        adapter: adapterOf(values),
        timeout: timeoutOf(values),
      };
    }
    case 'export': {
      const to = text(values.to);
      if (to === undefined) throw new UsageError(`export wants --to and one of ${trainerNames.join(', ')}`);
      return { command, file: one(command, files), ...plan, to: trainerOf(to) };
    }
    case 'import': {
      const from = text(values.from);
      const file = one(command, files, 'a trainer’s configuration');
      return from === undefined ? { command, file } : { command, file, from: trainerOf(from) };
    }
    case 'format':
      if (files.length === 0) throw new UsageError('format wants one or more .memplan files');
      return { command, files, write: values.write === true };
    case 'lsp':
      if (files.length > 0) throw new UsageError('lsp takes no files');
      return { command };
  }
}

function commandOf(word: string): CommandName {
  const found = COMMANDS.find((known) => known === word);
  if (found !== undefined) return found;
  if (word.startsWith('-'))
    throw new UsageError(`there is no option ${word} before a command; commands are ${COMMANDS.join(', ')}`);
  throw new UsageError(`there is no command ${word}${hint(word, COMMANDS) || `; there are ${COMMANDS.join(', ')}`}`);
}
