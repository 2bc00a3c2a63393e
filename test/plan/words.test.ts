import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  formatBytes,
  formatBytesExact,
  formatChange,
  formatCount,
  formatPace,
  formatShare,
  formatShort,
  formatTime,
  formatTokens,
} from '../../src/plan/format';
import { distance, nearest } from '../../src/plan/nearest';

describe('numbers as text', () => {
  it.each([
    [0, '0 B'],
    [1023, '1023 B'],
    [1024, '1.0 KiB'],
    [25769803776, '24.0 GiB'],
    [1024 ** 3 - 1, '1.0 GiB'],
    [-3.25 * 1024 ** 3, '−3.3 GiB'],
    [5 * 1024 ** 4, '5.0 TiB'],
    [4096 * 1024 ** 4, '4096.0 TiB'],
  ])('%d bytes are %s', (bytes, text) => expect(formatBytes(bytes)).toBe(text));

  it('never prints 1024 of a unit that has a larger one', () => {
    fc.assert(fc.property(fc.integer({ min: 0, max: 2 ** 49 }), (bytes) => Number.parseFloat(formatBytes(bytes)) < 1024));
  });

  it('is within half of the last digit', () => {
    const units: { [unit: string]: number } = { B: 1, KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30, TiB: 2 ** 40 };
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2 ** 49 }), (bytes) => {
        const [value = '', unit = ''] = formatBytes(bytes).split(' ');
        const scale = units[unit] ?? Number.NaN;
        expect(Math.abs(Number(value) * scale - bytes)).toBeLessThanOrEqual(0.0500001 * scale);
      }),
    );
  });

  it('writes exact bytes, counts, shares, tokens', () => {
    expect(formatBytesExact(25769803776)).toBe('25,769,803,776 bytes (24.0 GiB)');
    expect(formatBytesExact(1)).toBe('1 byte');
    expect(formatCount(128256)).toBe('128,256');
    expect(formatCount(-1234.5)).toBe('−1,234.5');
    expect(formatShort(8030261248)).toBe('8.03 B');
    expect(formatShort(999999)).toBe('1 M');
    expect(formatShort(999)).toBe('999');
    expect(formatTokens(32768)).toBe('32k');
    expect(formatTokens(32000)).toBe('32,000');
    expect(formatShare(1, 3)).toBe('33 %');
    expect(formatShare(1, 1000)).toBe('< 1 %');
    expect(formatShare(0, 0)).toBe('0 %');
  });

  it('says what a change adds, and that there is none', () => {
    expect([-3 * 1024 ** 3, 512, 0].map(formatChange)).toEqual(['−3.0 GiB', '+512 B', 'no change']);
    expect([1.061, 0.98, 1.004, 0.996, 11].map(formatPace)).toEqual([
      '+6 % time',
      '−2 % time',
      'same time',
      'same time',
      '+1,000 % time',
    ]);
  });

  it.each([
    [0, '0 s'],
    [0.0000123, '12.3 µs'],
    [0.0123, '12.3 ms'],
    [0.9999, '1.00 s'],
    [1.476, '1.48 s'],
    [59.99, '1 min 00 s'],
    [125, '2 min 05 s'],
    [12000, '3 h 20 min'],
    [-1e-9, '0 s'],
  ])('%d s is %s', (seconds, text) => expect(formatTime(seconds)).toBe(text));
});

describe('the nearest word', () => {
  it.each([
    ['galroe', ['galore', 'adamw', 'lomo'], 'galore'],
    ['streambq', ['standard', 'checkpoint', 'streambp'], 'streambp'],
    ['RTX 409', ['RTX 3090', 'RTX 4090', 'A100'], 'RTX 4090'],
    ['sequense', ['batch', 'sequence'], 'sequence'],
    ['cut', ['cross-entropy', 'cut-cross-entropy'], 'cut-cross-entropy'],
    ['ADAMW', ['adamw8bit', 'adamw'], 'adamw'],
  ])('%s of %j is %s', (word, choices, expected) => expect(nearest(word, choices)).toBe(expected));

  it.each([
    ['', ['adamw']],
    ['zzz', ['adamw', 'galore']],
    ['x', ['y']],
    ['x'.repeat(100_000), ['adamw']],
  ])('%.20s is near nothing', (word, choices) => expect(nearest(word, choices)).toBeUndefined());

  it('finds any word after one edit', () => {
    const words = ['galore', 'streambp', 'checkpoint', 'sequence', 'activations', 'cross-entropy'];
    fc.assert(
      fc.property(fc.constantFrom(...words), fc.nat(), fc.constantFrom('a', 'z', '-'), (word, at, letter) => {
        const place = at % word.length;
        expect(nearest(word.slice(0, place) + letter + word.slice(place + 1), words)).toBe(word);
        expect(nearest(word.slice(0, place) + word.slice(place + 1), words)).toBe(word);
      }),
    );
  });

  it('measures a distance: symmetric, zero only for the same word, no more than the longer word', () => {
    const word = fc.string({ maxLength: 12 });
    fc.assert(
      fc.property(word, word, (a, b) => {
        expect(distance(a, b)).toBe(distance(b, a));
        expect(distance(a, b) === 0).toBe(a === b);
        expect(distance(a, b)).toBeLessThanOrEqual(Math.max(a.length, b.length));
      }),
    );
  });
});
