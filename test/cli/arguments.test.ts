import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { COMMANDS, readArguments, UsageError } from '../../src/cli/arguments';

const read = (line: string) => readArguments(line.split(' ').filter((word) => word !== ''));
const refusal = (line: string): string => {
  try {
    read(line);
  } catch (error) {
    if (error instanceof UsageError) return error.message;
    throw error;
  }
  throw new Error('accepted');
};

describe('what is asked for', () => {
  it.each([
    ['', { command: 'help' }],
    ['--help', { command: 'help' }],
    ['help run', { command: 'help', topic: 'run' }],
    ['run --help', { command: 'help', topic: 'run' }],
    ['--version', { command: 'version' }],
    ['check a.memplan b.memplan', { command: 'check', files: ['a.memplan', 'b.memplan'], json: false }],
    ['estimate a.memplan', { command: 'estimate', file: 'a.memplan', json: false, timeline: false, explain: false }],
    [
      'estimate --json a.memplan --plan full',
      { command: 'estimate', file: 'a.memplan', plan: 'full', json: true, timeline: false, explain: false },
    ],
    [
      'estimate --plan=full --timeline a',
      { command: 'estimate', file: 'a', plan: 'full', json: false, timeline: true, explain: false },
    ],
    ['run a', { command: 'run', file: 'a', json: false, adapter: 'auto', timeout: 600 }],
    ['run a --calibration c', { command: 'run', file: 'a', json: false, adapter: 'auto', timeout: 600, calibration: 'c' }],
    ['fit a --calibration c', { command: 'fit', file: 'a', json: false, calibration: 'c' }],
    ['run a --adapter software --timeout 2.5', { command: 'run', file: 'a', json: false, adapter: 'software', timeout: 2.5 }],
    [
      'verify galore t.json --json',
      { command: 'verify', technique: 'galore', file: 't.json', json: true, adapter: 'auto', timeout: 600 },
    ],
    ['format a b --write', { command: 'format', files: ['a', 'b'], write: true }],
    ['fit a --plan p', { command: 'fit', file: 'a', plan: 'p', json: false }],
    ['export a --to trl', { command: 'export', file: 'a', to: 'trl' }],
    ['import c.yml', { command: 'import', file: 'c.yml' }],
    ['lsp --stdio', { command: 'lsp' }],
    ['estimate -- --odd.memplan', { command: 'estimate', file: '--odd.memplan', json: false, timeline: false, explain: false }],
  ])('%s', (line, expected) => expect(read(line)).toEqual(expected));
});

describe('what is refused, and what is suggested', () => {
  it.each([
    ['estmate a', 'there is no command estmate; did you mean estimate?'],
    ['zzz', 'there is no command zzz; there are check, estimate, fit, run, verify, format, export, import, lsp'],
    ['--jsn', 'there is no option --jsn before a command'],
    ['estimate a --jsno', 'estimate has no option --jsno; did you mean --json?'],
    [
      'estimate a --adapter gpu',
      'estimate has no option --adapter; it takes --plan, --json, --timeline, --explain, --calibration, --help',
    ],
    ['estimate a -x', 'estimate has no option -x'],
    ['estimate', 'estimate wants a .memplan file'],
    ['estimate a b', 'estimate takes one file, and 2 are given'],
    ['estimate a --plan', '--plan wants a value'],
    ['estimate a --plan --json', '--plan wants a value'],
    ['estimate a --plan=', '--plan wants a value'],
    ['estimate a --plan x --plan y', '--plan is given twice'],
    ['estimate a --json=yes', '--json takes no value'],
    ['run a --adapter gpuu', '--adapter is gpu or software, not gpuu; did you mean gpu?'],
    ['run a --timeout soon', '--timeout is a number of seconds up to 86400, not soon'],
    ['run a --timeout 0', '--timeout is a number of seconds'],
    ['run a --timeout=-3', '--timeout is a number of seconds'],
    ['run a --timeout 1e9', '--timeout is a number of seconds'],
    ['check', 'check wants one or more .memplan files'],
    ['format', 'format wants one or more .memplan files'],
    ['verify', 'verify wants a technique and a file: memplan verify galore FILE'],
    ['verify galroe x', 'verify does not know galroe; did you mean galore?'],
    ['verify galore', 'verify wants a JSON file of trajectories'],
    ['export a', 'export wants --to and one of deepspeed'],
    ['export a --to axolot', 'there is no trainer axolot; did you mean axolotl?'],
    ['import a --from x', 'there is no trainer x; there are'],
    ['lsp file', 'lsp takes no files'],
  ])('%s', (line, words) => expect(refusal(line)).toContain(words));

  it('answers any words with an invocation or one sentence', () => {
    const word = fc.oneof(
      fc.constantFrom(
        ...COMMANDS,
        '--json',
        '--plan',
        '--timeout',
        '--adapter',
        '--',
        '-h',
        '--__proto__',
        '--plan=x',
        '--no-json',
      ),
      fc.string(),
    );
    fc.assert(
      fc.property(fc.array(word, { maxLength: 6 }), (args) => {
        try {
          expect(readArguments(args).command).toBeDefined();
        } catch (error) {
          expect(error).toBeInstanceOf(UsageError);
          expect((error as Error).message).not.toBe('');
        }
      }),
      { numRuns: 2000 },
    );
  });
});
