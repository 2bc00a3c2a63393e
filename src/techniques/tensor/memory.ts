import { bytesPer } from '../../plan/dtypes';
import type { Model } from '../../plan/types';
import { part } from '../../tape/cards';
import { copied } from '../../tape/pytorch/aten';
import { type PytorchStep, tokensOf } from '../../tape/pytorch/context';
import type { Sharing } from '../../tape/pytorch/rules';
import type { Packing, Tensor } from '../../tape/trace';
import { ring, toCards } from '../cards';

/** One card's part of every matrix: heads, the inner width of the MLP, and rows of the vocabulary, padded up. */
export const tensorModel = (model: Model, n: number): Model => ({
  ...model,
  heads: part(model.heads, n),
  // Where there are more cards than key heads, several have the same one.
  kvHeads: part(model.kvHeads, n),
  ffn: part(model.ffn, n),
  sharedFfn: part(model.sharedFfn, n),
  vocab: part(model.vocab, n),
});

const LABEL = 'tensor';

/** Sums a tensor over the cards, in place: twice (n − 1)/n of it goes over the links. A view has no bytes of its own. */
function allReduce({ trace }: PytorchStep, x: Tensor, n: number): void {
  const bytes = x.shape.reduce((product, size) => product * size, bytesPer(x.dtype));
  trace.op({ op: 'all_reduce', label: LABEL, reads: [x], writes: [x], traffic: toCards(ring(bytes, n, 2), false) });
}

/** Megatron-LM (Shoeybi et al., arXiv:1909.08053): partial sums are added up after each part, and gradients before it. */
export function tensorSharing(n: number): Sharing {
  return {
    part: (step, input, run) => {
      const output = run(input);
      allReduce(step, output, n);
      // The gradient of the input is a partial sum too, of the same size.
      step.trace.record({
        output,
        inputs: [output],
        saved: [],
        backward: (g) => {
          allReduce(step, g, n);
          return [step.trace.hold(g)];
        },
      });
      return output;
    },
    embedded: (step, partial) => {
      allReduce(step, partial, n);
      return partial;
    },
    head: (step, hidden, run) => {
      const backward = run(hidden);
      return () => {
        const gradient = backward();
        if (gradient) allReduce(step, gradient, n);
        return gradient;
      };
    },
  };
}

/**
 * With sequence parallelism (Korthikanti et al., arXiv:2205.05198) each card has its part of the tokens between the
 * products: their input is gathered, and their output is summed and scattered. Backward gathers the input again, or
 * forward keeps it.
 */
export function sequenceSharing(n: number, keeps: boolean): Sharing {
  const hop = (whole: number) => toCards(ring(whole, n), false);
  const size = (step: PytorchStep): number => tokensOf(step.rows);
  const scattered = (step: PytorchStep, whole: Tensor): Tensor => {
    const width = whole.shape.at(-1) ?? 1;
    const output = copied(step.trace, 'reduce_scatter', whole, [part(size(step), n), width], 'all_gather', hop(whole.bytes));
    step.trace.release(whole);
    return output;
  };
  const gather = (step: PytorchStep, x: Tensor): { whole: Tensor; packing: Packing } => {
    const { trace } = step;
    const whole = trace.tensor('gathered', [size(step), x.shape.at(-1) ?? 1], x.dtype, 'activations');
    const write = (to: Tensor): void => {
      trace.op({ op: 'all_gather', label: LABEL, reads: [x], writes: [to], traffic: hop(whole.bytes) });
    };
    write(whole);
    // Several products read it one after the other in backward; one gathering serves all of them.
    let again = false;
    const unpack = (restored: Tensor): void => {
      if (again) trace.op({ op: 'view', label: LABEL, writes: [restored], moved: 0 });
      else write(restored);
      again = true;
    };
    return { whole, packing: { codes: [trace.hold(x)], unpack } };
  };
  const during = <R>(step: PytorchStep, whole: Tensor, packing: Packing, run: () => R): R => {
    if (!keeps) return step.trace.keptAs(whole, packing, run);
    step.trace.release(...packing.codes);
    return run();
  };
  const back = (step: PytorchStep, of: Tensor, gradient: Tensor): Tensor => {
    const { trace } = step;
    const output = trace.tensor('gradient', of.shape, of.dtype, 'temporary', of.bytes);
    trace.op({ op: 'reduce_scatter', label: LABEL, reads: [gradient], writes: [output], traffic: hop(gradient.bytes) });
    return output;
  };
  return {
    part: (step, input, run) => {
      const { whole, packing } = gather(step, input);
      step.trace.record({ output: whole, inputs: [input], saved: [], backward: (g) => [back(step, input, g)] });
      const output = during(step, whole, packing, () => run(whole));
      step.trace.release(whole);
      return scattered(step, output);
    },
    embedded: scattered,
    head: (step, hidden, run) => {
      const { whole, packing } = gather(step, hidden);
      whole.requiresGrad = hidden.requiresGrad;
      const backward = during(step, whole, packing, () => run(whole));
      step.trace.release(whole);
      return () => {
        const gradient = backward();
        if (!gradient) return null;
        const output = back(step, hidden, gradient);
        step.trace.release(gradient);
        return output;
      };
    },
  };
}
