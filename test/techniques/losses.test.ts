/** Chunked loss by its formula; cut cross-entropy against its abstract (Wijmans et al., arXiv:2411.09009): the loss of Gemma 2 2B from 24 GB to 1 MB. */
import { describe, expect, it } from 'vitest';
import { mostOf, peak, persistent, plan, small, use } from './bytes';

const chunked = (chunk: number) => ({ loss: use('chunked', { chunk }) });

describe('chunked', () => {
  it('makes the logits of one chunk', () => {
    expect(mostOf(plan(chunked(128)), /^loss\.head\.mm$|^head\.mm$/)).toBe(2 * 128 * 4000);
  });

  it('at one chunk, holds no more logits than all at once', () => {
    const logits = (stated: Parameters<typeof plan>[0]) => mostOf(plan(stated), /log_softmax$/);
    expect(logits(chunked(65536))).toBe(logits({}));
    expect(persistent(plan(chunked(65536)))).toEqual(persistent(plan({})));
  });

  it('grows with its chunk', () => {
    const bytes = [16, 64, 256, 512].map((chunk) => peak(plan({ ...chunked(chunk), train: 'lora', optimizer: 'none' })));
    expect([...bytes].sort((a, b) => a - b)).toEqual(bytes);
  });
});

describe('cut-cross-entropy', () => {
  it('keeps a log-sum-exp and a target for each token: well under 1 MB for 8192', () => {
    const cut = plan({ loss: 'cut-cross-entropy' }, { model: { ...small, layers: 1 }, batch: 1, sequence: 8192 });
    expect(mostOf(cut, /^(lse|target)$/)).toBe(2 * 4 * 8192);
    expect(mostOf(cut, /^(lse|target)$/)).toBeLessThan(1e6);
    expect(mostOf(cut, /log_softmax$/)).toBe(0);
  });
});
