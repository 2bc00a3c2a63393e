/** The Test Explorer over a stand-in of VS Code's API: what appears, what a run says of each check. */
import { beforeEach, describe, expect, it, vi } from 'vitest';
import type { EstimateReply, RunEvent, ToWebview } from '../../src/protocol';
import { events, reply } from '../webview/canned';
import { l10n } from './english';

class Collection {
  items = new Map<string, Item>();
  constructor(private readonly owner?: Item) {}
  get = (id: string) => this.items.get(id);
  delete = (id: string) => this.items.delete(id);
  forEach = (visit: (item: Item) => void) => this.items.forEach((item) => void visit(item));
  add = (item: Item) => {
    item.parent = this.owner;
    this.items.set(item.id, item);
  };
  replace = (items: Item[]) => {
    this.items.clear();
    for (const item of items) this.add(item);
  };
}
class Item {
  parent: Item | undefined;
  range: unknown;
  error: unknown;
  children = new Collection(this);
  constructor(
    readonly id: string,
    readonly label: string,
    readonly uri: unknown,
  ) {}
}
type Verdict = [state: string, id: string, words?: string | undefined];

const verdicts: Verdict[] = [];
let controller: { items: Collection; resolveHandler?: () => Promise<void> };
let runHandler: (request: object, token: object) => Promise<void>;
class EventEmitter<T> {
  listeners: ((value: T) => void)[] = [];
  event = (listener: (value: T) => void) => {
    this.listeners.push(listener);
    return { dispose: () => undefined };
  };
  fire = (value: T) => this.listeners.forEach((listener) => void listener(value));
}
const note = (state: string) => (item: Item, message?: { message: string }) =>
  void verdicts.push([state, item.id.replace(/^.*#/, ''), message?.message]);
const uri = { path: '/w/a.memplan', toString: () => reply.uri };

beforeEach(() => {
  verdicts.length = 0;
  vi.doMock('vscode', () => ({
    l10n,
    Uri: { parse: () => uri, joinPath: () => uri },
    Range: class {},
    TestMessage: class {
      constructor(readonly message: string) {}
    },
    TestRunProfileKind: { Run: 1 },
    Disposable: { from: () => undefined },
    FileType: { File: 1, Directory: 2 },
    workspace: {
      workspaceFolders: [{ uri: { path: '/w' } }],
      fs: { readDirectory: async () => [['a.memplan', 1]] },
      createFileSystemWatcher: () => ({ onDidDelete: () => undefined }),
    },
    tests: {
      createTestController: () => {
        controller = {
          items: new Collection(),
          createTestItem: (id: string, label: string, at: unknown) => new Item(id, label, at),
          createRunProfile: (_: string, __: number, handler: typeof runHandler) => {
            runHandler = handler;
          },
          createTestRun: () => ({
            started: note('started'),
            passed: note('passed'),
            failed: note('failed'),
            skipped: note('skipped'),
            errored: note('errored'),
            end: () => verdicts.push(['end', '']),
          }),
        } as never;
        return controller;
      },
    },
  }));
});

async function explorer(outcome: string, said: RunEvent[], message?: string) {
  const { createTests } = await import('../../src/extension/tests');
  const changed = new EventEmitter<EstimateReply>();
  const messages = new EventEmitter<{ uri: unknown; message: ToWebview }>();
  const started: string[] = [];
  createTests(
    { get: () => undefined, refresh: async () => reply, onDidChange: changed.event } as never,
    {
      onMessage: messages.event,
      start: async (_: unknown, plan: string) => {
        started.push(plan);
        for (const event of said) messages.fire({ uri, message: { type: 'run-event', plan, event } });
        messages.fire({ uri, message: { type: 'run-ended', plan, outcome, ...(message ? { message } : {}) } as ToWebview });
        return outcome;
      },
      cancel: () => undefined,
    } as never,
  );
  changed.fire(reply);
  const file = controller.items.get(reply.uri) as Item;
  const plan = (name: string) => file.children.get(`${reply.uri}#${name}`) as Item;
  const token = { isCancellationRequested: false, onCancellationRequested: () => ({ dispose: () => undefined }) };
  return { file, plan, started, run: (include?: Item[]) => runHandler({ include, exclude: [] }, token) };
}

describe('the Test Explorer', () => {
  it('shows the plans of a file and the techniques of each', async () => {
    const { file, plan } = await explorer('passed', []);
    expect([...file.children.items.values()].map(({ label }) => label)).toEqual(reply.plans.map(({ name }) => name));
    const techniques = [...plan('longform').children.items.values()].map(({ label }) => label);
    expect(techniques).toContain('streambp');
    expect(techniques.at(-1)).toBe('bytes');
  });

  it('finds files that nobody has opened', async () => {
    await explorer('passed', []);
    controller.items.delete(reply.uri);
    await controller.resolveHandler?.();
    expect(controller.items.get(reply.uri)).toBeDefined();
  });

  it('runs a plan and says of each check whether it passed', async () => {
    const check = {
      type: 'check',
      technique: 'streambp',
      name: 'gradients',
      measured: 3,
      limit: 2,
      passed: false,
      why: 'rounding',
    } as const;
    const { plan, run, started } = await explorer('failed', [...events, check]);
    await run([plan('longform').children.get(`${reply.uri}#longform/streambp`) as Item]);
    expect(started).toEqual(['longform']);
    expect(verdicts).toContainEqual([
      'failed',
      'longform/streambp/gradients',
      expect.stringMatching(/Measured 3.*limit is 2: rounding/),
    ]);
    expect(verdicts.some(([state, id]) => state === 'failed' && id === 'longform/streambp')).toBe(true);
    expect(verdicts.some(([state, id]) => state === 'failed' && id === 'longform')).toBe(true);
    expect(verdicts.at(-1)).toEqual(['end', '']);
  });

  it('does not call a technique proved that brought no check', async () => {
    const { plan, run } = await explorer('passed', []);
    await run([plan('longform')]);
    const groups = [...plan('longform').children.items.values()];
    for (const { id } of groups) expect(verdicts).toContainEqual(['skipped', id.replace(/^.*#/, ''), undefined]);
    expect(verdicts.filter(([state]) => state === 'passed').map(([, id]) => id)).toEqual(['longform']);
  });

  it('bytes that differ from the predicted ones fail', async () => {
    const { plan, run } = await explorer('failed', [{ type: 'memory', label: 'plain', predicted: 10, measured: 12 }]);
    await run([plan('full')]);
    expect(verdicts).toContainEqual(['failed', 'full/bytes/plain', '12 bytes were counted, 10 predicted.']);
  });

  it('a refused run is an error in the words of the refusal', async () => {
    const { plan, run } = await explorer('error', [], 'It needs a trusted workspace.');
    await run([plan('full')]);
    expect(verdicts).toContainEqual(['errored', 'full', 'It needs a trusted workspace.']);
  });
});
