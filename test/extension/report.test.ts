import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { reportText, scrub } from '../../src/extension/report';
import { toolInput } from '../../src/extension/tool-input';
import { events, full } from '../webview/canned';

const parts = {
  versions: [['Memplan', '0.1.0']] as const,
  settings: [
    ['memplan.runner.nodePath', '/srv/secret/node'],
    ['memplan.runner.timeout', 30],
  ] as const,
  events: [
    ...events,
    { type: 'error' as const, code: 'crashed', message: 'At /srv/secret/project/run.js:3 and C:\\Users\\ada\\plan.' },
  ],
  plan: {
    estimate: full,
    ledger: [
      {
        category: 'weights' as const,
        name: 'layer.weight',
        shape: [4096, 4096],
        dtype: 'bf16' as const,
        count: 32,
        each: 2 ** 25,
        bytes: 2 ** 30,
        op: 'matmul',
        source: 'parameters',
      },
    ],
    holds: ['PyTorch 2.8'],
  },
  private: ['/srv/secret/project', '/srv/secret'],
};

describe('the report', () => {
  const text = reportText(parts);

  it('has the versions, the adapter, the checks and the ledger', () => {
    const adapter = events.find((event) => event.type === 'adapter');
    const check = events.find((event) => event.type === 'check');
    for (const words of [
      '| Memplan | 0.1.0 |',
      adapter?.name,
      check?.name,
      'layer.weight × 32',
      String(2 ** 30),
      'PyTorch 2.8',
      full.model,
    ])
      expect(text).toContain(words);
    expect(text).toContain('| memplan.runner.timeout | 30 |');
  });

  it('says that a path is set, and not which', () => {
    expect(text).toContain('| memplan.runner.nodePath | set |');
    expect(text).not.toMatch(/secret|ada|Users/);
  });

  it('says so where nothing has run and there is no plan', () => {
    const bare = reportText({ versions: [], settings: [], events: [], private: [] });
    expect(bare).toContain('Nothing has run.');
    expect(bare).toContain('No plan without errors.');
  });

  it('names no folder, however it is spelled', () => {
    const name = fc.stringMatching(/^[a-z][a-z0-9_-]{2,12}$/);
    const before = fc.constantFrom('', ' ', '(', '`', "'", 'at ', 'file://');
    fc.assert(
      fc.property(fc.array(name, { minLength: 2, maxLength: 6 }), before, (folders, start) => {
        const path = `${start}/${folders.map((one) => `${one}XX`).join('/')}`;
        expect(scrub(`It failed ${path}: no`, [])).not.toContain('XX');
        const windows = `${start}C:\\${folders.map((one) => `${one}XX`).join('\\')}`;
        expect(scrub(`It failed ${windows}: no`, [])).not.toContain('XX');
      }),
    );
  });

  it('keeps what is no path', () => {
    const words = '4096 × 4096, 3/4 of it, bf16; 12 GiB/s and/or 5 %';
    expect(scrub(words, [])).toBe(words);
  });
});

describe('what an assistant asks for', () => {
  it('is a file of the workspace, or a text', () => {
    expect(toolInput({ file: 'plans/a.memplan', plan: 'full' })).toEqual({ file: 'plans/a.memplan', plan: 'full' });
    expect(toolInput({ text: 'plan a {}' })).toEqual({ text: 'plan a {}' });
    expect(toolInput(null)).toEqual({});
  });

  it.each([
    '../a.memplan',
    'a/../../b.memplan',
    '/etc/a.memplan',
    'C:\\a.memplan',
    'file:///a.memplan',
    '\\\\host\\a.memplan',
    'passwd',
  ])('%s is refused', (file) => expect(() => toolInput({ file })).toThrow(/`file`/));

  it('whatever it is, leads to no path outside', () => {
    fc.assert(
      fc.property(fc.anything(), fc.string(), (value, file) => {
        for (const asked of [value, { file }, { file: `${file}.memplan` }]) {
          let input: ReturnType<typeof toolInput>;
          try {
            input = toolInput(asked);
          } catch {
            continue;
          }
          expect(input.file?.split('/') ?? []).not.toContain('..');
          expect(input.file ?? 'a').not.toMatch(/^\//);
        }
      }),
      { numRuns: 3000 },
    );
  });
});
