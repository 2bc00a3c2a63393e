import { describe, expect, it } from 'vitest';
import { follow } from '../../src/cli/follow';
import type { Io } from '../../src/cli/io';
import type { RunEvent } from '../../src/protocol';

function memory(interactive = false, controller = new AbortController()) {
  const texts = { out: '', err: '' };
  const style = { width: 100, color: false, unicode: true };
  const io: Io = {
    out: (text) => {
      texts.out += text;
    },
    err: (text) => {
      texts.err += text;
    },
    style,
    errorStyle: style,
    interactive,
    signal: controller.signal,
  };
  return { io, texts };
}

async function* play(events: readonly RunEvent[]): AsyncGenerator<RunEvent> {
  yield* events;
}

const adapter: RunEvent = {
  type: 'adapter',
  name: 'SwiftShader',
  vendor: 'google',
  architecture: '',
  software: true,
  features: [],
};
const check = (passed: boolean): RunEvent => ({
  type: 'check',
  technique: 'streambp',
  name: 'gradients of every parameter',
  measured: passed ? 3e-7 : 3e-4,
  limit: 1e-5,
  passed,
  why: 'float32 rounding',
});
const bytes = (measured: number): RunEvent => ({ type: 'memory', label: 'longform', predicted: 1000, measured });

describe('a run, followed to its end', () => {
  it('says what was proved, and holds', async () => {
    const { io, texts } = memory();
    const events = [adapter, check(true), bytes(1000), { type: 'summary', passed: 2, failed: 0 } as const];
    expect(await follow(play(events), io, false)).toBe(0);
    expect(texts.out).toContain('✓ streambp  one check holds, at most 3 % of the limit used');
    expect(texts.out).toContain('Proved on SwiftShader (software, no GPU)');
    expect(texts.out).toContain('equal to the byte');
    expect(texts.out.trimEnd().split('\n').at(-1)).toBe('2 passed, 0 failed');
  });

  it('fails with a failed check, and never says that it was proved', async () => {
    const { io, texts } = memory();
    expect(await follow(play([adapter, check(false), { type: 'summary', passed: 0, failed: 1 }]), io, false)).toBe(1);
    expect(texts.out).toContain('✗ streambp  not proved: gradients of every parameter');
    expect(texts.out).not.toContain('✓ streambp');
  });

  it('fails where nothing was checked', async () => {
    expect(await follow(play([adapter, { type: 'summary', passed: 0, failed: 0 }]), memory().io, false)).toBe(1);
  });

  it('fails with an error in one sentence', async () => {
    const { io, texts } = memory();
    expect(await follow(play([{ type: 'error', code: 'no-adapter', message: 'No GPU was found.' }]), io, false)).toBe(1);
    expect(texts.err).toContain('memplan: No GPU was found. (no-adapter)');
  });

  it('prints one JSON object a line, the last a summary even where the runner died', async () => {
    const { io, texts } = memory();
    expect(await follow(play([adapter, check(true), bytes(1001)]), io, true)).toBe(1);
    const lines = texts.out
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as RunEvent);
    expect(lines.slice(0, 3)).toEqual([adapter, check(true), bytes(1001)]);
    expect(lines.at(-1)).toEqual({ type: 'summary', passed: 1, failed: 1 });
  });

  it('tells an interrupt from a failure', async () => {
    const controller = new AbortController();
    const { io } = memory(false, controller);
    controller.abort();
    expect(await follow(play([adapter]), io, false)).toBe(130);
  });

  it('names each stage once in a log, and writes over one line on a terminal', async () => {
    const steps = [1, 2, 3].map((done): RunEvent => ({ type: 'progress', stage: 'training', done, total: 3 }));
    const log = memory();
    await follow(play(steps), log.io, false);
    expect(log.texts.err).toBe('  training\n');
    const terminal = memory(true);
    await follow(play(steps), terminal.io, false);
    expect(terminal.texts.err).not.toContain('\n');
    expect(terminal.texts.err.split('\r').at(-1)).toBe('\u001b[2K');
    expect(terminal.texts.err).toContain('training 2/3');
  });
});
