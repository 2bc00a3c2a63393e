/** Several cards: the figures that were reached, as upper bounds. */
import { describe, expect, it } from 'vitest';
import { evaluateMany } from './many-cards';
import { figures } from './statistics';

const { rows, refused } = evaluateMany();
const of = (source: string, quantity: string) =>
  figures(rows.filter((row) => row.record.source === source && row.quantity === quantity));

describe('estimates against measurements on several cards', () => {
  it('expresses what is written of in full', () => {
    expect(rows.length + refused.length).toBe(74);
    expect(rows.length).toBeGreaterThanOrEqual(55);
  });

  it('live bytes with tensor, pipeline and ZeRO-1 parallelism: nanotron, 1 to 64 cards', () => {
    const own = of('nanotron-bench', 'allocated');
    expect(own.n).toBe(23);
    expect(own.median).toBeLessThan(0.025);
    expect(own.p90).toBeLessThan(0.05);
  });

  it('live bytes with FSDP2 and offload: torchtitan, torchtune', () => {
    expect(of('torchtitan', 'allocated').p90).toBeLessThan(0.03);
    expect(of('torchtune', 'allocated').p90).toBeLessThan(0.13);
  });

  it('reserved bytes up to 512 cards: torchtitan', () => {
    const own = of('torchtitan', 'reserved');
    expect(own.n).toBe(27);
    expect(own.median).toBeLessThan(0.05);
    expect(own.p90).toBeLessThan(0.12);
  });

  it('checkpointing of single operators: torchtitan, 8 to 128 cards, layers compiled or not, the loss too or not', () => {
    const own = rows.filter(({ record }) => record.source === 'torchtitan' && record.checkpointing === 'selective');
    expect(own.length).toBe(14);
    expect(figures(own).median).toBeLessThan(0.03);
    expect(figures(own).p90).toBeLessThan(0.075);
  });
});
