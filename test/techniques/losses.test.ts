/** Chunked loss by its formula; cut cross-entropy against its abstract (Wijmans et al., arXiv:2411.09009): the loss of Gemma 2 2B from 24 GB to 1 MB. */
import { describe, expect, it } from 'vitest';
import { mostOf, peak, persistent, plan, small, use } from './bytes';

/** Bytes a logit at the peak of a step whose logits outweigh everything else: 64 more tokens of a vocabulary of a million. */
function perLogit(batch: number, slots: Parameters<typeof plan>[0]): number {
  const model = {
    ...small,
    layers: 1,
    hidden: 16,
    heads: 1,
    kvHeads: 1,
    headDim: 16,
    ffn: 16,
    vocab: 1_000_000,
    tiedEmbeddings: false,
  };
  const of = (sequence: number): number =>
    peak(plan({ train: use('lora', { rank: 1, targets: ['q'] }), ...slots }, { model, batch, sequence }));
  return Math.round((10 * (of(192) - of(128))) / (batch * 64 * model.vocab)) / 10;
}

describe('cross-entropy', () => {
  const engine = (transformers: string, held: boolean) => ({ engine: use('pytorch', { transformers, 'hold-output': held }) });
  // PyTorch's own counts of Hugging Face's losses: one row shifts by a view, whose backward is a node behind softmax's.
  it.each([
    ['4.45', true, 16],
    ['4.45', false, 12],
    ['4.47', true, 14],
    ['5', true, 14],
    ['5', false, 12],
  ])('transformers %s, output held: %s, takes %d bytes a logit, with one row as with two', (transformers, held, bytes) => {
    const slots = { precision: 'bf16', ...engine(transformers, held) };
    expect(perLogit(2, slots)).toBe(bytes);
    expect(perLogit(1, slots)).toBe(bytes);
  });

  it('of a model’s own code under autocast keeps 16-bit log-probabilities and raises what the likelihood reads', () => {
    const own = (autocast: boolean, raised = false) =>
      perLogit(1, {
        precision: use('bf16', { autocast }),
        loss: use('cross-entropy', { upcast: false }),
        engine: use('pytorch', { 'hold-output': false, 'raise-output': raised }),
      });
    // Log-probabilities 2, their float32 copy 4, its gradient 4; without autocast log-probabilities and two gradients at 2.
    expect(own(true)).toBe(10);
    expect(own(false)).toBe(6);
    // The end of forward: logits 2, log-probabilities 2, their copy 4 and accelerate's copy of the logits 4.
    expect(own(true, true)).toBe(12);
  });
});

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
