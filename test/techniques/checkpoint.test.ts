/**
 * Checkpoints against Chen et al. (arXiv:1604.06174): one input a segment, so 2 · √layers in place of layers. Selective recomputation against Korthikanti et al. (arXiv:2205.05198, Table 2): the 5·a·s²·b bytes of a layer go, 34·s·b·h stay.
 */
import { describe, expect, it } from 'vitest';
import { completeModel } from '../../src/plan/families';
import type { Use } from '../../src/plan/types';
import type { Phase } from '../../src/planner/types';
import { simulate } from '../../src/tape/simulate';
import { refusalsOf, warningsOf } from '../../src/techniques/compatibility';
import { tapeOf } from '../../src/techniques/recipe-of';
import { highest, mostOf, ops, peak, persistent, plan, small, use } from './bytes';

const gpt = (layers: number) =>
  completeModel('gpt', { family: 'gpt2', layers, hidden: 64, heads: 4, vocab: 97, positions: 4096 });
const selective = { attention: 'eager', backward: use('checkpoint', { selective: true }) };

/** What one layer keeps, less its parameters and states. */
function layer(stated: Parameters<typeof plan>[0], sequence: number): number {
  const of = (layers: number) => {
    const one = plan({ ...stated, optimizer: 'none', precision: 'fp16' }, { model: gpt(layers), batch: 1, sequence });
    return highest(one, 'forward') - persistent(one).weights;
  };
  return of(5) - of(4);
}

describe('checkpoint', () => {
  it('selective, keeps nothing that grows with the square of the sequence', () => {
    const second = (stated: Parameters<typeof plan>[0]) => layer(stated, 192) - 2 * layer(stated, 128) + layer(stated, 64);
    // Softmax in float32, dropout's mask and its output: 7 bytes for each of heads · s² where Megatron's kernels keep 5.
    expect(second({ attention: 'eager' })).toBe(7 * 4 * 2 * 64 * 64);
    expect(second(selective)).toBe(0);
  });

  it('selective, is plain backward with a fused kernel', () => {
    const fused = plan({ backward: use('checkpoint', { selective: true }) });
    expect(peak(fused)).toBe(peak(plan({})));
    expect(warningsOf(fused).map(({ why }) => why)).toEqual([expect.stringContaining('saves nothing here')]);
    expect(warningsOf(plan(selective))).toEqual([]);
  });

  it('reentrant, holds one more 2-byte hidden state a token: the output of the segment that is differentiated', () => {
    const of = (reentrant: boolean) =>
      peak(plan({ optimizer: 'none', train: 'frozen', backward: use('checkpoint', { reentrant }), loss: 'cut-cross-entropy' }));
    expect(of(true) - of(false)).toBe(2 * 512 * small.hidden);
  });

  it('offloaded, keeps no boundaries on the card and moves each twice', () => {
    const of = (offload: boolean, layers: number) =>
      plan({ optimizer: 'none', train: 'frozen', backward: use('checkpoint', { offload }) }, { model: { ...small, layers } });
    const passing = (offload: boolean, layers: number) => peak(of(offload, layers)) - persistent(of(offload, layers)).weights;
    expect(passing(true, 8)).toBe(passing(true, 4));
    expect(passing(false, 8) - passing(false, 4)).toBe(4 * 2 * 512 * 512);
    const boundary = 2 * 512 * 512;
    const traffic = ops(plan({ backward: use('checkpoint', { offload: true }) })).reduce(
      (sum, { node }) => sum + (node.traffic?.bytes ?? 0),
      0,
    );
    expect(traffic).toBe(2 * 4 * boundary);
  });

  /** Growth of a phase by a layer whose input is kept anyway, in bytes a token and beyond that input. */
  const ofLayer = (save: string, phase: Phase = 'forward', rest: Parameters<typeof plan>[0] = {}): number => {
    const of = (layers: number) => {
      const one = plan({ optimizer: 'none', ...rest, backward: use('checkpoint', { save }) }, { model: { ...small, layers } });
      return highest(one, phase) - persistent(one).weights;
    };
    return (of(6) - of(5)) / 512 - 2 * small.hidden;
  };
  const kv = small.kvHeads * small.headDim;
  const q = small.heads * small.headDim;

  it("saves the results of every second product and of fused attention, as torchtitan's selective op does", () => {
    // Of q, k, v, o, gate, up, down the 1st, 3rd, 5th and 7th; attention's output, and its float32 log-sum-exp a head.
    expect(ofLayer('every-second-product')).toBe(2 * (q + kv + small.ffn + small.hidden) + 2 * q + 4 * small.heads);
    expect(ofLayer('products')).toBe(2 * (q + 2 * kv + 2 * small.ffn + 2 * small.hidden) + 2 * q + 4 * small.heads);
    expect(ofLayer('inputs')).toBe(0);
  });

  it('compiled, saves no result that backward does not read: that of the last product', () => {
    const compiled = { engine: use('pytorch', { compile: true }) };
    expect(ofLayer('every-second-product', 'forward', compiled)).toBe(2 * (q + kv + small.ffn) + 2 * q + 4 * small.heads);
  });

  it('does not compute again what it saved', () => {
    const products = (save: string) =>
      ops(plan({ backward: use('checkpoint', { save }) })).filter(
        ({ node, phase }) => phase === 'backward' && node.op === 'aten.mm',
      );
    const attention = (save: string) =>
      ops(plan({ backward: use('checkpoint', { save }) })).filter(
        ({ node, phase }) => phase === 'backward' && node.op === 'sdpa',
      );
    expect(products('inputs').length - products('every-second-product').length).toBe(4 * small.layers);
    expect(products('inputs').length - products('products').length).toBe(7 * small.layers);
    expect([attention('inputs').length, attention('products').length]).toEqual([small.layers, 0]);
  });

  it('of one layer in so many, keeps of the others what plain backward keeps', () => {
    const of = (backward: Use, layers: number) => {
      const one = plan({ optimizer: 'none', backward }, { model: { ...small, layers } });
      return highest(one, 'forward') - persistent(one).weights;
    };
    const grown = (backward: Use) => of(backward, 8) - of(backward, 4);
    const [every, none] = [grown(use('checkpoint', {})), grown(use('standard', {}))];
    expect(grown(use('checkpoint', { 'one-in': 2 }))).toBe((every + none) / 2);
    expect(grown(use('checkpoint', { 'one-in': 4 }))).toBe((every + 3 * none) / 4);
    // None is left where there are fewer layers than that.
    const moments = (backward: Use) => simulate(tapeOf(plan({ backward }))).instants.map(({ allocated }) => allocated);
    expect(moments(use('checkpoint', { 'one-in': 5 }))).toEqual(moments(use('standard', {})));
  });

  it('of one layer in so many, gathers a sharded layer once for its backward', () => {
    const sent = (backward: Use) =>
      ops(plan({ backward }, { lists: { parallel: [use('fsdp', { n: 2 })] } })).filter(({ node }) => node.op === 'all_gather')
        .length;
    expect(sent(use('checkpoint', { 'one-in': 2 }))).toBe(sent(use('checkpoint', {})));
  });

  it.each([
    [{ selective: true, save: 'products' }, /`selective`/],
    [{ selective: true, 'one-in': 2 }, /`selective`/],
    [{ every: 2, 'one-in': 2 }, /`every`/],
    [{ reentrant: true, save: 'products' }, /`reentrant`/],
  ])('refuses %o', (args, why) => {
    expect(refusalsOf(plan({ backward: use('checkpoint', args) }))).toEqual([
      { slot: 'backward', name: 'checkpoint', why: expect.stringMatching(why) },
    ]);
  });

  it('keeps fewer boundaries with longer segments', () => {
    const boundaries = (every: number) =>
      highest(plan({ backward: use('checkpoint', { every }), optimizer: 'none' }, { model: { ...small, layers: 8 } }), 'forward');
    expect(boundaries(1) - boundaries(4)).toBe(6 * 2 * 512 * 512);
  });

  it('with segments of √layers, grows with the root of the depth', () => {
    const bytes = (layers: number, every: number) =>
      mostOf(
        plan(
          { backward: use('checkpoint', { every }), optimizer: 'none', train: 'lora', loss: 'cut-cross-entropy' },
          { model: { ...small, layers } },
        ),
        /./,
        ['backward'],
      ) - persistent(plan({ train: 'lora', optimizer: 'none' }, { model: { ...small, layers } })).weights;
    // Four times the layers, twice the bytes; with a checkpoint for every layer nearly four times as many boundaries.
    expect(bytes(64, 8) / bytes(16, 4)).toBeGreaterThan(1.5);
    expect(bytes(64, 8) / bytes(16, 4)).toBeLessThan(2.1);
  });
});
