/** Ladder side-tuning against its paper (Sung et al., arXiv:2206.06522): 69 % less memory than full fine-tuning, where adapters save 26 %. */
import { describe, expect, it } from 'vitest';
import { trainedParameters } from '../../src/planner/parameters';
import { recipeOf } from '../../src/techniques/recipe-of';
import { mostOf, ops, peak, persistent, plan, short, small, use } from './bytes';

const ladder = (reduction = 8) => ({ train: use('ladder', { reduction }) });

describe('ladder', () => {
  it('saves at least 69 % of full fine-tuning at a sequence of 512, and LoRA less than it', () => {
    const at = {
      model: { ...small, layers: 12, hidden: 768, heads: 12, kvHeads: 12, ffn: 2048, vocab: 8000 },
      batch: 8,
      sequence: 512,
    };
    const of = (train: 'full' | 'lora' | ReturnType<typeof use>) => peak(plan({ train, loss: 'cut-cross-entropy' }, at));
    const full = of('full');
    expect(1 - of(ladder().train) / full).toBeGreaterThan(0.69);
    expect(1 - of('lora') / full).toBeLessThan(1 - of(ladder().train) / full);
  });

  it('keeps the embedding and the output of every layer: (layers + 1) · tokens · hidden', () => {
    const rows = 2 * 256;
    const kept = (layers: number) =>
      mostOf(plan(ladder(), { model: { ...small, layers } }), /^(embed|add|aten\.add)$/, ['backward']);
    // With one minus each layer's gate, two bytes.
    expect(kept(5) - kept(4)).toBe(2 * rows * 512 + 2);
    // The embedding's table has the same name as its output.
    expect(kept(4)).toBe(5 * 2 * rows * 512 + 4 * 2 + 2 * 4000 * 512);
  });

  it('trains a network an eighth as wide, with a rung and a gate a layer', () => {
    const side = 64 * 64 * 2 + 2 * 16 * 64 + 3 * 64 * 176 + 2 * 64;
    const trained = trainedParameters(recipeOf(short(small, ladder())));
    expect(trained).toBe(4 * (side + 64 * 512 + 1) + 2 * 64 * 512);
    expect(persistent(short(small, ladder())).optimizer).toBe(8 * trained);
  });

  it('makes no gradient of the backbone', () => {
    const made = ops(plan(ladder())).filter(
      ({ node, phase, layer }) => phase === 'backward' && layer !== undefined && /^(attn|mlp|norm)/.test(node.label),
    );
    expect(made).toEqual([]);
  });

  it('shrinks with its reduction', () => {
    const bytes = [1, 2, 4, 8, 16].map((reduction) => peak(plan(ladder(reduction))));
    expect([...bytes].sort((a, b) => b - a)).toEqual(bytes);
  });
});
