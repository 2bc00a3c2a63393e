/** T5's encoder: it runs before the decoder, every layer of which attends to its output. */
import type { GradNode, Tensor } from '../trace';
import * as aten from './aten';
import { type PytorchStep, type Stretch, streamType, tokensOf } from './context';
import { lookup } from './embed';
import { preNormLayer } from './layers';
import { norm } from './norms';

export interface Encoder {
  /** The encoder's output. Its gradient is summed over the decoder's layers. */
  memory: Tensor;
  /** Backward begins: the sums that it adds to. */
  begin(): void;
  /** Adds one use's gradient of the output; takes over its reference. */
  take(gradient: Tensor): void;
  /** Ends the pass: the encoder's own backward, where one was begun. */
  end(): void;
}

/** The same step with the encoder's parameters in place of the decoder's; what every layer shares is the same in both. */
function inEncoder(step: PytorchStep): PytorchStep {
  const shared = new Set(step.recipe.added(step.recipe.model).shared.map((weight) => weight.name));
  const own = (name: string): string => (shared.has(name) ? name : `encoder.${name}`);
  return {
    ...step,
    parameter: (name) => step.parameter(own(name)),
    weight: (name) => step.weight(own(name)),
    has: (name) => step.has(own(name)),
    cachedCast: (name) => step.cachedCast(`encoder.${name}`),
    cacheCast: (name, copy) => step.cacheCast(`encoder.${name}`, copy),
  };
}

/** The encoder's layers are numbered behind the decoder's. */
export const encoderStretch = ({ layers, encoderLayers }: { layers: number; encoderLayers: number }): Stretch => ({
  from: layers,
  count: encoderLayers,
  stride: 1,
});

/** A stretch, its first layer by itself where that one is different. */
const apart = (stretch: Stretch, different: boolean): Stretch[] =>
  different && stretch.count > 1
    ? [
        { ...stretch, count: 1 },
        { ...stretch, from: stretch.from + 1, count: stretch.count - 1 },
      ]
    : [stretch];

/**
 * Runs the encoder forward; source and target are both `sequence` tokens long. Its layers are kept or, where the plan's
 * schedule recomputes layers, run again in backward.
 */
export function encode(step: PytorchStep): Encoder {
  const { trace, recipe } = step;
  const inside = inEncoder(step);
  const learns = trace.keepsForBackward;
  const capture = <R>(body: () => R): { value: R; nodes: GradNode[] } =>
    learns ? trace.capture(body) : { value: body(), nodes: [] };
  const dropped = (x: Tensor): Tensor => {
    const output = aten.dropout(trace, x, recipe.model.dropout, step.options.kernels);
    trace.release(x);
    return output;
  };
  const biases = [positionBias(step, 'encoder.position'), positionBias(step, 'position'), positionBias(step, null)];

  const embedded = capture(() => dropped(lookup(step, 'embed', tokensOf(step.rows))));
  const recomputes = learns && recipe.pytorch.recomputesLayers === true;
  if (recomputes) embedded.value.requiresGrad = true;
  const passes: { stretch: Stretch; input: Tensor; output: Tensor; nodes: GradNode[] }[] = [];
  let last = embedded.value;
  // The first layer keeps less where its input needs no gradient.
  for (const stretch of apart(encoderStretch(recipe.model), !last.requiresGrad)) {
    step.enter(stretch);
    [last] = trace.repeat({ axis: 'layer', ...stretch }, [last], ([entry]) => {
      const input = entry as Tensor;
      if (recomputes) trace.keep(input);
      const run = recomputes
        ? { value: trace.noGrad(() => preNormLayer(inside, input, step.rows)), nodes: [] }
        : capture(() => preNormLayer(inside, input, step.rows));
      if (recomputes) run.value.requiresGrad = true;
      passes.push({ stretch, input, output: run.value, nodes: run.nodes });
      trace.release(input);
      return [run.value];
    }) as [Tensor];
  }
  step.enter(null);
  const { value: memory, nodes } = capture(() => dropped(norm(inside, 'norm', last)));
  trace.release(last);
  // Its uses hand their gradients over one by one, as those of a parameter.
  memory.leaf = true;

  let sum: Tensor | null = null;
  const layersBackward = (seed: Tensor, { stretch, input, output, nodes: kept }: (typeof passes)[number]): Tensor | null => {
    step.enter(stretch);
    const [through = null] = trace.repeat({ axis: 'layer', ...stretch, reverse: true }, [seed], ([gradient]) => {
      let of = output;
      let own: readonly GradNode[] = kept;
      if (recomputes) {
        trace.restore(input);
        const again = trace.capture(() => preNormLayer(inside, input, step.rows));
        trace.release(again.value);
        step.endAutocast('here');
        of = again.value;
        own = again.nodes;
      }
      const [next] = step.backward(own, of, gradient as Tensor, [input]);
      step.afterLayerBackward();
      if (recomputes) trace.done(input);
      return [next ?? null];
    });
    step.enter(null);
    return through;
  };
  return {
    memory,
    begin: () => {
      if (!memory.requiresGrad) return;
      sum = trace.tensor('encoder.gradient', memory.shape, memory.dtype, 'temporary');
      trace.op({ op: 'aten.zeros', label: 'encoder', writes: [sum] });
      for (const bias of biases) bias.begin();
    },
    take: (gradient) => {
      if (!sum) throw new Error('encoder: a gradient came before backward began');
      trace.op({ op: 'aten.add_', label: 'encoder', reads: [sum, gradient], writes: [sum] });
      trace.release(gradient);
    },
    end: () => {
      memory.leaf = false;
      if (sum) {
        let [gradient = null] = step.backward(nodes, memory, sum, [last]);
        for (const pass of passes.reverse()) if (gradient) gradient = layersBackward(gradient, pass);
        if (gradient && embedded.nodes.length) step.backward(embedded.nodes, embedded.value, gradient);
        else trace.release(gradient);
      }
      for (const bias of biases) bias.end();
      trace.release(memory);
    },
  };
}

/**
 * A table's bias and the mask, added to the scores of every layer of a stack: [batch, heads, queries, keys], there until
 * the pass ends; its gradient, summed over the layers, likewise. Cross-attention has zeros and the mask.
 */
function positionBias(step: PytorchStep, table: string | null): { begin(): void; end(): void } {
  const { trace, recipe, rows } = step;
  const { heads } = recipe.model;
  const parameter = table ? step.parameter(table) : null;
  const shape = [rows.batch, heads, rows.tokens, rows.tokens];
  const ids = trace.tensor('buckets', [rows.tokens, rows.tokens], 'int64', 'activations');
  const bias = trace.tensor('position_bias', shape, streamType(recipe), 'activations');
  trace.op({ op: 'position_bias', label: table ?? 'cross.position', reads: parameter ? [parameter] : [], writes: [bias, ids] });
  const learns = parameter?.requiresGrad === true && trace.keepsForBackward;
  if (!learns) trace.release(ids);
  let gradient: Tensor | null = null;
  return {
    begin: () => {
      if (!learns) return;
      gradient = trace.tensor('position_bias.gradient', shape, bias.dtype, 'temporary');
      trace.op({ op: 'aten.zeros', label: table ?? '', writes: [gradient] });
    },
    end: () => {
      if (gradient && parameter) {
        trace.onParameterGradient(parameter, aten.gradientOf(trace, 'aten.embedding_dense_backward', parameter, [gradient, ids]));
        trace.release(gradient);
      }
      if (learns) trace.release(ids);
      trace.release(bias);
    },
  };
}
