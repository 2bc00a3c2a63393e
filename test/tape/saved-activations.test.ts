/** What the lowering keeps for backward against what autograd's hooks saw of a Llama-like layer, head and embedding. */
import { describe, expect, it } from 'vitest';
import type { Plan } from '../../src/plan/types';
import { unroll } from '../../src/tape/unroll';
import { tapeOf } from '../../src/techniques/recipe-of';
import golden from '../golden/saved-activations.json';
import { model, plan, use } from './plans';

type Row = (typeof golden.records)[number];

function planOf(row: Row, layers: number): Plan {
  return plan(
    {
      precision: row.dtype,
      attention: 'eager',
      // The measured loss raised the logits to float32 before it dropped the last position, and nothing held them.
      engine: use('pytorch', { transformers: '4.45', 'hold-output': false, kernels: 'cpu' }),
      ...(row.lora_rank
        ? {
            train: use('lora', {
              rank: row.lora_rank,
              targets: row.lora_targets,
              dropout: row.lora_dropout,
              'adapter-precision': row.dtype,
            }),
          }
        : {}),
    },
    {
      batch: row.batch,
      sequence: row.sequence,
      model: model({
        layers,
        hidden: row.hidden,
        heads: row.heads,
        kvHeads: row.kv_heads,
        headDim: row.head_dim,
        ffn: row.ffn,
        vocab: row.vocab,
      }),
    },
  );
}

/**
 * Bytes that forward leaves behind. As in the measurement, cos and sin, which all layers share, and scalars (the loss)
 * are not counted.
 */
function kept(plan: Plan): { all: number; ids: number } {
  const tape = tapeOf(plan);
  const live = new Map<number, { bytes: number; op: string }>();
  let result = { all: 0, ids: 0 };
  let seen = '';
  unroll(tape, ({ node, phase, storage }) => {
    if (phase === 'backward' && seen === 'forward') {
      const left = [...live.values()];
      result = {
        all: left.filter((entry) => entry.op !== 'rotary').reduce((sum, entry) => sum + entry.bytes, 0),
        ids: left.filter((entry) => entry.op === 'aten.embedding').reduce((sum, entry) => sum + entry.bytes, 0),
      };
    }
    seen = phase;
    if (phase !== 'forward') return;
    for (const id of node.allocs.filter((id) => tape.tensors[id]?.shape.some((size) => size > 1)))
      live.set(storage(id), { bytes: tape.tensors[id]?.bytes ?? 0, op: node.op });
    for (const id of node.frees) live.delete(storage(id));
  });
  return result;
}

describe('forward keeps, to the byte, what autograd saves', () => {
  for (const row of golden.records) {
    const name = `${row.dtype} batch ${row.batch} sequence ${row.sequence} hidden ${row.hidden} kv-heads ${row.kv_heads} lora ${row.lora_rank} [${row.lora_targets}] dropout ${row.lora_dropout}`;
    it(name, () => {
      const [two, three] = [2, 3].map((layers) => kept(planOf(row, layers))) as [
        ReturnType<typeof kept>,
        ReturnType<typeof kept>,
      ];
      const layer = three.all - two.all;
      expect(layer).toBe(row.layer_saved_bytes);
      if (row.lora_rank === 0) {
        // The ids are what the embedding keeps; its output belongs to whoever saves it first.
        const embedded = row.batch * row.sequence * 8;
        expect(embedded).toBe(row.embed_saved_bytes);
        expect(two.all - 2 * layer - embedded).toBe(row.head_saved_bytes);
      } else {
        // The first layer's input needs no gradient in a plan, so it keeps less than the measured one, whose input did.
        expect(row.embed_saved_bytes).toBe(0);
        const first = firstLayer(row);
        expect(two.all - layer - first).toBe(row.head_saved_bytes);
      }
    });
  }
});

/** Bytes that the first layer of a LoRA plan keeps: one layer's total less the head's, from plans of one and two layers. */
function firstLayer(row: Row): number {
  const one = kept(planOf(row, 1)).all;
  const checkpointed = kept({
    ...planOf(row, 1),
    slots: { ...planOf(row, 1).slots, backward: { name: 'checkpoint', args: {} } },
  }).all;
  const boundary = row.batch * row.sequence * row.hidden * (row.dtype === 'bf16' ? 2 : 4);
  return one - (checkpointed - boundary);
}
