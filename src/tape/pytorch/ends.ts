/** What stands behind the layers: the final norm, the head and the loss, or the next stage of a pipeline. */
import { isFirst } from '../cards';
import type { Tensor } from '../trace';
import type { PytorchStep } from './context';
import { norm } from './norms';

/**
 * A stage's output goes to the next one, and its gradient comes from there. Between its pieces the last stage sends to the first,
 * which sends the gradients back.
 */
export function sent(step: PytorchStep, hidden: Tensor): () => Tensor | null {
  const { trace, recipe } = step;
  const { stage } = recipe.cards;
  const times = stage.pieces + (isFirst(stage) ? stage.pieces - 1 : 0);
  const traffic = { to: 'cards', bytes: times * hidden.bytes, hidden: false } as const;
  const { shape, dtype, bytes } = hidden;
  trace.op({ op: 'send', label: 'pipeline', reads: [hidden], traffic });
  trace.release(hidden);
  return () => {
    const gradient = trace.tensor('pipeline.gradient', shape, dtype, 'temporary', bytes);
    trace.op({ op: 'recv', label: 'pipeline', writes: [gradient] });
    return gradient;
  };
}

/** Final norm (where the family has one), head and loss. */
export function head(step: PytorchStep, hidden: Tensor): () => Tensor | null {
  const { trace } = step;
  const { value: normed, nodes } = trace.capture(() => (step.has('norm') ? norm(step, 'norm', hidden) : trace.hold(hidden)));
  trace.release(hidden);
  const { loss, sharing } = step.recipe.pytorch;
  const backward = sharing ? sharing.head(step, normed, (whole) => loss(step, whole)) : loss(step, normed);
  trace.release(normed);
  return () => {
    const gradient = backward();
    if (!nodes.length) return gradient;
    if (!gradient) {
      for (const tensor of nodes.flatMap((node) => node.saved)) trace.discard(tensor);
      return null;
    }
    return step.backward(nodes, normed, gradient, [hidden])[0] ?? null;
  };
}
