/** TiledMLP (Luo et al., arXiv:2407.15892): the MLP's inner tensors shrink to a chunk of the sequence. */
import { describe, expect, it } from 'vitest';
import { mostOf, peak, persistent, plan, use } from './bytes';

const tiled = (chunk: number, checkpoint = true) => ({ backward: use('sequence-chunked-mlp', { chunk, checkpoint }) });

describe('sequence-chunked-mlp', () => {
  it('holds gate, up, their activation and their product of one chunk', () => {
    const inner = (chunk: number) => mostOf(plan(tiled(chunk)), /mlp\.(gate\.mm|up\.mm|act\.(silu|mul))$/);
    expect(inner(128)).toBe(4 * 2 * 128 * 1408);
    expect(inner(512)).toBe(4 * 2 * 512 * 1408);
    expect(mostOf(plan({ backward: 'checkpoint' }), /mlp\.(gate\.mm|up\.mm|act\.(silu|mul))$/)).toBe(inner(512));
  });

  it('keeps the MLP’s input alone, without checkpointing', () => {
    const kept = (stated: Parameters<typeof plan>[0]) =>
      mostOf(plan(stated), /mlp\.(gate\.mm|up\.mm|act\.(silu|mul))$/, ['backward']);
    expect(kept({})).toBe(4 * 4 * 2 * 512 * 1408);
    expect(kept(tiled(512, false))).toBe(4 * 2 * 512 * 1408);
  });

  it('at one chunk, differs from checkpointing by the output and the gradient that it writes chunks into', () => {
    const [one, plain] = [peak(plan(tiled(65536), { sequence: 512 })), peak(plan({ backward: 'checkpoint' }, { sequence: 512 }))];
    expect(Math.abs(one - plain)).toBeLessThanOrEqual(2 * 2 * 1024 * 512);
    expect(persistent(plan(tiled(65536)))).toEqual(persistent(plan({ backward: 'checkpoint' })));
  });

  it('shrinks with its chunk', () => {
    const bytes = [1024, 512, 256, 64].map((chunk) =>
      peak(plan({ ...tiled(chunk), optimizer: 'none', train: 'lora', loss: 'cut-cross-entropy' }, { sequence: 512 })),
    );
    expect([...bytes].sort((a, b) => b - a)).toEqual(bytes);
  });
});
