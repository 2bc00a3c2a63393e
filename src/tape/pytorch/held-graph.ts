/**
 * A graph that outlives its backward. Autograd lets go what it saved as it walks, but not what a custom function keeps by itself,
 * as bitsandbytes' `ctx.tensors` does: that ends with the graph, which lives as long as its loss. A loop that is written out, as
 * LitGPT's is (finetune/lora.py), holds a loss until the next one is there: through the whole next forward.
 */
import type { Recipe } from '../recipe';
import type { Tensor, Trace } from '../trace';
import type { PytorchOptions, Stretch } from './context';
import type { LayerWriter } from './layer-spans';

export interface HeldGraph {
  /** Keeps an input of the forward that runs. */
  keep(input: Tensor, stretch: Stretch | null): void;
  /** The next loss is there: the graph before it goes. */
  lossIsThere(): void;
  /** After backward: `release` ends inputs, a layer's in each of its layers. */
  afterBackward(release: (inputs: readonly { tensor: Tensor; stretch: Stretch | null }[]) => void): void;
}

/** Null where a graph keeps nothing, or goes with its backward. */
export function heldGraph(
  trace: Trace,
  { pytorch }: Recipe,
  { holdGraph }: PytorchOptions,
  layers: LayerWriter,
): HeldGraph | null {
  if (!holdGraph || !pytorch.quantizedKeepsInput) return null;
  const inputs = new Map<Tensor, Stretch | null>();
  /** What the graph before has of them: as much, as soon as that is known. */
  const before = trace.tensor('graph', [0], 'int8', 'activations');
  const begins = (): void => {
    trace.op({ op: 'buffer', label: 'graph', writes: [before], moved: 0 });
  };
  begins();
  let gone = false;
  return {
    keep: (input, stretch) => {
      if (!gone && trace.keepsForBackward && !inputs.has(input)) inputs.set(trace.hold(input), stretch);
    },
    lossIsThere: () => {
      if (!gone) trace.release(before);
      gone = true;
    },
    afterBackward: (release) => {
      if (!gone) return;
      const placed = [...inputs].map(([tensor, stretch]) => ({ tensor, stretch }));
      before.bytes = layers.span(() =>
        placed.reduce((sum, { tensor, stretch }) => sum + tensor.bytes * (stretch?.count ?? 1), 0),
      );
      before.shape = [before.bytes];
      release(placed);
      Object.assign(before, { allocated: false, refs: 1 });
      begins();
      inputs.clear();
      gone = false;
    },
  };
}
