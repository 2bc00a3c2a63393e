/** Layers that are undone in the backward pass: what that loses, the gradients, and bytes that do not grow with depth. */
import { describe, expect, it } from 'vitest';
import { checksOf, trained } from './contexts';
import { use } from './plans';

describe('reversible layers', () => {
  for (const factor of [1, 0.5, 0.1])
    it(`factor ${factor}: streams come back, gradients are those of the network with its inputs kept`, async () => {
      const checks = await checksOf('backward', use('reversible', { factor }));
      expect(checks).toHaveLength(4);
      for (const check of checks) expect(check.passed, JSON.stringify(check)).toBe(true);
      // A limit that nothing could break would prove nothing.
      for (const check of checks) expect(check.limit).toBeLessThan(0.1);
    });

  it('train, in the bytes that are predicted, with adapters and layer by layer', async () => {
    for (const slots of [
      { backward: use('reversible', { factor: 0.8 }) },
      { backward: use('reversible'), weights: use('nf4'), train: use('lora', { rank: 2, dropout: 0.1 }) },
      {
        backward: use('reversible'),
        optimizer: use('galore', { rank: 4, every: 3, layerwise: true }),
        loss: use('chunked', { chunk: 5 }),
      },
    ]) {
      const { losses, predicted, counted } = await trained(slots);
      expect(counted).toEqual(predicted);
      expect(losses.at(-1)).toBeLessThan(losses[0] as number);
    }
  });

  it('keep no more for more layers than their weights and gradients', async () => {
    const grown = async (backward: string) => {
      const live = async (layers: number) =>
        (await trained({ backward: use(backward), optimizer: use('lomo') }, { layers }, 0.1, 1)).predicted.live;
      return (await live(7)) - (await live(6));
    };
    const layer = 4 * (2 * 32 * 32 + 2 * 16 * 32 + 3 * 48 * 32 + 2 * 32);
    expect(await grown('reversible')).toBeLessThan(layer + 9 * 256);
    expect(await grown('checkpoint')).toBeGreaterThan(layer + 38 * 32 * 4 - 256);
  });
});
