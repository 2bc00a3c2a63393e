/**
 * How fast the language server answers, over the real protocol on the built bundle: its start, a keystroke in files of several
 * sizes, a completion right after one. Targets stand beside the figures; nothing is asserted.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { SERVER_FLAGS } from '../../src/extension/server-flags';
import { build, type Client, root, start } from '../language/client';
import { high, inParts, judged, median, row, verdict } from './parts/table';

const example = readFileSync(join(root, 'media/examples/long-context.memplan'), 'utf8').replace(/\n\s*data .*/, '');

const middle = (times: readonly number[]): string => `median ${median(times).toFixed(1)}`;
const late = (times: readonly number[]): string => `p95 ${high(times).toFixed(1)}`;

/** A file of plans, each of twenty lines with its comments, no two alike. */
function file(plans: number): string {
  const head = [
    '// Plans of one project.',
    'let ctx = 8k',
    '',
    'model llama from "meta-llama/Llama-3.1-8B"',
    'device card from "RTX 4090"',
    '',
  ];
  const optimizers = ['adamw8bit', 'sgd(momentum: 0.9)', 'lion', 'adamw(foreach: false)', 'adafactor'];
  const backwards = ['checkpoint', 'streambp(chunk: 2k, logits: 128)', 'standard'];
  const blocks = Array.from({ length: plans }, (_, index) => [
    `// Variant ${index}.`,
    `plan p${index} {`,
    '  model       llama',
    '  device      card',
    '  batch       1',
    `  sequence    ctx + ${index * 128}`,
    '  precision   bf16',
    '  weights     nf4(double-quant: true)',
    `  train       lora(rank: ${8 + index}, targets: [q, k, v, o], dropout: 0.05)`,
    `  optimizer   ${optimizers[index % optimizers.length]}`,
    `  backward    ${backwards[index % backwards.length]}`,
    '  attention   flash',
    '  loss        chunked(chunk: 1k)',
    '  // Must stay on one card, with room for the evaluation.',
    '  require     peak <= 20 GiB',
    `  require     time <= ${4 + index} s`,
    index % 5 === 0 ? '  find        max sequence' : '  // The longest is asked for elsewhere.',
    '}',
    '',
    '// ---',
  ]);
  return [...head, ...blocks.flat()].join('\n');
}

/** Types at a place, one key at a time, and deletes it all again; each key waits for the diagnostics of its version. */
async function keystrokes(
  client: Client,
  uri: string,
  text: string,
  places: readonly [words: string, keys: string][],
): Promise<number[]> {
  let version = 1;
  client.open(uri, text, version);
  await client.diagnostics(uri, version);
  const times: number[] = [];
  const send = async (offset: number, removed: number, inserted: string): Promise<void> => {
    version++;
    const began = performance.now();
    client.edit(uri, version, { start: offset, end: offset + removed }, inserted);
    await client.diagnostics(uri, version);
    times.push(performance.now() - began);
  };
  for (const [words, keys] of places) {
    const at = text.indexOf(words) + words.length;
    for (const [index, key] of [...keys].entries()) await send(at + index, 0, key);
    for (let index = keys.length - 1; index >= 0; index--) await send(at + index, 1, '');
  }
  return times;
}

async function startUp(): Promise<number[]> {
  const times: number[] = [];
  for (let run = 0; run < 12; run++) {
    const began = performance.now();
    const client = await start(undefined, SERVER_FLAGS);
    client.open('file:///bench/start.memplan', example);
    await client.diagnostics('file:///bench/start.memplan', 1);
    times.push(performance.now() - began);
    await client.stop();
  }
  return times.slice(2);
}

async function completions(client: Client, uri: string, text: string): Promise<number[]> {
  client.open(uri, text, 1);
  await client.diagnostics(uri, 1);
  const times: number[] = [];
  let version = 1;
  for (let plan = 0; plan < 9; plan++) {
    for (const key of ['optimizer   ', 'backward    ', 'loss        ', 'sequence    ', 'require     ']) {
      const at = text.indexOf(key, text.indexOf(`plan p${plan} {`)) + key.length;
      // As when the word is being typed: the keystroke comes right before the question.
      client.edit(uri, ++version, { start: at, end: at }, 'a');
      const position = client.position(uri, at + 1);
      const began = performance.now();
      await client.connection.sendRequest('textDocument/completion', { textDocument: { uri }, position });
      times.push(performance.now() - began);
      client.edit(uri, ++version, { start: at, end: at + 1 }, '');
      await client.diagnostics(uri, version);
    }
  }
  return times;
}

build('--minify');
const places = (plan: number): [string, string][] => [
  [`plan p${plan} {\n  model       llama\n  device      card\n  batch       1`, '6'],
  [`// Variant ${plan}`, ' of many'],
  [`lora(rank: ${8 + plan}`, '2'],
  [`time <= ${4 + plan}`, '.25'],
];
const small = file(10);
const large = file(100);
const lines = (text: string): number => text.split('\n').length;

await inParts({
  start: async () => {
    const times = await startUp();
    judged('start to first diagnostics, median', median(times), ' ms', { most: 400 }, 1, late(times));
  },
  keystrokes: async () => {
    const client = await start(undefined, SERVER_FLAGS);
    const few = Array.from({ length: 10 }, (_, plan) => places(plan)).flat();
    const typed = await keystrokes(client, 'file:///bench/small.memplan', small, few);
    judged(`keystroke to diagnostics, ${lines(small)} lines, 10 plans, p95`, high(typed), ' ms', { most: 30 }, 1, middle(typed));
    const shared = await keystrokes(client, 'file:///bench/all.memplan', small, [['let ctx = ', '12']]);
    row('  of a name that all its plans use', `${middle(shared)}, ${late(shared)} ms`);
    const much = await keystrokes(client, 'file:///bench/large.memplan', large, [3, 50, 97].flatMap(places));
    judged(`keystroke to diagnostics, ${lines(large)} lines, 100 plans, p95`, high(much), ' ms', { most: 150 }, 1, middle(much));
    const asked = await completions(client, 'file:///bench/completion.memplan', small);
    judged('completion right after a keystroke, 10 plans, median', median(asked), ' ms', { most: 20 }, 1, late(asked));
    await client.stop();
  },
});
verdict();
