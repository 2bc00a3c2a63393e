import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ReportedPlan } from '../../language/server/report';
import { bar, cells, cellsOf, stack } from '../../src/cli/paint/bars';
import { paintPlan, paintSweep, waterfall } from '../../src/cli/paint/estimate';
import { paintFit } from '../../src/cli/paint/fit';
import { paintKernels } from '../../src/cli/paint/kernels';
import { measure, paintAdapter, paintChecks, paintLoss, paintMemory, paintSummary } from '../../src/cli/paint/run';
import { paintSavings } from '../../src/cli/paint/savings';
import { sparkline } from '../../src/cli/paint/spark';
import { ascii, columns, printable, render, type Style, styleOf, wrap } from '../../src/cli/paint/style';
import type { FitPoint } from '../../src/planner/fit';
import type { Bytes } from '../../src/planner/types';

const GiB = 1024 ** 3;
const plain: Style = { width: 100, color: false, unicode: true };
const colored: Style = { ...plain, color: true };
const bytes = (weights: number, activations: number): Bytes => ({
  weights: weights * GiB,
  gradients: 0,
  optimizer: 0,
  activations: activations * GiB,
  logits: 0,
  temporary: 0,
});

const report: ReportedPlan = {
  name: 'longform',
  model: 'llama',
  device: 'card',
  capacity: 24 * GiB,
  usable: 23 * GiB,
  peak: { allocated: 16 * GiB, reserved: 17 * GiB, device: 18 * GiB, range: [17 * GiB, 19 * GiB] },
  fits: true,
  fit: 'fits',
  peakAt: { phase: 'backward', layer: 31, op: 'mlp.down' },
  instants: [],
  categories: bytes(10, 6),
  waterfall: [
    { label: 'plain', slot: 'plain', before: 0, after: 42 * GiB, categories: bytes(10, 32), time: 1 },
    { label: 'streambp(chunk: 2k)', slot: 'backward', before: 42 * GiB, after: 16 * GiB, categories: bytes(10, 6), time: 1.2 },
  ],
  time: { step: 1.2, tokensPerSecond: 27306 },
  parameters: { total: 8030261248, trainable: 8030261248 },
  answers: [{ line: 26, find: 'max sequence', value: 49152, unit: 'tokens' }],
  comparisons: [
    {
      line: 28,
      to: 'full',
      allocated: 16 * GiB,
      otherAllocated: 20 * GiB,
      step: 1.2,
      otherStep: 1,
      tokensPerSecond: 1000,
      otherTokensPerSecond: 1200,
    },
    // A step of three times as many tokens.
    {
      line: 29,
      to: 'short',
      allocated: 16 * GiB,
      otherAllocated: 8 * GiB,
      step: 1.2,
      otherStep: 0.5,
      tokensPerSecond: 1000,
      otherTokensPerSecond: 800,
    },
  ],
  sweeps: [
    {
      line: 27,
      key: 'sequence',
      unit: 'tokens',
      points: [
        { value: 4096, allocated: 8 * GiB, fits: true },
        { value: 65536, allocated: 46 * GiB, fits: false },
      ],
    },
  ],
};

describe('an estimate in a terminal', () => {
  const text = render(plain, paintPlan(plain, report));

  it('says the verdict, the margin, the moment and the time', () => {
    expect(text).toContain('✓ fits: 18.0 GiB of 23.0 GiB, 5.0 GiB to spare');
    expect(text).toContain('peak in backward of layer 31, mlp.down; 1.20 s a step, 27,306 tokens/s');
    expect(text).toContain('8.03 B parameters');
    expect(text).toContain('with the context 18.0 GiB (from 17.0 GiB to 19.0 GiB)');
    expect(render(plain, paintPlan(plain, { ...report, fit: 'tight' }))).toContain('✓ tight: 18.0 GiB of 23.0 GiB');
    const large: ReportedPlan = { ...report, fits: false, fit: 'exceeds', peak: { ...report.peak, device: 30 * GiB } };
    expect(render(plain, paintPlan(plain, large))).toContain(
      '✗ does not fit: 30.0 GiB where 23.0 GiB are usable, 7.0 GiB too much',
    );
  });

  it('draws each step to scale, with what it saved and the limit through all rows', () => {
    const [limit = '', first = '', second = '', result = ''] = waterfall(plain, report);
    const at = limit.indexOf('┃');
    expect(limit).toContain('23.0 GiB usable');
    for (const row of [first, second, result]) expect(row.indexOf('┃')).toBe(at);
    const count = (row: string, character: string) => [...row].filter((one) => one === character).length;
    // The limit's mark stands on one cell of the long bar and on none of the short one.
    const scale = (count(first, '█') + count(first, '▓') + 1) / 42;
    expect(count(second, '█') + count(second, '▓')).toBeCloseTo(16 * scale, -0.5);
    expect(count(second, '·')).toBeGreaterThan(20 * scale);
    expect(second).toContain('16.0 GiB');
    expect(second).toContain('−26.0 GiB');
    // What the card must hold: tensors, and the allocator's slack and the context behind them.
    expect(result).toContain('longform');
    expect(result).toContain('─');
    expect(result).toContain('18.0 GiB');
  });

  it('answers find and sweep', () => {
    expect(text).toContain('line 26: find max sequence → 48k (49,152 tokens)');
    expect(text).toContain('line 28: against full: 4.0 GiB less, 20 % slower\n');
    expect(text).toContain('line 29: against short: 8.0 GiB more, 20 % faster a token\n');
    expect(text).toMatch(/ 4k .* 8\.0 GiB ✓/);
    expect(text).toMatch(/64k .* 46\.0 GiB ✗/);
    const none = { ...report, answers: [{ line: 3, find: 'max batch', value: null }] };
    expect(render(plain, paintPlan(plain, none))).toContain('find max batch → no value fits');
  });

  it('stays within the terminal, at any width, in colour or not', () => {
    for (const width of [60, 80, 100, 140]) {
      for (const color of [true, false]) {
        for (const line of paintPlan({ width, color, unicode: true }, report))
          expect(columns(line.trimEnd())).toBeLessThanOrEqual(width);
      }
    }
  });

  it('is the same text in colour', () => {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: colours are what is taken away
    expect(render(colored, paintPlan(colored, report)).replace(/\u001b\[\d+m/g, '')).toBe(text);
    expect(render(colored, paintPlan(colored, report))).not.toBe(text);
  });

  it('has an ASCII form of the same length', () => {
    const narrow = render({ ...plain, unicode: false }, paintPlan(plain, report));
    expect(narrow).toMatch(/^[\n -~]*$/);
    expect(narrow).not.toContain('?');
    expect(narrow.split('\n').length).toBe(text.split('\n').length);
  });
});

describe('bars', () => {
  it('give every part its cells, and add up', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(1e9), { minLength: 1, maxLength: 8 }), fc.integer({ min: 0, max: 120 }), (parts, total) => {
        const sum = parts.reduce((a, b) => a + b, 0);
        const sizes = cells(parts, total);
        expect(sizes.reduce((a, b) => a + b, 0)).toBe(sum === 0 ? 0 : total);
        sizes.forEach((size, index) => {
          expect(Math.abs(size - (sum === 0 ? 0 : ((parts[index] ?? 0) / sum) * total))).toBeLessThan(1);
        });
      }),
    );
  });

  it('show what is small, and never more than the width', () => {
    expect(cellsOf(1, 1e12, 50)).toBe(1);
    expect(cellsOf(0, 1e12, 50)).toBe(0);
    expect(cellsOf(2e12, 1e12, 50)).toBe(50);
    expect(columns(bar(plain, stack(bytes(3, 90)), 100 * GiB, 40, 99 * GiB, 50 * GiB))).toBe(40);
  });

  it('draw a sweep on one scale', () => {
    const [, small = '', large = ''] = paintSweep(plain, report.sweeps?.[0] as never, 23 * GiB);
    const filled = (row: string) => [...row].filter((one) => one === '█').length;
    expect(filled(large) / filled(small)).toBeCloseTo(46 / 8, 0);
  });
});

describe('a run in a terminal', () => {
  const check = {
    type: 'check',
    technique: 'streambp',
    name: 'gradients',
    measured: 3.1e-7,
    limit: 1e-5,
    passed: true,
    why: 'f32',
  } as const;

  it('puts the measured value beside its limit, and says why a limit was missed', () => {
    expect(paintChecks(plain, [check])).toEqual(['Checks', '  streambp', '    ✓ 3.10e-7 < 1.00e-5  gradients']);
    const failed = render(plain, paintChecks(plain, [{ ...check, measured: 2e-5, passed: false }]));
    expect(failed).toContain('✗ 2.00e-5 > 1.00e-5  gradients');
    expect(failed).toContain('f32');
  });

  it('groups checks by technique, in columns, and names the unit once', () => {
    const other = { ...check, technique: 'int8', name: 'mean of x̂', measured: 1.84, limit: 4, unit: 'standard errors' };
    expect(paintChecks(plain, [check, other, { ...check, name: 'loss', measured: 0, limit: 0 }])).toEqual([
      'Checks',
      '  streambp',
      '    ✓ 3.10e-7 < 1.00e-5  gradients',
      '    ✓       0 = 0        loss',
      '  int8',
      '    ✓    1.84 < 4        mean of x̂ (standard errors)',
    ]);
    expect(ascii('mean of x̂ · µ')).toBe('mean of x . u');
  });

  it('compares bytes to the byte', () => {
    const memory = (measured: number) =>
      render(plain, paintMemory(plain, [{ type: 'memory', label: 'plan', predicted: 1_000_000, measured }]));
    expect(memory(1_000_000)).toContain('equal to the byte');
    expect(memory(1_000_001)).toContain('1 bytes apart');
  });

  it('says of a software driver that it is one', () => {
    const adapter = {
      type: 'adapter' as const,
      name: 'SwiftShader',
      vendor: 'google',
      architecture: '',
      features: [] as string[],
    };
    expect(render(plain, paintAdapter(plain, { ...adapter, software: true }))).toContain('no GPU');
    expect(render(plain, paintAdapter(plain, { ...adapter, software: false }))).not.toContain('no GPU');
  });

  it('names the kernels that take longest, with their share and runs, and how they were timed', () => {
    const times = [3, 1.5, 0.4, 0.05, 0.02, 0.01, 0.01, 0.005, 0.003, 0.002];
    const kernels = times.map((seconds, index) => {
      return { name: `kernel${index}`, class: 'elementwise' as const, calls: index === 1 ? 4.25 : 12, seconds, atPeaks: 0 };
    });
    const peaks = { device: 'card', flops: 1, bandwidth: 1 };
    expect(paintKernels(plain, [{ type: 'kernels', label: 'p', method: 'timestamps', peaks, kernels }])).toEqual([
      "Kernels of p, 5.00 s a step, by the adapter's clock",
      '  kernel0    3.00 s   60 %   12 ×',
      '  kernel1    1.50 s   30 %  4.3 ×',
      '  kernel2    400 ms    8 %   12 ×',
      '  kernel3   50.0 ms    1 %   12 ×',
      '  kernel4   20.0 ms  < 1 %   12 ×',
      '  kernel5   10.0 ms  < 1 %   12 ×',
      '  kernel6   10.0 ms  < 1 %   12 ×',
      '  kernel7   5.00 ms  < 1 %   12 ×',
      '  2 others  5.00 ms  < 1 %',
    ]);
  });

  it('says what each technique changed, and where the count is another', () => {
    const at = (predicted: number, counted: number) => ({ predicted, counted, buffers: 2 * counted });
    const list = [
      { type: 'saving', technique: 'galore', before: at(3_000_000, 3_000_000), after: at(1_000_000, 1_000_000) },
      { type: 'saving', technique: 'int8', before: at(1_000_000, 1_000_000), after: at(1_000_512, 1_000_768) },
    ] as const;
    expect(paintSavings(plain, list)).toEqual([
      'Techniques   predicted     counted     buffers  change of the peak in bytes, one after the other',
      '  galore    −2,000,000  −2,000,000  −4,000,000  equal to the byte',
      '  int8            +512        +768      +1,536  differs',
    ]);
  });

  it('draws the loss from its first value to its last', () => {
    const losses = [5.5, 4, 3, 2.5].map((loss, step) => ({ type: 'loss', label: 'longform', step, loss }) as const);
    expect(render(plain, paintLoss(plain, losses))).toContain('longform  5.500 █▅▂▁ 2.500');
    expect(sparkline([1, Number.NaN, 1], 10)).toBe('▁ ▁');
    expect(sparkline([], 10)).toBe('');
    expect(sparkline([1, 2, 3, 4, 5, 6], 3)).toHaveLength(3);
  });

  it('counts nothing proved as no success', () => {
    expect(paintSummary(colored, { type: 'summary', passed: 0, failed: 0 }).join()).toContain('\u001b[31m');
    expect(paintSummary(colored, { type: 'summary', passed: 3, failed: 0 }).join()).toContain('\u001b[32m3 passed, 0 failed');
  });

  it.each([
    [0, undefined, '0'],
    [1e-5, undefined, '1.00e-5'],
    [0.5, undefined, '0.5'],
    [1234567, 'bytes', '1,234,567'],
    [2.71929, 'standard errors', '2.72 standard errors'],
  ])('measures %d %s as %s', (value, unit, text) => expect(measure(value, unit)).toBe(text));
});

describe('ways to make a plan fit', () => {
  const point = (device: number, step: number, exact: boolean, edits: string[]): FitPoint => ({
    plan: {} as never,
    exact,
    estimate: { ...report, peak: { ...report.peak, device: device * GiB }, time: { step, tokensPerSecond: 1 } },
    edits: edits.map((to) => ({ slot: 'loss', from: null, to, change: {} as never, exact, bytes: -GiB, seconds: -1e-17 })),
  });
  const found = { considered: 1728, floor: null };
  const shown = (before: typeof report, points: FitPoint[]) => render(plain, paintFit(plain, before, { ...found, points }));

  it('are shown once where they differ by next to nothing: exact ones, and the fewest changes', () => {
    const text = shown(report, [
      point(10, 1, true, ['a', 'b']),
      point(10.1, 1, true, ['c']),
      point(8, 1.1, true, ['d']),
      point(10.05, 1.01, false, ['e']),
    ]);
    expect(text).toContain('longform: fits as it stands, 18.0 GiB of 23.0 GiB, 1.20 s a step');
    expect(text).toContain('of 1,728 compatible plans');
    expect(text).toMatch(/loss c: −1\.0 GiB, same time\n/);
    expect(text).toContain('loss d');
    for (const other of ['loss a', 'loss b', 'loss e']) expect(text).not.toContain(other);
    expect(text).toContain('2 more are within 2 % of one of these; --json has them all');
    expect(shown({ ...report, fits: false }, [point(10, 1, true, ['a'])])).toContain('18.0 GiB where 23.0 GiB are usable');
  });

  it('name the parts of the least, where none fits, in words', () => {
    const floor = { plan: {} as never, edits: [], peak: 30 * GiB, categories: bytes(20, 10) };
    const text = render(plain, paintFit(plain, report, { considered: 1728, points: [], floor }));
    expect(text).toContain('nothing fits: of 1,728 compatible plans the smallest needs 30.0 GiB of tensors alone');
    expect(text).toContain('made of weights, 20.0 GiB; activations kept for backward, 10.0 GiB');
  });
});

describe('what a terminal can show', () => {
  const style = (env: { [name: string]: string }, isTTY = true) => styleOf({ isTTY, columns: 120, env });
  it('has colour on a terminal, never against NO_COLOR, in a pipe only when forced', () => {
    expect(style({}).color).toBe(true);
    expect(style({ NO_COLOR: '1' }).color).toBe(false);
    expect(style({ NO_COLOR: '' }).color).toBe(true);
    expect(style({ TERM: 'dumb' }).color).toBe(false);
    expect(style({}, false).color).toBe(false);
    expect(style({ FORCE_COLOR: '1' }, false).color).toBe(true);
    expect(style({ FORCE_COLOR: '1', NO_COLOR: '1' }, false).color).toBe(false);
  });
  it('falls back to ASCII where the locale has nothing else', () => {
    expect(style({ LANG: 'en_US.UTF-8' }).unicode).toBe(true);
    expect(style({ LANG: 'C' }).unicode).toBe(false);
    expect(style({ LC_ALL: 'POSIX', LANG: 'en_US.UTF-8' }).unicode).toBe(false);
    expect(style({}).unicode).toBe(true);
  });
  it('knows its width', () => {
    expect(style({}).width).toBe(120);
    expect(style({}, false).width).toBe(100);
    expect(style({ COLUMNS: '70' }, false).width).toBe(70);
    expect(styleOf({ isTTY: true, columns: 20, env: {} }).width).toBe(60);
  });
  it('lets no file steer the terminal', () => {
    expect(printable('a\u001b[31mb\u0007\nc')).toBe('a [31mb c');
    expect(ascii('日本')).toBe('??');
  });
  it('wraps words', () => expect(wrap('one two three', 7, '  ')).toEqual(['one two', '  three']));
});
