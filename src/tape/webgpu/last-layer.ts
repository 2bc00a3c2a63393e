/**
 * The last layer and the head as one: nothing lies between the layer's output and the loss, so a backward that goes by stretches of
 * positions takes each from the layer's input through the logits and back in one go. The layer does not run twice, its output is never
 * whole, and the gradient of its input takes the place of that input.
 */
import type { Tensor } from '../trace';
import { type Context, clearGradients, linear, trains } from './context';
import { headName, headRows, type Inputs, throughRows } from './head';
import { activation, backwardRows, copyRows, product, stretchesBack, updateLayer } from './layer';
import { type Rows, slice } from './ops';
import { keyWidth, stretchOf } from './stretches';

/** The shorter of the layer's and the head's stretches. */
function stretch(context: Context): Rows {
  const [layer, head] = [stretchOf(context), headRows(context)];
  return layer.chunk < head.chunk ? layer : head;
}

/**
 * Whether the plan's last layer goes with the head: both by stretches, and it costs no bytes. Apart, the layer's output is live with
 * what the head makes, and then with the layer's keys, values and their gradients; as one, all but the output is live together.
 */
export function joinsHead(context: Context): boolean {
  const { recipe, all } = context;
  const { backward, objective, reversible, head } = recipe.webgpu;
  if (backward.keep !== 'input' || backward.every > 1 || objective || reversible) return false;
  if (stretchOf(context).chunk === 0 || headRows(context).chunk === 0) return false;
  const { hidden, vocab, tiedEmbeddings } = recipe.model;
  const logits = stretch(context).count * (head.kind === 'tiles' ? Math.min(head.columns, vocab) : vocab);
  // Where the optimizer waits for the whole backward, or other passes add to it, the gradient of the head's matrix is live anyway.
  const ends = recipe.layerwise && recipe.accumulate === 1 && !tiedEmbeddings && trains(context, headName(context));
  const made = logits + (ends ? vocab * hidden : 0);
  return Math.min(4 * all.count * keyWidth(context), made) <= all.count * hidden;
}

/** Loss of every row; `x`, the input of the last layer, becomes its own gradient. */
export function lastLayer(context: Context, x: Tensor, inputs: Inputs): void {
  const { trace, recipe } = context;
  const { hidden, layers } = recipe.model;
  trace.phase('backward');
  // They are no layer's, and outlive this one.
  clearGradients(context, ['norm', headName(context)]);
  trace.repeat({ axis: 'layer', count: 1, from: layers - 1 }, [], () => {
    stretchesBack(context, stretch(context), x, (rows, inner, sums) => {
      const z = product(context, rows, inner.gate, inner.up, false);
      const y = activation(context, 'y', rows.count, hidden);
      linear(context, rows, 'mlp.down', z, y, { addend: inner.h });
      trace.release(z);
      const dy = activation(context, 'dy', rows.count, hidden);
      throughRows(context, rows, y, inputs, dy);
      trace.release(y);
      backwardRows(
        context,
        rows,
        () => trace.hold(x),
        (name) => inner[name],
        dy,
        sums,
      );
      copyRows(context, rows, dy, slice(rows, x), 'boundary');
      trace.release(dy);
    });
    updateLayer(context);
    return [];
  });
}
