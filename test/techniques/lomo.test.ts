/** LOMO against Table 1 of its paper (Lv et al., arXiv:2306.09782): LLaMA-7B, 12.55 GB of parameters, 0.24 GB of gradients, no states. */
import { describe, expect, it } from 'vitest';
import { simulate } from '../../src/tape/simulate';
import { tapeOf } from '../../src/techniques/recipe-of';
import { llama7B, mostOf, ops, parameters, persistent, plan, short, small, use } from './bytes';

const GiB = 2 ** 30;

describe('lomo', () => {
  it('holds 12.55 GiB of parameters, at most 0.24 GiB of gradients, and no states', () => {
    const bytes = persistent(short(llama7B, { optimizer: 'lomo' }));
    expect((bytes.weights / GiB).toFixed(2)).toBe('12.55');
    expect(bytes.optimizer).toBe(0);
    const gradients = mostOf(
      plan({ optimizer: 'lomo' }, { model: { ...llama7B, layers: 2 }, batch: 1, sequence: 8 }),
      /head\.gradient$/,
    );
    expect((gradients / GiB).toFixed(2)).toBe('0.24');
  });

  it('is gradient descent without all gradients at once', () => {
    const sgd = short(small, { optimizer: 'sgd', loss: use('chunked', { chunk: 1 }) });
    const lomo = { ...sgd, slots: { ...sgd.slots, optimizer: use('lomo', {}) } };
    const largest = 2 * small.vocab * small.hidden;
    const peaks = [sgd, lomo].map((one) => simulate(tapeOf(one)).peak) as [number, number];
    // The largest parameter's gradient and the float32 copies of both take the place of every gradient.
    expect(peaks[0] - peaks[1]).toBeGreaterThan(2 * parameters(small) - 5 * largest - 2 ** 20);
    expect(simulate(tapeOf(lomo)).persistent).toEqual(simulate(tapeOf(sgd)).persistent);
  });

  it('waits for the last chunk of a layer under StreamBP', () => {
    const streamed = plan({ optimizer: 'lomo', backward: use('streambp', { chunk: 64, logits: 64 }) });
    const whole = plan({ optimizer: 'lomo', backward: 'checkpoint' });
    const layer = 2 * (512 * 512 * 2 + 2 * 128 * 512 + 3 * 512 * 1408 + 2 * 512);
    const gradients = (of: typeof whole) => mostOf(of, /(attn|mlp)\.\w+\.gradient$/, ['backward']);
    expect(gradients(streamed)).toBeGreaterThanOrEqual(layer - 4 * 512);
    expect(gradients(whole)).toBeLessThan(layer);
  });
});

describe('what updates inside backward', () => {
  const moved = (optimizer: string | ReturnType<typeof use>, update: RegExp): number =>
    ops(plan({ optimizer })).reduce((sum, { node }) => (update.test(node.op) ? sum + node.moved : sum), 0);

  it('updates each parameter once: weight and gradient are read and the weight is written, two bytes each', () => {
    expect(moved('lomo', /^update$/)).toBe(6 * parameters(small));
  });

  it('moves what the same optimizer moves after backward', () => {
    for (const [name, update] of [
      ['adamw', /adamw|sqrt/],
      ['adamw8bit', /8bit/],
    ] as const)
      expect(moved(use(name, { 'in-backward': true }), update)).toBe(moved(use(name, {}), update));
  });
});
