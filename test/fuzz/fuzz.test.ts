/** Hostile inputs of every kind that comes from outside: none crashes, hangs, leaks, or is let in although it is wrong. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { analyze } from '../../language/server/analyze';
import type { FileReader } from '../../language/server/modules';
import { readFromWebview } from '../../src/extension/inbox';
import { createKept } from '../../src/extension/kept-runs';
import { importConfig } from '../../src/interchange/convert';
import { readConfig } from '../../src/plan/config';
import type { Model } from '../../src/plan/types';
import type { Change, FromWebview } from '../../src/protocol';
import { batchAt, checkText } from '../../src/runner/data';
import { RunnerError } from '../../src/runner/errors';
import { readEvent } from '../../src/runner/read-event';
import { readMessage } from '../../webview/messages';
import { fixtures } from '../language/fixture';
import { events, reply } from '../webview/canned';
import { campaign } from './campaign';
import { mutate, mutateValue } from './mutate';

vi.setConfig({ testTimeout: 6 * 3600_000 });
const root = join(import.meta.dirname, '../..');
const read = (path: string) => readFileSync(join(root, path), 'utf8');
const examples = readdirSync(join(root, 'media/examples')).filter((name) => name.endsWith('.memplan'));
const plans = [...examples.map((name) => read(`media/examples/${name}`)), ...fixtures().map(({ text }) => text)].filter(Boolean);

const isCount = (value: number, least = 1) => Number.isSafeInteger(value) && value >= least;
function soundModel(model: Model): void {
  for (const key of ['layers', 'hidden', 'heads', 'kvHeads', 'headDim', 'ffn', 'vocab'] as const)
    expect(isCount(model[key]), `${key} ${model[key]}`).toBe(true);
  expect(model.hidden).toBeLessThan(2 ** 31);
  expect(model.dropout >= 0 && model.dropout < 1).toBe(true);
}

describe('a hostile file', () => {
  const asked: string[] = [];
  const reader: FileReader = {
    read: (_, path) => {
      asked.push(path);
      return path.endsWith('.json')
        ? { uri: 'untitled:c', text: '{"model_type": "llama"}' }
        : { problem: 'there is no such file' };
    },
    locate: (_, path) => ({ path }),
  };

  it('.memplan: mistakes are at its words, and a plan that is let in is one', () => {
    campaign(
      'language',
      2000,
      (next) => mutate(plans, next),
      (text) => {
        const analysis = analyze(text, { reader });
        const inside = ({ start, end }: { start: number; end: number }) => start >= 0 && start <= end && end <= text.length;
        for (const { span, message } of analysis.problems) if (!inside(span) || message === '') throw new Error(message);
        for (const { plan, name } of analysis.plans) {
          if (!plan) continue;
          expect(name).toMatch(/^[\p{L}_][\p{L}\p{N}_-]*$/u);
          expect(isCount(plan.batch) && isCount(plan.sequence) && isCount(plan.accumulate)).toBe(true);
          expect(plan.device.memory > 0 && Number.isFinite(plan.device.memory)).toBe(true);
          soundModel(plan.model);
        }
        asked.length = 0;
      },
    );
  });

  it('config.json: a model has sizes, or one sentence says why not', () => {
    const good = [
      {
        model_type: 'llama',
        hidden_size: 64,
        num_hidden_layers: 2,
        num_attention_heads: 4,
        intermediate_size: 128,
        vocab_size: 99,
      },
      { model_type: 'gpt2', n_embd: 64, n_layer: 2, n_head: 4, vocab_size: 99, n_positions: 32 },
      {
        model_type: 'gemma3',
        text_config: { hidden_size: 64, num_hidden_layers: 2, num_attention_heads: 4, intermediate_size: 9 },
      },
    ];
    campaign(
      'config.json',
      2000,
      (next) => mutateValue(good[next(good.length)], next),
      (value) => {
        const result = readConfig(value, 'config.json');
        if (result.ok) soundModel(result.model);
        else expect(result.message).toMatch(/^config\.json: .{8,}/s);
      },
    );
  });

  it('configuration of a trainer: it becomes a plan or a sentence', () => {
    const folder = 'test/golden/interchange';
    const known = existsSync(join(root, folder))
      ? readdirSync(join(root, folder), { recursive: true })
          .map(String)
          .filter((name) => /\.(?:ya?ml|json)$/.test(name))
      : [];
    const configs = known.map((name) => read(join(folder, name)));
    expect(configs.length).toBeGreaterThan(0);
    campaign(
      'imported configuration',
      300,
      (next) => ({ text: mutate(configs, next), name: ['a.yaml', 'a.yml', 'a.json', 'a'][next(4)] as string }),
      ({ text, name }) => {
        const result = importConfig(text, name);
        if (!result.ok) expect(result.message.length).toBeGreaterThan(8);
        else expect(analyze(result.text).problems.filter(({ code }) => code === 'syntax')).toEqual([]);
      },
    );
  });

  it('data: it is refused in words, or gives batches of its own bytes', () => {
    const text = new TextEncoder().encode(read('media/examples/corpus.txt').slice(0, 4000));
    campaign(
      'data file',
      1000,
      (next) => ({
        bytes: Uint8Array.from({ length: next(400) }, (_, index) => (next(10) === 0 ? next(256) : (text[index] ?? 0))),
        sequence: 1 + next(64),
      }),
      ({ bytes, sequence }) => {
        try {
          checkText(bytes, 'data', sequence, 256);
        } catch (error) {
          if (error instanceof RunnerError) return;
          throw error;
        }
        const { tokens, targets } = batchAt(bytes, 3, 7, 2, sequence, 256);
        expect(tokens.length).toBe(2 * sequence);
        for (const token of [...tokens, ...targets]) if (token > 255) throw new Error(`token ${token}`);
      },
    );
  });
});

describe('a hostile message', () => {
  const place = { line: 3, column: 1, endLine: 3, endColumn: 9 };
  const changes: Change[] = [
    { kind: 'number', path: 'sequence', value: 4096 },
    { kind: 'technique', slot: 'backward', use: { name: 'streambp', args: { chunk: 2048, inner: { name: 'adamw', args: {} } } } },
    { kind: 'list', slot: 'parallel', uses: [{ name: 'zero', args: { stage: 3, n: 8, what: ['q', 'k'] } }] },
  ];
  /** One of every type: the compiler asks for those that are new. */
  const sent: { [type in FromWebview['type']]: Extract<FromWebview, { type: type }> } = {
    ready: { type: 'ready' },
    here: { type: 'here' },
    select: { type: 'select', plan: 'full' },
    reveal: { type: 'reveal', place },
    run: { type: 'run', plan: 'full' },
    'cancel-run': { type: 'cancel-run' },
    timeline: { type: 'timeline', plan: 'full' },
    'what-if': { type: 'what-if', plan: 'full', id: 3, changes },
    apply: { type: 'apply', plan: 'full', version: 7, changes },
    sweeps: { type: 'sweeps', plan: 'full', others: ['longform'] },
    fit: { type: 'fit', plan: 'full' },
    'cancel-fit': { type: 'cancel-fit' },
    'restart-server': { type: 'restart-server' },
    copy: { type: 'copy', text: 'a' },
    save: { type: 'save', format: 'svg', name: 'full', content: '<svg/>' },
  };
  const kinds = Object.values(sent);

  it('of the webview is let in with its own fields only', () => {
    campaign(
      'webview message',
      2000,
      (next) => mutateValue(kinds[next(kinds.length)], next),
      (value) => {
        const message = readFromWebview(value);
        if (!message) return;
        if ('plan' in message) expect(typeof message.plan).toBe('string');
        if ('changes' in message) {
          expect(message.changes.length).toBeLessThanOrEqual(256);
          for (const change of message.changes) {
            expect(['number', 'technique', 'list']).toContain(change.kind);
            expect(change.kind === 'number' ? Number.isFinite(change.value) : typeof change.slot === 'string').toBe(true);
          }
        }
        if ('others' in message) for (const other of message.others) expect(typeof other).toBe('string');
        if (message.type === 'reveal') for (const one of Object.values(message.place)) expect(isCount(one)).toBe(true);
        if (message.type === 'save') {
          expect(message.name).not.toMatch(/[\\/\0]|^\./);
          expect(['svg', 'png', 'csv', 'md']).toContain(message.format);
        }
        expect(Object.hasOwn(message, '__proto__')).toBe(false);
      },
    );
  });

  it('of the webview that is right is let in as it is', () => {
    for (const message of kinds) expect(readFromWebview(message)).toEqual(message);
  });

  it('of the runner is an event, or nothing', () => {
    const lines = events.map((event) => JSON.stringify(event));
    campaign(
      'runner line',
      2000,
      (next) => (next(2) === 0 ? mutate(lines, next) : JSON.stringify(mutateValue(events[next(events.length)], next)) || ''),
      (line) => {
        const event = readEvent(line);
        if (!event) return;
        if (event.type === 'check') expect([typeof event.passed, typeof event.measured]).toEqual(['boolean', 'number']);
        if (event.type === 'summary') expect(isCount(event.passed, 0) && isCount(event.failed, 0)).toBe(true);
        if (event.type === 'memory') expect(isCount(event.predicted, 0) && isCount(event.measured, 0)).toBe(true);
      },
    );
  });

  it('of the runner that is right is let in as it is', () => {
    for (const event of events) expect(readEvent(JSON.stringify(event))).toEqual(event);
    expect(
      readEvent('{"type":"check","technique":"a","name":"b","measured":null,"limit":1,"passed":false,"why":""}'),
    ).toMatchObject({
      measured: Number.NaN,
    });
  });

  it('to the page, as saved state or as an answer, leaves the page standing', () => {
    const messages = [
      { type: 'plans', reply, selected: 'full' },
      ...events.map((event) => ({ type: 'run-event', plan: 'full', event })),
    ];
    campaign(
      'saved state',
      200,
      (next) => [['file:///a.memplan', mutateValue(messages, next)], mutateValue(['file:///b.memplan', messages], next)],
      (stored) => {
        const kept = createKept({ get: () => stored, update: async () => undefined, keys: () => [] } as never);
        for (const uri of ['file:///a.memplan', 'file:///b.memplan']) {
          for (const message of kept.get(uri)) {
            expect(typeof message.type).toBe('string');
            if (message.type === 'run-event') expect(typeof message.event.type).toBe('string');
            readMessage(message);
          }
          kept.put(uri, kept.get(uri));
        }
      },
    );
  });
});
