/**
 * Gradients in a wider type than their parameters': Megatron-LM's and nanotron's float32 sums, made once and added to
 * (core/distributed/param_and_grad_buffer: `param.main_grad.add_(param.grad.data)`; optim/gradient_accumulator).
 */
import { describe, expect, it } from 'vitest';
import type { Use } from '../../src/plan/types';
import { tapeOf } from '../../src/techniques/recipe-of';
import { highest, ops, parameters, peak, persistent, short, small, temporaries, use } from './bytes';
import { sent, spread } from './parallel/cards';

const P = parameters(small);
const of = (gradients?: string, optimizer: Use | string = 'sgd') =>
  short(small, { optimizer, ...(gradients ? { gradients } : {}) });

describe('float32 gradients of 16-bit parameters', () => {
  it('stay from step to step: 4 bytes a parameter in every phase', () => {
    expect(persistent(of('fp32')).gradients - persistent(of()).gradients).toBe(4 * P);
    expect(highest(of('fp32'), 'forward') - highest(of(), 'forward')).toBe(4 * P);
    // The plain step holds all 16-bit gradients at its end.
    expect(highest(of('fp32'), 'optimizer') - highest(of(), 'optimizer')).toBe(2 * P);
  });

  it('take each fresh gradient as it is: no wide copy, and no more with a second micro-batch', () => {
    expect(tapeOf(of('fp32')).tensors.filter(({ name }) => name.endsWith('main_grad'))).toHaveLength(1);
    expect(peak({ ...of('fp32'), accumulate: 4 })).toBe(peak(of('fp32')));
  });

  it('are the same under ZeRO-1, which reduces them once a step', () => {
    const zero = use('zero', { stage: 1, n: 2, 'reduce-bucket': 1, 'allgather-bucket': 1 });
    const plan = spread({ ...of('fp32', use('adamw', { master: true, fused: true })), accumulate: 4 }, [zero]);
    expect(persistent(plan).gradients).toBe(4 * P);
    expect(ops(plan).filter(({ node }) => node.label === 'zero' && node.op === 'reduce')).toHaveLength(1);
    // No bucket lives beside activations: sums are flattened when they go to the other cards.
    const bucketed = spread({ ...plan, accumulate: 1 }, [use('zero', { stage: 1, n: 2, 'reduce-bucket': 1000 })]);
    expect(persistent(bucketed).gradients).toBe(4 * P);
    expect(temporaries(bucketed, /^zero$/)).toBe(4000);
    expect(highest(bucketed, 'forward')).toBe(highest({ ...plan, accumulate: 1 }, 'forward'));
  });

  describe('beside 16-bit ones that stay longer', () => {
    const until = (moment: string) => ({
      ...of('fp32'),
      slots: { ...of('fp32').slots, gradients: use('fp32', { 'narrow-until': moment }) },
    });
    const last = (moment: string, accumulate: number) => highest({ ...until(moment), accumulate }, 'optimizer');

    it('are added to when backward has ended: all 16-bit gradients are there at its end, and none at the step (nanotron)', () => {
      expect(highest(until('backward'), 'backward') - highest(until('added'), 'backward')).toBeGreaterThan(0);
      expect(last('backward', 1)).toBe(last('added', 1));
      expect(peak({ ...until('backward'), accumulate: 4 })).toBe(peak(until('backward')));
      expect(ops(until('backward')).filter(({ node }) => node.label.endsWith('main_grad')).length).toBe(
        ops(until('added')).filter(({ node }) => node.label.endsWith('main_grad')).length,
      );
    });

    it("stay from the first micro-batch to the step's end: 2 bytes a parameter more (DeepSpeed's BF16_Optimizer)", () => {
      expect(last('step', 1) - last('added', 1)).toBe(2 * P);
      const second = (moment: string) => peak({ ...until(moment), sequence: 2048, accumulate: 2 });
      expect(second('step') - second('added')).toBe(2 * P);
      const zero = use('zero', { stage: 1, n: 2, 'reduce-bucket': 1, 'allgather-bucket': 1 });
      const plan = spread({ ...until('step'), accumulate: 2 }, [zero]);
      // The sums are reduced, the 16-bit gradients are not.
      expect(ops(plan).filter(({ node }) => node.label === 'zero' && node.op === 'reduce')).toHaveLength(1);
    });
  });

  it("are the buckets of data parallelism, as in Megatron-LM's own", () => {
    const plan = spread({ ...of('fp32'), accumulate: 4 }, [use('data', { n: 8 })]);
    expect(persistent(plan).gradients).toBe(4 * P);
    expect(sent(plan)).toBe((2 * 4 * P * 7) / 8);
    // Float32 parameters have gradients of their own type, and the buckets beside them.
    const plain = spread(short(small, { optimizer: 'sgd', precision: 'fp32', gradients: 'fp32' }), [use('data', { n: 8 })]);
    expect(highest(plain, 'optimizer') - persistent(plain).gradients - persistent(plain).weights).toBe(4 * P);
  });

  it('end with each update where the optimizer runs inside backward', () => {
    const lomo = of('fp32', 'lomo');
    expect(persistent(lomo).gradients).toBe(0);
  });
});
