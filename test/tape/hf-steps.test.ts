/** The simulated step against whole Hugging Face training steps that PyTorch itself measured. */
import { describe, expect, it } from 'vitest';
import type { Family, Plan } from '../../src/plan/types';
import { simulate } from '../../src/tape/simulate';
import { tapeOf } from '../../src/techniques/recipe-of';
import golden from '../golden/hf-steps.json';
import { model, plan, use } from './plans';

type Row = (typeof golden.records)[number];

/** PEFT's module names. */
const TARGETS: Record<string, string> = {
  q_proj: 'q',
  k_proj: 'k',
  v_proj: 'v',
  o_proj: 'o',
  gate_proj: 'gate',
  up_proj: 'up',
  down_proj: 'down',
};

function planOf(row: Row): Plan {
  const optimizer = row.optimizer as { name: string; foreach: boolean; momentum?: number };
  const wide = row.precision === 'bf16' ? 'bf16' : 'fp32';
  return plan(
    {
      precision: row.precision,
      attention: row.attention,
      backward: row.checkpoint ? 'checkpoint' : 'standard',
      optimizer:
        optimizer.name === 'sgd'
          ? use('sgd', { momentum: optimizer.momentum ?? 0 })
          : use('adamw', { states: 'parameter', foreach: optimizer.foreach }),
      engine: use('pytorch', { 'hold-output': row.hold_output, kernels: 'cpu' }),
      ...(row.lora
        ? {
            train: use('lora', {
              rank: row.lora.rank,
              dropout: row.lora.dropout,
              targets: row.lora.targets.map((target) => TARGETS[target] as string),
              'adapter-precision': row.lora.fp32_adapters ? 'fp32' : wide,
            }),
          }
        : {}),
    },
    {
      batch: row.batch,
      sequence: row.sequence,
      accumulate: row.accumulate,
      model: model({
        family: row.family as Family,
        layers: row.layers,
        hidden: row.hidden,
        ffn: row.ffn,
        heads: row.heads,
        kvHeads: row.kv_heads,
        headDim: row.head_dim,
        vocab: row.vocab,
        tiedEmbeddings: row.tied,
        dropout: row.dropout,
        // The measured GPT-2 had 4096 positions: (16,755,712 − 15,182,848) / 512 more than its preset's 1024.
        ...(row.family === 'gpt2' ? { positions: 4096 } : {}),
      }),
    },
  );
}

const label = (row: Row): string =>
  [
    row.family,
    `${row.layers} layers`,
    `batch ${row.batch}`,
    `sequence ${row.sequence}`,
    `vocab ${row.vocab}`,
    row.precision,
    row.attention,
    row.checkpoint ? 'checkpoint' : '',
    row.lora ? `lora ${JSON.stringify(row.lora)}` : '',
    JSON.stringify(row.optimizer),
    `accumulate ${row.accumulate}`,
  ]
    .filter(Boolean)
    .join(', ');

describe('a simulated step equals what PyTorch measured', () => {
  const errors: number[] = [];
  for (const row of golden.records) {
    it(label(row), () => {
      const step = simulate(tapeOf(planOf(row)));
      const measured = row.measured;
      const persistent = Object.values(step.persistent).reduce((sum, bytes) => sum + bytes, 0);
      const within = (bytes: number, of: number, share: number) => expect(Math.abs(bytes / of - 1)).toBeLessThan(share);
      within(persistent, measured.before_forward, 1e-5);
      const of = (phase: string) => step.instants.find((instant) => instant.phase === phase)?.allocated ?? 0;
      within(of('forward'), measured.forward_peak, 0.003);
      within(of('backward'), measured.backward_peak, 0.003);
      within(of('optimizer'), measured.optimizer_peak, 0.003);
      within(step.peak, measured.peak, 0.001);
      errors.push(Math.abs(step.peak / measured.peak - 1));
    });
  }
  it('has a mean error of the peaks under 0.01 %', () => {
    expect(errors).toHaveLength(golden.records.length);
    expect(errors.reduce((sum, error) => sum + error, 0) / errors.length).toBeLessThan(1e-4);
  });
});
