/** Several cards: the figures that were reached, as upper bounds. */
import { describe, expect, it } from 'vitest';
import { evaluate } from './evaluate';
import { evaluateMany } from './many-cards';
import { figures, groupedFigures } from './statistics';
import { VARIANT_CLASSES, variantsOf } from './variants';

const { rows, refused } = evaluateMany();
const of = (source: string, quantity: string) =>
  figures(rows.filter((row) => row.record.source === source && row.quantity === quantity));

describe('estimates against measurements on several cards', () => {
  it('expresses what is written of in full', () => {
    expect(rows.length + refused.length).toBe(110);
    expect(rows.length).toBeGreaterThanOrEqual(90);
  });

  it('live bytes with tensor, pipeline and ZeRO-1 parallelism: nanotron, 1 to 64 cards', () => {
    const own = of('nanotron-bench', 'allocated');
    expect(own.n).toBe(23);
    expect(own.median).toBeLessThan(0.004);
    expect(own.p90).toBeLessThan(0.012);
  });

  it('live bytes with tensor, pipeline and ZeRO-1 parallelism: Megatron-LM on 8 cards, as SimuMax measured', () => {
    const own = of('simumax', 'allocated');
    expect(own.n).toBe(8);
    expect(own.median).toBeLessThan(0.035);
    expect(own.p90).toBeLessThan(0.06);
  });

  it('live bytes with FSDP2 and offload: torchtitan, torchtune', () => {
    expect(of('torchtitan', 'allocated').p90).toBeLessThan(0.03);
    expect(of('torchtune', 'allocated').p90).toBeLessThan(0.13);
  });

  it('live bytes of adapters in the first FSDP, quantized or not: fms-acceleration', () => {
    const own = of('fms-acceleration', 'allocated');
    expect(own.n).toBe(16);
    expect(own.median).toBeLessThan(0.02);
    expect(own.p90).toBeLessThan(0.07);
  });

  it('the first FSDP around checkpoints, weights on the host or not: fsdp_qlora on two cards of 24 GiB', () => {
    expect(of('fsdp-qlora', 'allocated').p90).toBeLessThan(0.015);
    expect(of('fsdp-qlora', 'reserved').median).toBeLessThan(0.06);
    expect(of('fsdp-qlora', 'reserved').p90).toBeLessThan(0.13);
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

describe('several cards, adapters, quantized weights, 8-bit and low-rank optimizers together', () => {
  const variants = variantsOf(evaluate().rows, rows);

  it('stays within 3 % in the median and 12 % at the 90th percentile, record by record and table by table', () => {
    expect(variants.length).toBeGreaterThanOrEqual(215);
    for (const { median, p90 } of [figures(variants), groupedFigures(variants)]) {
      expect(median).toBeLessThan(0.03);
      expect(p90).toBeLessThan(0.12);
    }
  });

  it.each(['several cards', 'adapters', 'quantized weights'])('of %s alone: 5 % and 15 %', (name) => {
    const { median, p90 } = figures(variants.filter(({ classes }) => classes.includes(name)));
    expect(median).toBeLessThan(0.05);
    expect(p90).toBeLessThan(0.15);
  });

  it.each(VARIANT_CLASSES)('has records of %s', (name) => {
    expect(variants.filter(({ classes }) => classes.includes(name)).length).toBeGreaterThanOrEqual(6);
  });
});
