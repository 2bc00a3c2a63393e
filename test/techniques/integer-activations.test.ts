/**
 * Integer activations against ActNN's bits (Chen et al., arXiv:2104.14129): 2.125 bits an element at 2 bits and groups of 256; and
 * Mesa's share (Pan et al., arXiv:2111.11124): 8 bits in place of 16 save up to 50 %.
 */
import { describe, expect, it } from 'vitest';
import { Trace } from '../../src/tape/trace';
import { packInteger } from '../../src/techniques/int8/memory';
import { mostOf, peak, persistent, plan, small, use } from './bytes';

describe('int8, int4 and int2 activations', () => {
  it('take 8.125, 4.125 and 2.125 bits an element', () => {
    for (const bits of [8, 4, 2] as const) {
      const trace = new Trace();
      const saved = trace.tensor('x', [1024, 4096], 'bf16', 'activations');
      trace.op({ op: 'x', writes: [saved] });
      const codes = packInteger(trace, saved, bits, 256)?.codes ?? [];
      const bytes = codes.reduce((sum, tensor) => sum + tensor.bytes, 0);
      expect((8 * bytes) / (1024 * 4096)).toBe(bits + 0.125);
    }
  });

  it('shrink the peak with their bits, and grow with finer groups', () => {
    const of = (name: string, group = 256) => peak(plan({ activations: use(name, { group }) }, { batch: 4, sequence: 512 }));
    const bytes = [peak(plan({}, { batch: 4, sequence: 512 })), of('int8'), of('int4'), of('int2')];
    expect([...bytes].sort((a, b) => b - a)).toEqual(bytes);
    expect(of('int4', 32)).toBeGreaterThan(of('int4', 256));
    expect(of('int2', 32)).toBeGreaterThan(of('int2', 256));
  });

  it('keep half of what a layer keeps in 16 bits, but for the groups: up to 50 % less in 8 bits', () => {
    const kept = (activations: string) => {
      const of = (layers: number) =>
        mostOf(plan({ activations, optimizer: 'none' }, { model: { ...small, layers }, batch: 4 }), /./, ['forward']) -
        persistent(plan({ optimizer: 'none' }, { model: { ...small, layers } })).weights;
      return of(6) - of(4);
    };
    const saved = 1 - kept('int8') / kept('exact');
    expect(saved).toBeGreaterThan(0.4);
  });

  it('halve the codes from one to the next', () => {
    const codes = (name: string) => mostOf(plan({ activations: name }), /codes$/);
    expect(codes('int8')).toBe(2 * codes('int4'));
    expect(codes('int4')).toBe(2 * codes('int2'));
  });
});
