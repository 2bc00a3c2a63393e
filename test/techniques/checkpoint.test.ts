/** Selective recomputation against Korthikanti et al. (arXiv:2205.05198, Table 2): the 5·a·s²·b bytes of a layer go, 34·s·b·h stay. */
import { describe, expect, it } from 'vitest';
import { completeModel } from '../../src/plan/families';
import { highest, ops, peak, persistent, plan, small, use } from './bytes';

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
    expect(peak(plan({ backward: use('checkpoint', { selective: true }) }))).toBe(peak(plan({})));
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

  it('keeps fewer boundaries with longer segments', () => {
    const boundaries = (every: number) =>
      highest(plan({ backward: use('checkpoint', { every }), optimizer: 'none' }, { model: { ...small, layers: 8 } }), 'forward');
    expect(boundaries(1) - boundaries(4)).toBe(6 * 2 * 512 * 512);
  });
});
