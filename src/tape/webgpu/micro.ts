/** Micro-batches of one step: each runs forward and backward on its part of the inputs, and gradients add up. */
import type { Tensor } from '../trace';
import { type Context, clearGradients } from './context';
import type { Inputs } from './head';
import { isOfLayer } from './layer';
import { make, reserve } from './ops';

/** Runs `body` on the inputs of each micro-batch; their losses come together in the step's own. */
export function eachMicroBatch(context: Context, inputs: Inputs, body: (inputs: Inputs) => void): void {
  const { trace, recipe } = context;
  const { accumulate } = recipe;
  if (accumulate === 1) {
    body(inputs);
    return;
  }
  trace.repeat({ axis: 'micro', count: accumulate }, [], () => {
    const part = (whole: Tensor): Tensor => {
      const [elements = 1] = whole.shape;
      return make(trace, `${whole.name}.micro`, [elements / accumulate], 'temporary', whole.dtype);
    };
    const taken = (whole: Tensor): Tensor => {
      const own = part(whole);
      trace.op({ op: 'micro_take', label: whole.name, reads: [whole], writes: [own] });
      return own;
    };
    const own: Inputs = {
      tokens: taken(inputs.tokens),
      targets: taken(inputs.targets),
      order: taken(inputs.order),
      starts: taken(inputs.starts),
      reference: inputs.reference && taken(inputs.reference),
      advantages: inputs.advantages && taken(inputs.advantages),
      loss: part(inputs.loss),
    };
    reserve(trace, own.loss);
    body(own);
    trace.op({ op: 'micro_put', label: 'loss', reads: [own.loss], writes: [inputs.loss] });
    trace.release(own.tokens, own.targets, own.order, own.starts, own.reference, own.advantages, own.loss);
    return [];
  });
}

/** Makes and clears every gradient: what micro-batches add to. */
export function clearAll(context: Context): void {
  const { trace, recipe } = context;
  const names = [...context.weights.keys()];
  trace.repeat({ axis: 'layer', count: recipe.model.layers }, [], () => {
    clearGradients(context, names.filter(isOfLayer));
    return [];
  });
  clearGradients(
    context,
    names.filter((name) => !isOfLayer(name)),
  );
}
