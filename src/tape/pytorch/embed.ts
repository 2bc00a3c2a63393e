import { FAMILIES } from '../../plan/families';
import { isLast, part } from '../cards';
import type { Tensor } from '../trace';
import * as aten from './aten';
import { type PytorchStep, streamType, tokensOf } from './context';
import { encode } from './encoder';
import { norm } from './norms';

/** Ids to the residual stream: the table's rows, positions and types added, normed and dropped where the family does so. */
export function embed(step: PytorchStep): Tensor {
  const { trace, recipe, rows } = step;
  const { model } = recipe;
  const { position } = FAMILIES[model.family];
  positionTables(step);
  if (model.encoderLayers > 0) step.encoder = encode(step);
  let x = model.family === 'vit' ? patches(step) : lookup(step, 'embed', tokensOf(rows));
  const chain = (f: (x: Tensor) => Tensor): void => {
    const next = f(x);
    trace.release(x);
    x = next;
  };
  const plus = (name: string, count: number): void =>
    chain((y) => {
      const other = lookup(step, name, count);
      const sum = aten.add(trace, y, other);
      trace.release(other);
      return sum;
    });
  if (step.has('embed.type')) plus('embed.type', tokensOf(rows));
  if (position === 'learned') plus('position', rows.tokens);
  const { sharing } = recipe.pytorch;
  if (sharing) x = sharing.embedded(step, x);
  if (step.has('embed.norm')) chain((y) => norm(step, 'embed.norm', y));
  if (model.family.startsWith('gemma')) chain((y) => aten.scale(trace, y));
  if (model.dropout > 0) chain((y) => aten.dropout(trace, y, model.dropout, step.options.kernels));
  return x;
}

/** cos and sin of rotary positions, shared by all layers; their products keep them. */
function positionTables(step: PytorchStep): void {
  const { trace, recipe, rows } = step;
  if (FAMILIES[recipe.model.family].position !== 'rotary') return;
  const tables = ['cos', 'sin'].map((name) =>
    trace.tensor(name, [rows.tokens, recipe.model.headDim], streamType(recipe), 'activations'),
  );
  trace.op({ op: 'rotary', label: 'rotary', writes: tables });
  step.holdUntilBackwardEnds(...tables);
}

/** A pipeline's later stages start from what the stage before them sent, and send its gradient back. */
export function received(step: PytorchStep): Tensor {
  const { trace, recipe, rows } = step;
  positionTables(step);
  const { sequence, tensor, stage } = recipe.cards;
  const tokens = sequence === 'whole' ? tokensOf(rows) : part(tokensOf(rows), tensor);
  const input = trace.tensor('pipeline.input', [tokens, recipe.model.hidden], streamType(recipe), 'activations');
  const times = stage.pieces + (isLast(stage) ? stage.pieces - 1 : 0);
  trace.op({
    op: 'recv',
    label: 'pipeline',
    writes: [input],
    traffic: { to: 'cards', bytes: times * input.bytes, hidden: false },
  });
  input.requiresGrad = !recipe.pytorch.forwardOnly;
  return input;
}

/** Rows of a table; keeps the ids, and makes a gradient of the whole table. */
export function lookup(step: PytorchStep, name: string, count: number): Tensor {
  const { trace, recipe } = step;
  const table = step.parameter(name);
  const ids = trace.tensor('ids', [count], 'int64', 'activations');
  const output = trace.tensor(name, [count, recipe.model.hidden], streamType(recipe), 'activations');
  trace.op({ op: 'aten.embedding', label: name, reads: [table, ids], writes: [output] });
  trace.record({
    label: name,
    output,
    inputs: [table],
    saved: [ids],
    backward: (g) => [aten.gradientOf(trace, 'aten.embedding_dense_backward', table, [g, ids])],
  });
  trace.release(ids);
  return output;
}

/** ViT: pixels of each patch through one matrix. */
function patches(step: PytorchStep): Tensor {
  const { trace, recipe, rows } = step;
  const weight = step.parameter('embed');
  const pixels = trace.tensor('pixels', [tokensOf(rows), weight.shape.at(-1) ?? 1], streamType(recipe), 'activations');
  trace.op({ op: 'input', label: 'pixels', writes: [pixels], moved: 0 });
  const output = aten.addmm(trace, pixels, weight, step.parameter('embed.bias'));
  trace.release(pixels);
  return output;
}
