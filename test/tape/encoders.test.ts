/** Encoders: what T5's keeps by its own arithmetic, and that classifiers and masked-LM heads cost what they must. */
import { describe, expect, it } from 'vitest';
import type { Plan } from '../../src/plan/types';
import { parameterCount } from '../../src/plan/weights';
import { simulate } from '../../src/tape/simulate';
import { unroll } from '../../src/tape/unroll';
import { tapeOf } from '../../src/techniques/recipe-of';
import { model, plan, use } from './plans';

/** Bytes that forward leaves behind for backward, parameters aside. */
function kept(candidate: Plan): number {
  const tape = tapeOf(candidate);
  const live = new Map<number, number>();
  let result = 0;
  let before = '';
  unroll(tape, ({ node, phase, storage }) => {
    if (phase === 'backward' && before === 'forward') result = [...live.values()].reduce((sum, bytes) => sum + bytes, 0);
    before = phase;
    if (phase !== 'forward') return;
    for (const id of node.allocs) live.set(storage(id), tape.tensors[id]?.bytes ?? 0);
    for (const id of node.frees) live.delete(storage(id));
  });
  return result;
}

const [batch, sequence, hidden, heads, ffn] = [2, 96, 256, 4, 1024];
const tokens = batch * sequence;
const width = heads * 64;
const t5 = (encoderLayers: number, layers: number, stated: Parameters<typeof plan>[0] = {}): Plan =>
  plan(stated, {
    batch,
    sequence,
    model: model({ family: 't5', layers, encoderLayers, hidden, heads, headDim: 64, ffn, vocab: 1000, tiedEmbeddings: true }),
  });

describe('T5', () => {
  // By token: two norms at 8 bytes × hidden; q, k, v and the mixed values; scores in float32, dropped ones in bfloat16
  // with a one-byte mask; dropout's masks on both branches; relu's output, its mask and what is left of it.
  const scores = heads * sequence;
  const layer = tokens * (16 * hidden + 8 * width + 7 * scores + 2 * hidden + 5 * ffn);
  // The reciprocals of the norms' rows.
  const rows = 2 * 4 * tokens;

  it('keeps, for each layer of its encoder, what its ops save', () => {
    expect(kept(t5(3, 2)) - kept(t5(2, 2))).toBe(layer + rows);
  });

  it('keeps cross-attention too for each layer of its decoder', () => {
    // A third norm and dropout, and attention whose keys and values come from the encoder.
    const cross = tokens * (8 * hidden + 8 * width + 7 * scores + hidden) + 4 * tokens;
    expect(kept(t5(2, 3)) - kept(t5(2, 2))).toBe(layer + rows + cross);
  });

  it('keeps a boundary for each layer where layers are recomputed, in the encoder as in the decoder', () => {
    const recomputed = (encoderLayers: number, layers: number) => kept(t5(encoderLayers, layers, { backward: 'checkpoint' }));
    expect(recomputed(3, 2) - recomputed(2, 2)).toBe(2 * tokens * hidden);
    expect(recomputed(2, 3) - recomputed(2, 2)).toBe(2 * tokens * hidden);
  });

  it('has the weights, gradients and states of both stacks', () => {
    const of = t5(3, 2, { optimizer: use('adamw', { states: 'fp32', fused: true }) });
    const count = parameterCount(of.model);
    const { persistent, instants } = simulate(tapeOf(of));
    expect(persistent.weights).toBe(2 * count);
    expect(persistent.optimizer).toBe(8 * count);
    const optimizer = instants.find(({ phase }) => phase === 'optimizer')?.allocated;
    expect(optimizer).toBe((2 + 2 + 8) * count);
  });

  it('freezes its encoder with everything else under LoRA, but for the adapters', () => {
    const { persistent } = simulate(
      tapeOf(t5(2, 2, { train: use('lora', { rank: 4, 'adapter-precision': 'bf16' }), optimizer: 'sgd' })),
    );
    const adapters = (2 + 2) * 2 * 4 * (hidden + width);
    expect(persistent.weights).toBe(2 * (parameterCount(t5(2, 2).model) + adapters));
  });
});

describe('heads of encoders', () => {
  const of = (family: 'bert' | 'vit', rest: { classes?: number; vocab: number }): Plan =>
    plan({}, { batch: 4, sequence: 197, model: model({ family, layers: 2, hidden: 128, heads: 4, ...rest }) });

  it('make logits of every token for a masked-language model, and of the first one for classes', () => {
    const masked = simulate(tapeOf(of('bert', { vocab: 30000 }))).categories.logits;
    expect(masked).toBeGreaterThanOrEqual(4 * 197 * 30000 * 2);
    const classified = tapeOf(of('bert', { vocab: 30000, classes: 3 }));
    const logits = classified.tensors.filter(({ category }) => category === 'logits');
    expect(Math.max(...logits.map(({ bytes }) => bytes))).toBeLessThanOrEqual(4 * 3 * 4);
  });

  it('classify an image by its class token', () => {
    const logits = tapeOf(of('vit', { vocab: 1000 })).tensors.filter(({ category }) => category === 'logits');
    expect(logits.length).toBeGreaterThan(0);
    expect(Math.max(...logits.map(({ bytes }) => bytes))).toBeLessThanOrEqual(4 * 1000 * 4);
  });
});
