import type { Model } from '../../plan/types';
import { type Weight, weightsOf } from '../../plan/weights';
import * as aten from '../../tape/pytorch/aten';
import { type PytorchStep, streamType } from '../../tape/pytorch/context';
import { decoderLayer } from '../../tape/pytorch/layers';
import { linear } from '../../tape/pytorch/linear';
import { segmentsOf } from '../../tape/pytorch/stretches';
import type { Recipe } from '../../tape/recipe';
import type { GradNode, Tensor } from '../../tape/trace';

export interface Side {
  model: Model;
  /** Rank of the ladders; 0 where they are whole matrices. */
  low: number;
  /** Numbers that mix a ladder with the side stream in each layer. */
  gates: number;
}

/** The same model, 1/`reduction` as wide throughout. */
export const sideModel = (model: Model, reduction: number): Model => ({
  ...model,
  hidden: Math.max(2, Math.floor(model.hidden / reduction)),
  // Rotary positions turn pairs.
  headDim: Math.max(2, 2 * Math.floor(model.headDim / reduction / 2)),
  ffn: Math.max(1, Math.floor(model.ffn / reduction)),
  sharedFfn: Math.ceil(model.sharedFfn / reduction),
});

const learner = (name: string, shape: readonly number[]): Weight => ({ name: `side.${name}`, shape, role: 'adapter' });

/** Matrices from the backbone's width to the side's. */
const down = (name: string, { model, low }: Side, hidden: number): Weight[] =>
  low > 0
    ? [learner(`${name}.a`, [low, hidden]), learner(`${name}.b`, [model.hidden, low])]
    : [learner(name, [model.hidden, hidden])];

/** A frozen model with a side network beside it, whose parameters alone learn. */
export function besideBackbone(recipe: Recipe, side: Side): Recipe {
  const { hidden } = recipe.model;
  return {
    ...recipe,
    adapters: null,
    trains: (weight) => weight.role === 'adapter',
    added: () => ({
      layer: [
        ...weightsOf(side.model).layer.map(({ name, shape }) => learner(name, shape)),
        ...down('down', side, hidden),
        learner('gate', [side.gates]),
      ],
      outside: [...down('first', side, hidden), learner('up', [hidden, side.model.hidden])],
      shared: [],
    }),
    pytorch: { ...recipe.pytorch, schedule: (step) => ladderSchedule(step, side) },
  };
}

/** The step as the side network's layers see it: narrower, and with their own weights. */
function beside(step: PytorchStep, { model }: Side): PytorchStep {
  const own = (name: string): string => `side.${name}`;
  return {
    ...step,
    recipe: { ...step.recipe, model },
    parameter: (name) => step.parameter(own(name)),
    weight: (name) => step.weight(own(name)),
    has: (name) => step.has(own(name)),
    cachedCast: (name) => step.cachedCast(own(name)),
    cacheCast: (name, copy) => step.cacheCast(own(name), copy),
  };
}

/**
 * The backbone runs forward keeping nothing but each layer's output, which its ladder reads and keeps; the side network
 * alone is differentiated. Its last state is widened and read by the frozen head (ylsung/Ladder-Side-Tuning).
 */
function ladderSchedule(step: PytorchStep, side: Side): void {
  const { trace, recipe } = step;
  const narrow = beside(step, side);
  const climb = (name: string, hidden: Tensor): Tensor => {
    if (side.low === 0) return linear(narrow, name, hidden);
    const low = linear(narrow, `${name}.a`, hidden);
    const output = linear(narrow, `${name}.b`, low);
    trace.release(low);
    return output;
  };
  trace.phase('forward');
  const embedded = trace.noGrad(() => step.embed());
  const first = trace.capture(() => {
    const rung = climb('first', embedded);
    const stream = aten.to(trace, rung, streamType(recipe));
    trace.release(rung);
    return stream;
  });
  let state: Tensor = first.value;
  let hidden = passed(step, embedded);
  const passes: { stretch: (typeof step.stretches)[number]; input: Tensor; output: Tensor; nodes: GradNode[] }[] = [];
  for (const stretch of segmentsOf(recipe, 1)) {
    step.enter(stretch);
    [hidden, state] = trace.repeat({ axis: 'layer', ...stretch }, [hidden, state], ([entry, input]) => {
      const next = trace.noGrad(() => step.layer(entry as Tensor));
      trace.release(entry);
      const { value: output, nodes } = trace.capture(() => {
        const rung = climb('down', next);
        const mix = mixed(step, input as Tensor, rung);
        const result = trace.within('side', () => decoderLayer(narrow, mix));
        trace.release(rung, mix);
        return result;
      });
      trace.release(input);
      passes.push({ stretch, input: input as Tensor, output, nodes });
      return [passed(step, next), output];
    }) as [Tensor, Tensor];
  }
  step.enter(null);
  trace.release(hidden);
  const last = state;
  const up = trace.capture(() => linear(narrow, 'up', last));
  trace.release(last);
  // The head's chunks end what autocast has cached outside the layers: these small copies end first.
  step.endAutocast('here');
  const backward = step.head(up.value);
  step.endAutocast('everywhere');
  trace.phase('backward');
  const wide = backward();
  // It belongs to the head's unit, which has come for it.
  let gradient: Tensor | null = wide ? (trace.backward(up.nodes, up.value, wide, [last])[0] ?? null) : null;
  for (const { stretch, input, output, nodes } of passes.reverse()) {
    if (!gradient) break;
    step.enter(stretch);
    [gradient = null] = trace.repeat({ axis: 'layer', ...stretch, reverse: true }, [gradient], ([seed]) => {
      const [through] = step.backward(nodes, output, seed as Tensor, [input]);
      step.afterLayerBackward();
      return [through ?? null];
    });
  }
  step.enter(null);
  if (gradient) step.backward(first.nodes, first.value, gradient);
}

/**
 * What the next layer gets of a hidden state that a ladder keeps: a view of it. Under autocast the ladder keeps a cast copy,
 * and the state itself goes on.
 */
function passed(step: PytorchStep, hidden: Tensor): Tensor {
  if (step.recipe.autocast && hidden.dtype !== step.recipe.compute) return hidden;
  const view = step.trace.tensor('hidden', hidden.shape, hidden.dtype, 'activations', 0);
  step.trace.op({ op: 'view', reads: [hidden], writes: [view], moved: 0 });
  step.trace.release(hidden);
  return view;
}

/** σ(gate) · state + (1 - σ(gate)) · rung. */
function mixed(step: PytorchStep, state: Tensor, rung: Tensor): Tensor {
  const { trace } = step;
  const share = aten.pointwise(trace, 'sigmoid', step.parameter('side.gate'), 'output');
  const rest = aten.shift(trace, share);
  const [kept, added] = [aten.mul(trace, state, share, state.dtype), aten.mul(trace, rung, rest, state.dtype)];
  trace.release(share, rest);
  const sum = aten.add(trace, kept, added);
  trace.release(kept, added);
  return sum;
}
