import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type CodeAction,
  CodeActionTriggerKind,
  type CodeLens,
  type CompletionItem,
  type CompletionList,
  type DocumentSymbol,
  type Hover,
  type InlayHint,
  type Location,
  type SignatureHelp,
  type TextEdit,
  type WorkspaceEdit,
} from 'vscode-languageserver-protocol/node';
import type { EstimateReply, RunRequestReply } from '../../src/protocol';
import { build, type Client, start } from './client';

const example = readFileSync(fileURLToPath(new URL('../../media/examples/long-context.memplan', import.meta.url)), 'utf8');
const lineOf = (text: string, words: string) => text.slice(0, text.indexOf(words)).split('\n').length - 1;

describe('the built server over stdio', () => {
  let folder: string;
  let client: Client;
  const uriOf = (name: string) => `file://${join(folder, name)}`;
  let uri: string;

  beforeAll(async () => {
    build();
    folder = mkdtempSync(join(tmpdir(), 'memplan-'));
    writeFileSync(join(folder, 'corpus.txt'), 'text');
    client = await start(folder);
    uri = uriOf('a.memplan');
  });
  afterAll(async () => {
    client.process.kill();
    rmSync(folder, { recursive: true, force: true });
  });

  it('offers what an editor needs', () => {
    const { capabilities } = client.initialized;
    for (const one of [
      'completionProvider',
      'hoverProvider',
      'codeLensProvider',
      'renameProvider',
      'documentFormattingProvider',
      'foldingRangeProvider',
    ] as const) {
      expect(capabilities[one], one).toBeTruthy();
    }
  });

  it('says of the example that plan full exceeds the card, where and by how much', async () => {
    client.open(uri, example);
    const diagnostics = await client.diagnostics(uri, 1);
    const full = diagnostics.find(({ code, message }) => code === 'exceeds-memory' && message.includes('`full`'));
    expect(full?.source).toBe('memplan');
    const page = new URL(full?.codeDescription?.href ?? '');
    expect(readFileSync(fileURLToPath(page), 'utf8').split('\n')[Number(page.hash.slice(2)) - 1]).toBe('#### exceeds-memory');
    expect(full?.message).toMatch(/exceeds `card` by [\d.,]+ GiB/);
    expect(full?.message).toMatch(/The peak comes in the (forward pass|backward pass|optimizer step)/);
    expect(full?.message).toMatch(/the largest part is .+, [\d.,]+ GiB/);
    const line = full?.range.start.line ?? -1;
    expect(line).toBeGreaterThanOrEqual(lineOf(example, 'plan full'));
    expect(line).toBeLessThan(lineOf(example, 'plan longform'));
    expect(diagnostics.filter(({ code }) => !['exceeds-memory', 'require-failed'].includes(String(code)))).toEqual([]);
  });

  it('puts Estimate and Run on GPU above every plan, the estimate with its verdict', async () => {
    const lenses = await client.connection.sendRequest<CodeLens[]>('textDocument/codeLens', { textDocument: { uri } });
    for (const plan of ['full', 'longform', 'adapter']) {
      const own = lenses.filter(({ range }) => range.start.line === lineOf(example, `plan ${plan}`));
      const commands = ['memplan.estimate', 'memplan.runOnGpu', 'memplan.comparePlans'];
      expect(own.map(({ command }) => command?.command)).toEqual(commands);
      expect(own[0]?.command?.title).toMatch(/^Estimate: [\d.,]+ \w+( of [\d.,]+ \w+, fits|, over by [\d.,]+ \w+)$/);
      expect(own[1]?.command?.arguments).toEqual([{ uri, plan }]);
    }
  });

  it('tells above a plan what its last run proved, and when; a changed plan says so', async () => {
    const runTitle = async (of: string): Promise<string | undefined> => {
      const lenses = await client.connection.sendRequest<CodeLens[]>('textDocument/codeLens', { textDocument: { uri: of } });
      return lenses.find(({ command }) => command?.command === 'memplan.runOnGpu')?.command?.title;
    };
    const proved = uriOf('proved.memplan');
    const text =
      'model m from "gpt2"\ndevice d from "RTX 4090"\nplan p { model m  device d  sequence 1k  backward checkpoint }\n';
    client.open(proved, text);
    expect(await runTitle(proved)).toBe('Run on GPU');
    const reply = await client.connection.sendRequest<RunRequestReply>('memplan/runRequest', { uri: proved, plan: 'p' });
    if (!reply.ok) throw new Error(reply.message);
    const { fingerprint } = reply;
    const check = { technique: 'checkpoint', name: 'gradients', measured: 0, limit: 1, passed: true };
    const device = { adapter: 'Some GPU', software: false };
    const verdict = { uri: proved, plan: 'p', passed: 7, failed: 0, fingerprint, ...device, checks: [check] };
    await client.connection.sendNotification('memplan/verdict', { ...verdict, at: Date.now() - 3 * 3_600_000 });
    expect(await runTitle(proved)).toBe('Run on GPU: 7 checks passed, 3 h ago');
    const position = { line: 2, character: text.split('\n')[2]?.indexOf('checkpoint') ?? 0 };
    const hover = await client.connection.sendRequest<Hover>('textDocument/hover', { textDocument: { uri: proved }, position });
    expect(JSON.stringify(hover.contents)).toContain('1 check passed on this machine (Some GPU), 3 h ago');
    client.change(proved, 2, text.replace('1k', '2k'));
    expect(await runTitle(proved)).toBe('Run on GPU: 7 checks passed, 3 h ago, before the last changes');
    await client.connection.sendNotification('memplan/verdict', { ...verdict, failed: 2, at: Date.now() });
    expect(await runTitle(proved)).toMatch(/^Run on GPU: 2 of 9 checks failed, just now/);
    // What is no verdict changes nothing.
    await client.connection.sendNotification('memplan/verdict', { uri: 3 });
    expect(await runTitle(proved)).toMatch(/^Run on GPU: 2 of 9/);
  });

  it('takes what a run measured for times of its own engine on that card, and says so', async () => {
    const timed = uriOf('timed.memplan');
    const plan = (name: string, rest: string) => `plan ${name} { model m  sequence 1k  ${rest} }\n`;
    client.open(
      timed,
      [
        'model m from "meta-llama/Llama-3.2-1B"\ndevice d from "RTX 4090"\ndevice e from "H100"\n',
        plan('own', 'device d  engine webgpu'),
        plan('framework', 'device d'),
        plan('elsewhere', 'device e  engine webgpu'),
      ].join(''),
    );
    const estimates = async () => {
      const reply = await client.connection.sendRequest<EstimateReply>('memplan/estimate', { uri: timed });
      return reply.plans.map(({ estimate, fingerprint }) => ({ ...estimate?.time, fingerprint }));
    };
    const before = await estimates();
    expect(before.map(({ calibrated }) => calibrated)).toEqual([undefined, undefined, undefined]);
    const kernels = [{ name: 'matmul', class: 'products', calls: 1, seconds: 10, atPeaks: 1 }];
    const measured = (name: string, software: boolean) => ({
      adapter: { type: 'adapter', name, software },
      kernels: [{ type: 'kernels', label: 'p', peaks: { device: 'RTX 4090', flops: 1e12, bandwidth: 1e12 }, kernels }],
    });
    // Nothing that a driver, or anything malformed, says becomes a card's time.
    for (const params of [measured('RTX 4090', true), { adapter: 3 }, { adapter: {}, kernels: [{ kernels: [null] }] }])
      await client.connection.sendNotification('memplan/measured', params);
    expect(await estimates()).toEqual(before);
    await client.connection.sendNotification('memplan/measured', measured('NVIDIA GeForce RTX 4090', false));
    const [own, ...others] = await estimates();
    expect(own?.calibrated).toEqual({ adapter: 'NVIDIA GeForce RTX 4090', software: false });
    expect(own?.step).toBeGreaterThan(before[0]?.step ?? 0);
    // What ran is still what it was.
    expect(own?.fingerprint).toBe(before[0]?.fingerprint);
    expect(others).toEqual(before.slice(1));
    const hover = await client.connection.sendRequest<Hover>('textDocument/hover', {
      textDocument: { uri: timed },
      position: { line: 3, character: 6 },
    });
    expect(JSON.stringify(hover.contents)).toContain('calibrated on NVIDIA GeForce RTX 4090');
  });

  it('completes the techniques of a slot and only those', async () => {
    const line = lineOf(example, 'optimizer   galore');
    const at = { textDocument: { uri }, position: { line, character: 14 } };
    const { items } = await client.connection.sendRequest<CompletionList>('textDocument/completion', at);
    const labels = items.map(({ label }) => label);
    expect(labels).toContain('adamw8bit');
    expect(labels).not.toContain('streambp');
    expect(items.find(({ label }) => label === 'galore')?.documentation).toMatchObject({
      value: expect.stringContaining('arxiv.org'),
    });
    // Prices that took longer than an answer may come with the next question, and for the one item that is looked at.
    const unpriced = items.find(({ data }) => data) ?? items[0];
    const resolved = await client.connection.sendRequest<CompletionItem>('completionItem/resolve', unpriced);
    expect(resolved.detail).toMatch(/ time|excluded here/);
    for (;;) {
      const again = await client.connection.sendRequest<CompletionList>('textDocument/completion', at);
      if (again.isIncomplete) {
        await new Promise((resolve) => setTimeout(resolve, 50));
        continue;
      }
      expect(again.items.every(({ detail }) => /(no change|[+−]\d.*), (same|.*%) time|excluded here/.test(detail ?? ''))).toBe(
        true,
      );
      break;
    }
  });

  it('tells of a technique what it does to this plan', async () => {
    const line = lineOf(example, 'backward    checkpoint');
    const found = await client.connection.sendRequest<Hover>('textDocument/hover', {
      textDocument: { uri },
      position: { line, character: 16 },
    });
    expect(JSON.stringify(found.contents)).toMatch(/In plan `adapter` it takes [\d.,]+ GiB off the peak/);
  });

  it('estimates on request, with the place of every step of the waterfall', async () => {
    const reply = await client.connection.sendRequest<EstimateReply>('memplan/estimate', { uri });
    // A panel names the model and the card as people do.
    expect(reply.plans.at(-1)?.estimate).toMatchObject({ model: 'Llama-3.1-8B', device: 'RTX 4090' });
    expect(reply.version).toBe(1);
    expect(reply.plans.map(({ name }) => name)).toEqual(['full', 'longform', 'adapter']);
    for (const { estimate, places } of reply.plans) {
      if (!estimate) throw new Error('no estimate');
      expect(places).toHaveLength(estimate.waterfall.length);
      for (const [index, step] of estimate.waterfall.entries()) {
        expect(places[index]?.line).toBe(step.line);
        if (step.line) expect(example.split('\n')[step.line - 1]).toContain(step.label.split('(')[0]);
      }
    }
    const one = await client.connection.sendRequest<EstimateReply>('memplan/estimate', { uri, plan: 'adapter', timeline: true });
    expect(one.plans).toHaveLength(1);
    const { timeline, estimate } = one.plans[0] ?? {};
    expect(timeline?.op.length).toBeGreaterThan(10);
    expect(timeline?.changes).toHaveLength(timeline?.op.length ?? 0);
    expect(estimate?.timeline).toBeUndefined();
  });

  it('answers a run request with the plan and its proxy, or a sentence', async () => {
    const reply = await client.connection.sendRequest<RunRequestReply>('memplan/runRequest', { uri, plan: 'longform' });
    expect(reply).toMatchObject({
      ok: true,
      request: {
        type: 'run',
        plan: { name: 'longform' },
        run: { hidden: 256, steps: 20, seed: 7, data: join(folder, 'corpus.txt') },
      },
    });
    const none = await client.connection.sendRequest<RunRequestReply>('memplan/runRequest', { uri, plan: 'nobody' });
    expect(none).toMatchObject({ ok: false, message: expect.stringContaining('nobody') });
  });

  it('renames a plan everywhere, conditions and run blocks included', async () => {
    const line = lineOf(example, 'plan full');
    const edit = await client.connection.sendRequest<WorkspaceEdit>('textDocument/rename', {
      textDocument: { uri },
      position: { line, character: 6 },
      newName: 'base',
    });
    expect(edit.changes?.[uri]).toHaveLength(4);
    const places = await client.connection.sendRequest<Location[]>('textDocument/references', {
      textDocument: { uri },
      position: { line, character: 6 },
      context: { includeDeclaration: false },
    });
    expect(places).toHaveLength(3);
  });

  it('shows an outline, and leaves a well-formed file as it is', async () => {
    const symbols = await client.connection.sendRequest<DocumentSymbol[]>('textDocument/documentSymbol', {
      textDocument: { uri },
    });
    expect(symbols.map(({ name }) => name)).toEqual(['ctx', 'llama', 'card', 'full', 'longform', 'adapter', 'run longform']);
    const edits = await client.connection.sendRequest<TextEdit[]>('textDocument/formatting', {
      textDocument: { uri },
      options: { tabSize: 2, insertSpaces: true },
    });
    expect(edits).toEqual([]);
  });

  it('offers mends with their price, and searches for one when it is chosen', async () => {
    const line = lineOf(example, 'plan adapter');
    const range = { start: { line, character: 5 }, end: { line: line + 6, character: 0 } };
    const offered = (triggerKind: CodeActionTriggerKind) =>
      client.connection.sendRequest<CodeAction[]>('textDocument/codeAction', {
        textDocument: { uri },
        range,
        context: { diagnostics: [], triggerKind },
      });
    const glance = await offered(CodeActionTriggerKind.Automatic);
    expect(glance.some(({ title, edit }) => / time/.test(title) && edit)).toBe(true);
    const pending = glance.find(({ data }) => data?.how === 'sequence');
    const resolved = await client.connection.sendRequest<CodeAction>('codeAction/resolve', pending);
    const written = resolved.edit?.changes?.[uri]?.[0]?.newText;
    expect(written).toMatch(/sequence +\d+k?$/);
    // Who opens the list waits for the number itself.
    const asked = await offered(CodeActionTriggerKind.Invoked);
    const longest = asked.find(({ title }) => /^sequence \d+k?, the longest that fits: −[\d.]+ GiB, .*fits$/.test(title));
    expect(longest).toMatchObject({ isPreferred: true });
    expect(longest?.edit?.changes?.[uri]?.[0]?.newText).toBe(written);
  });

  it('puts numbers beside statements, and shows arguments', async () => {
    const range = { start: { line: 0, character: 0 }, end: { line: 100, character: 0 } };
    const hints = await client.connection.sendRequest<InlayHint[]>('textDocument/inlayHint', { textDocument: { uri }, range });
    expect(hints.filter(({ position }) => position.line === lineOf(example, 'backward    checkpoint'))).toHaveLength(1);
    const position = {
      line: lineOf(example, 'galore('),
      character: example.split('\n')[lineOf(example, 'galore(')]?.indexOf('rank'),
    };
    const help = await client.connection.sendRequest<SignatureHelp>('textDocument/signatureHelp', {
      textDocument: { uri },
      position,
    });
    expect(help.signatures[0]?.label).toMatch(/^galore\(/);
  });

  it('follows a storm of edits and ends at the last, never publishing backwards', async () => {
    const storm = uriOf('storm.memplan');
    client.open(storm, example);
    for (let version = 2; version <= 120; version++) client.change(storm, version, example.replace('32k', `${version}k`));
    const last = example.replace('32k', '0');
    client.change(storm, 121, last);
    const reply = client.connection.sendRequest<EstimateReply>('memplan/estimate', { uri: storm });
    const diagnostics = await client.diagnostics(storm, 121);
    expect(diagnostics.some(({ code }) => code === 'out-of-range')).toBe(true);
    expect((await reply).version).toBe(121);
    const versions = client.published.filter((one) => one.uri === storm).map(({ version }) => version ?? 0);
    expect(versions).toEqual(versions.toSorted((a, b) => a - b));
  });

  it('looks again at files that import a changed one, and at those that read a configuration', async () => {
    const base = 'model m from "gpt2"\ndevice d from "RTX 4090"\nplan p { model m device d sequence 1k }\n';
    client.open(uriOf('base.memplan'), base);
    client.open(uriOf('user.memplan'), 'import "base.memplan"\nplan q extends p { batch 2 }\n');
    expect(await client.diagnostics(uriOf('user.memplan'), 1)).toEqual([]);
    client.published.length = 0;
    client.change(uriOf('base.memplan'), 2, base.replace('sequence 1k', 'sequnce 1k'));
    const after = await client.diagnostics(uriOf('user.memplan'), 1);
    expect(after.map(({ code }) => code)).toEqual(['bad-import']);
    const reply = await client.connection.sendRequest<EstimateReply>('memplan/estimate', { uri: uriOf('user.memplan') });
    expect(reply.plans[0]?.problem).toContain('`p`');
  });

  it('looks again when a configuration or an imported file changes on disk', async () => {
    const config = join(folder, 'config.json');
    const write = (layers: number): void => {
      const sizes = { hidden_size: 64, num_attention_heads: 4, intermediate_size: 256, vocab_size: 1000 };
      writeFileSync(config, JSON.stringify({ model_type: 'llama', num_hidden_layers: layers, ...sizes }));
    };
    write(2);
    writeFileSync(join(folder, 'parts.memplan'), 'model m from "./config.json"\ndevice d from "RTX 4090"\n');
    const watching = uriOf('watching.memplan');
    client.open(watching, 'import "parts.memplan"\nplan p { model m device d sequence 1k }\n');
    const peak = async (): Promise<number | undefined> => {
      const reply = await client.connection.sendRequest<EstimateReply>('memplan/estimate', { uri: watching });
      return reply.plans[0]?.estimate?.peak.allocated;
    };
    const changed = (name: string) =>
      client.connection.sendNotification('workspace/didChangeWatchedFiles', { changes: [{ uri: uriOf(name), type: 2 }] });
    const two = await peak();
    write(4);
    await changed('config.json');
    const four = await peak();
    expect(two).toBeGreaterThan(0);
    expect(four).toBeGreaterThan(two ?? 0);
    writeFileSync(join(folder, 'parts.memplan'), 'model n from "./config.json"\ndevice d from "RTX 4090"\n');
    await changed('parts.memplan');
    // The plan's model is gone with it.
    expect(await peak()).toBeUndefined();
  });

  it('follows links inside the workspace, and none that lead out of it', async () => {
    const outside = mkdtempSync(join(tmpdir(), 'memplan-outside-'));
    writeFileSync(join(outside, 'secret.memplan'), 'let secret = 1\n');
    writeFileSync(join(folder, 'real.memplan'), 'let ctx = 4k\n');
    symlinkSync(join(outside, 'secret.memplan'), join(folder, 'leads-out.memplan'));
    symlinkSync(outside, join(folder, 'folder-out'));
    symlinkSync(join(folder, 'real.memplan'), join(folder, 'inside.memplan'));
    symlinkSync('itself.memplan', join(folder, 'itself.memplan'));
    const links = uriOf('links.memplan');
    const names = ['leads-out', 'folder-out/secret', 'inside', 'itself'];
    client.open(links, names.map((name) => `import "${name}.memplan"\n`).join(''));
    const found = await client.diagnostics(links, 1);
    expect(found.map(({ range, message }) => [range.start.line, message.split(': ')[1]])).toEqual([
      [0, 'it is a link that leads outside the workspace'],
      [1, 'it is a link that leads outside the workspace'],
      [3, 'it is a link to itself'],
    ]);
    rmSync(outside, { recursive: true });
  });

  it('renames in files that are not open', async () => {
    writeFileSync(join(folder, 'closed.memplan'), 'import "shared.memplan"\nlet y = shared-ctx * 2\n');
    writeFileSync(join(folder, 'shared.memplan'), 'let shared-ctx = 4k\n');
    client.open(uriOf('shared.memplan'), 'let shared-ctx = 4k\n');
    const params = { textDocument: { uri: uriOf('shared.memplan') }, position: { line: 0, character: 6 }, newName: 'ctx' };
    const edit = await client.connection.sendRequest<WorkspaceEdit>('textDocument/rename', params);
    expect(Object.keys(edit.changes ?? {}).toSorted()).toEqual([uriOf('closed.memplan'), uriOf('shared.memplan')]);
  });

  it('reads no file outside the workspace', async () => {
    const outside = uriOf('outside.memplan');
    client.open(outside, 'model m from "../../../etc/config.json"\nmodel n from "/etc/passwd.json"\nimport "../x.memplan"\n');
    const messages = (await client.diagnostics(outside, 1)).map(({ message }) => message).join('\n');
    expect(messages).toContain('it lies outside the workspace');
    expect(messages).toContain('a path relative to this file is wanted');
  });

  it('ends when it is told to', async () => {
    const other = await start(folder);
    expect(await other.stop()).toBe(0);
  });
});
