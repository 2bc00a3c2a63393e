/** Steps without a backward pass: forward passes that keep nothing, and weights moved between them. */
import type { Tensor } from '../trace';
import { type Context, trains, weightOf } from './context';
import { embedded, type Inputs, lossOnly } from './head';
import { forwardLayer, isOfLayer } from './layer';
import { reserve } from './ops';
import { reversibleForward } from './reversible';
import type { ForwardStep } from './rules';

/** One pass that keeps nothing, and writes the loss of each row. */
export function forwardPass(context: Context, inputs: Inputs): void {
  const { trace, recipe } = context;
  const rule = recipe.webgpu.reversible;
  let x = embedded(context, inputs);
  if (rule) x = reversibleForward(context, x, rule);
  else
    [x] = trace.repeat({ axis: 'layer', count: recipe.model.layers }, [x], ([input]) => {
      const { y } = forwardLayer(context, input as Tensor, false);
      trace.release(input);
      return [y];
    }) as [Tensor];
  // A head that writes some rows at a time finds the whole of its result in place.
  reserve(trace, inputs.loss);
  lossOnly(context, x, inputs);
}

export function forwardOnly(context: Context, inputs: Inputs, write: (step: ForwardStep) => void): void {
  const { trace, all, recipe } = context;
  const names = [...context.weights.keys()].filter((name) => trains(context, name));
  write({
    trace,
    all,
    loss: inputs.loss,
    pass: (loss) => forwardPass(context, { ...inputs, loss }),
    each: (visit) => {
      const of = (name: string, site: number) =>
        visit(weightOf(context, name), (context.parts.get(name) as Tensor[])[0] as Tensor, site);
      const numbered = names.map((name, site) => ({ name, site }));
      const inside = numbered.filter(({ name }) => isOfLayer(name));
      if (inside.length > 0)
        trace.repeat({ axis: 'layer', count: recipe.model.layers }, [], () => {
          for (const { name, site } of inside) of(name, site);
          return [];
        });
      for (const { name, site } of numbered) if (!isOfLayer(name)) of(name, site);
    },
  });
}
