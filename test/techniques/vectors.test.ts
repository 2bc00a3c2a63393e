/** Published figures, and figures computed from published code, to their last printed digit. */
import { describe, expect, it } from 'vitest';
import type { Plan } from '../../src/plan/types';
import { Trace } from '../../src/tape/trace';
import { unroll } from '../../src/tape/unroll';
import { packFloat8 } from '../../src/techniques/fp8/memory';
import { tapeOf } from '../../src/techniques/recipe-of';
import { model } from '../tape/plans';
import { llama7B, llama8B, matrices, mostOf, others, parameters, persistent, plan, short, states, use } from './bytes';

const MiB = 2 ** 20;
const GiB = 2 ** 30;
const GB = 1e9;

/** Highest bytes of logits and what is made of them, in one phase. */
function logitsIn(of: Plan, during: string): number {
  const tape = tapeOf(of);
  let [live, most] = [0, 0];
  const bytes = (ids: readonly number[]) =>
    ids.reduce((sum, id) => sum + (tape.tensors[id]?.category === 'logits' ? (tape.tensors[id]?.bytes ?? 0) : 0), 0);
  unroll(tape, ({ node, phase }) => {
    live += bytes(node.allocs);
    if (phase === during) most = Math.max(most, live);
    live -= bytes(node.frees);
  });
  return most;
}

describe('LLaMA-7B', () => {
  const adam = states(short(llama7B, { optimizer: use('adamw', { states: 'parameter' }) }));
  const galore = (inner: ReturnType<typeof use>) => states(short(llama7B, { optimizer: use('galore', { rank: 1024, inner }) }));
  const saved = (bytes: number) => (100 * (1 - bytes / adam)).toFixed(1);

  it('has 6,738,415,616 parameters, and 26.954 GB of Adam in bfloat16', () => {
    expect(parameters(llama7B)).toBe(6_738_415_616);
    expect((adam / GB).toFixed(3)).toBe('26.954');
  });

  it('has 4,702,347,264 elements of GaLore at rank 1024, 9.405 GB, 65.1 % less (Zhao et al.: 65.5 %)', () => {
    const bytes = galore(use('adamw', {}));
    expect(bytes / 2).toBe(4_702_347_264);
    expect((bytes / GB).toFixed(3)).toBe('9.405');
    expect(saved(bytes)).toBe('65.1');
  });

  it('has 5.70 GB of 8-bit GaLore, 79 % less; 4.71 GB and 82.5 % less (Zhao et al.) with a projector of one byte and blocks of 2048', () => {
    const bytes = galore(use('adamw8bit', {}));
    expect((bytes / GB).toFixed(2)).toBe('5.70');
    expect(Number(saved(bytes))).toBeCloseTo(79, 0);
    const projectors = matrices(llama7B, (m, n) => 1024 * Math.min(m, n));
    const counted = galore(use('adamw8bit', { block: 2048 })) - projectors;
    expect((counted / GB).toFixed(2)).toBe('4.71');
    expect(saved(counted)).toBe('82.5');
  });

  it('has weights of 7.10 GB and 4.78 GB of states under Q-GaLore, 4.31 GB with packed projectors', () => {
    const q = (packed: boolean) => persistent(short(llama7B, { optimizer: use('q-galore', { rank: 1024, packed }) }));
    expect((q(false).weights / GB).toFixed(2)).toBe('7.10');
    expect((q(false).optimizer / GB).toFixed(2)).toBe('4.78');
    expect((q(true).optimizer / GB).toFixed(2)).toBe('4.31');
  });

  it('has 3.14 GB of APOLLO at rank 256 and 1.06 GB of APOLLO-Mini', () => {
    expect((states(short(llama7B, { optimizer: use('apollo', { rank: 256 }) })) / GB).toFixed(2)).toBe('3.14');
    expect((states(short(llama7B, { optimizer: 'apollo-mini' })) / GB).toFixed(2)).toBe('1.06');
  });
});

describe('the head of Gemma 2 2B over 8192 tokens (Wijmans et al.)', () => {
  const gemma = model({ layers: 1, hidden: 2304, heads: 8, headDim: 256, ffn: 9216, vocab: 256000 });
  const at = { model: gemma, batch: 1, sequence: 8192 };

  it('takes 24,000 MiB of logits, 12 bytes each', () => {
    const full = plan({ engine: use('pytorch', { 'hold-output': false }), optimizer: 'none' }, at);
    expect((logitsIn(full, 'backward') / MiB).toFixed(0)).toBe('24000');
  });

  it('takes gradients of 1125 MiB and 36 MiB under cut cross-entropy', () => {
    const cut = plan({ loss: 'cut-cross-entropy', optimizer: 'none' }, at);
    const gradients = [...new Set(tapeOf(cut).tensors.filter(({ name }) => name === 'gradient'))].map(({ bytes }) => bytes / MiB);
    expect(gradients).toContain(1125);
    expect(gradients).toContain(36);
  });
});

describe('Llama 3 8B, one row of 32768 tokens in bfloat16', () => {
  const at = (layers: number) => ({ model: { ...llama8B, layers }, batch: 1, sequence: 32768 });
  /** What a layer keeps beside its norms' own copies: their outputs, q, k, v, the mix, the MLP's four. */
  const kept = /^(norm[12]\.mul|attn\.(rope\.rotary|v\.mm|sdpa|lse)|mlp\.(gate\.mm|up\.mm|act\.(silu|mul)))$/;
  const inLayers = (layers: number): number => mostOf(plan({ optimizer: 'none' }, at(layers)), kept, ['backward']);
  const stream = 2 * 32768 * 4096;
  // A fused norm keeps its input in place of its own copies.
  const layer = inLayers(3) - inLayers(2) + 2 * stream;

  it('keeps 5.13 GiB a layer, 164 GiB without checkpointing', () => {
    expect((layer / GiB).toFixed(2)).toBe('5.13');
    expect(((32 * layer) / GiB).toFixed(0)).toBe('164');
  });

  it('keeps 8.00 GiB of checkpoints', () => {
    const boundaries = (layers: number): number =>
      mostOf(plan({ backward: 'checkpoint', train: 'frozen', optimizer: 'none' }, at(layers)), /^add$/, ['forward']);
    expect(((32 * (boundaries(6) - boundaries(5))) / GiB).toFixed(2)).toBe('8.00');
  });

  it('makes 39.1 GiB of logits, 10 bytes each, in forward', () => {
    expect((logitsIn(plan({ optimizer: 'none' }, at(1)), 'forward') / GiB).toFixed(1)).toBe('39.1');
  });

  it('keeps 4.0 GiB of keys and values under SeCO, as much for their gradients, and 0.64 GiB of a chunk of 128', () => {
    const seco = plan({ backward: use('seco', { chunk: 128 }), train: 'lora', optimizer: 'none' }, { ...at(1), sequence: 2048 });
    const scale = 32 * (32768 / 2048);
    expect(((scale * mostOf(seco, /^cache\.[kv]$/)) / GiB).toFixed(1)).toBe('4.0');
    expect(((scale * mostOf(seco, /^cache\.[kv]\.gradient$/)) / GiB).toFixed(1)).toBe('4.0');
    // What a layer keeps of its chunk, the inputs of its norms, and the chunk's own keys and values.
    const chunk = (layers: number): number =>
      mostOf(
        plan(
          { backward: use('seco', { chunk: 128 }), optimizer: 'none' },
          { model: { ...llama8B, layers }, batch: 1, sequence: 2048 },
        ),
        kept,
        ['backward'],
      );
    const own = (mostOf(seco, /^cache\.[kv]$/) * 128) / 2048;
    expect(((32 * (chunk(2) - chunk(1) + (2 * stream * 128) / 32768 + own)) / GiB).toFixed(2)).toBe('0.64');
  });
});

describe('COAT', () => {
  const trace = new Trace();
  const sample = trace.tensor('x', [128, 4096], 'bf16', 'activations');
  trace.op({ op: 'x', writes: [sample] });
  const packed = (packFloat8(trace, sample, 16)?.codes ?? []).reduce((sum, { bytes }) => sum + bytes, 0) / (128 * 4096);

  it.each([
    ['7B', llama7B, '1.46'],
    ['8B with grouped queries', llama8B, '1.55'],
  ])('keeps fewer activations of %s by its ratio', (_, of, ratio) => {
    const { hidden: d, ffn: f } = of;
    const dk = of.kvHeads * of.headDim;
    const exact = 2 * (6 * d + 2 * dk + 4 * f);
    expect((exact / (packed * (5 * d + 4 * f) + 2 * (2 * d + 2 * dk))).toFixed(2)).toBe(ratio);
  });
});

describe('NF4 with double quantization', () => {
  it('takes 4.127 bits, 0.5159 bytes a weight', () => {
    const frozen = persistent(short(llama7B, { weights: use('nf4', { 'double-quant': true }), train: 'frozen' })).weights;
    // Embedding, head, norms and the rotary frequencies stay as they are; each matrix has an offset of its maxima.
    const codes = frozen - 2 * others(llama7B) - 256 - 4 * 224;
    const bytes = codes / matrices(llama7B, (m, n) => m * n);
    expect((8 * bytes).toFixed(3)).toBe('4.127');
    expect(bytes.toFixed(4)).toBe('0.5159');
  });
});
