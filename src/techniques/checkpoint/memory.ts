import { FAMILIES } from '../../plan/families';
import type { Heads } from '../../tape/pytorch/attention';
import type { PytorchStep, Stretch } from '../../tape/pytorch/context';
import { segmentsOf } from '../../tape/pytorch/stretches';
import type { GradNode, Tensor } from '../../tape/trace';
import { packToHost } from '../activation-offload/memory';

export interface Segments {
  /** Layers in one. */
  every: number;
  /** Their inputs wait in the host's memory. */
  offload: boolean;
  /** Backward runs inside backward. */
  reentrant?: boolean;
}

/**
 * torch.utils.checkpoint around segments of `every` layers: forward keeps each segment's input,
 * backward runs the segment's forward again and differentiates it. Chen et al., arXiv:1604.06174.
 */
export function checkpointPytorch(step: PytorchStep, { every, offload, reentrant = false }: Segments): void {
  const { trace } = step;
  trace.phase('forward');
  const embedded = trace.capture(() => step.embed());
  // Trainers make the embedding's output require a gradient, or a frozen embedding would stop the backward of everything.
  embedded.value.requiresGrad = true;
  let x = embedded.value;
  const passes: { segment: Stretch; boundary: Tensor }[] = [];
  for (const segment of segmentsOf(step.recipe, every)) {
    [x] = trace.repeat({ axis: 'layer', ...segment }, [x], ([entry]) => {
      const boundary = entry as Tensor;
      passes.push({ segment, boundary });
      if (offload) trace.keep(boundary, (tensor) => packToHost(trace, tensor));
      else trace.keep(boundary);
      let current = boundary;
      for (let layer = 0; layer < segment.stride; layer++) {
        step.enter(segment, layer);
        const next = trace.noGrad(() => step.layer(current));
        trace.release(current);
        current = next;
      }
      current.requiresGrad = true;
      return [current];
    }) as [Tensor];
  }
  step.enter(null);
  const backward = step.head(x);
  step.endAutocast('everywhere');
  trace.phase('backward');
  let gradient = backward();
  for (const { segment, boundary } of passes.reverse()) {
    if (!gradient) break;
    [gradient = null] = trace.repeat({ axis: 'layer', ...segment, reverse: true }, [gradient], ([seed]) => {
      const layers: { input: Tensor; value: Tensor; nodes: GradNode[] }[] = [];
      trace.restore(boundary);
      let current = trace.hold(boundary);
      for (let layer = 0; layer < segment.stride; layer++) {
        step.enter(segment, layer);
        const input = current;
        const pass = trace.capture(() => step.layer(input));
        layers.push({ input, ...pass });
        trace.release(input);
        current = pass.value;
      }
      // The inner backward is called from a function of the outer one: what that names lives until it returns.
      const named = reentrant ? [trace.hold(current), trace.hold(seed as Tensor)] : [];
      trace.release(current);
      step.endAutocast('here');
      let through = seed as Tensor;
      for (let layer = segment.stride - 1; layer >= 0; layer--) {
        const { input, value, nodes } = layers[layer] as (typeof layers)[number];
        step.enter(segment, layer);
        [through] = step.backward(nodes, value, through, [input]) as [Tensor];
        step.afterLayerBackward();
      }
      trace.release(...named);
      trace.done(boundary);
      return [through];
    });
  }
  step.enter(null);
  if (gradient && embedded.nodes.length) step.backward(embedded.nodes, embedded.value, gradient);
  else trace.release(gradient);
}

/**
 * Attention's core alone is run again from queries, keys and values (Korthikanti et al., arXiv:2205.05198, §5). A fused
 * kernel keeps nothing else worth the while, and is left as it is.
 */
export function recomputedCore(step: PytorchStep, heads: Heads, plain: (heads: Heads) => Tensor): Tensor {
  const { trace, recipe } = step;
  const { position } = FAMILIES[recipe.model.family];
  if (recipe.pytorch.attention === 'sdpa' && position !== 'alibi' && position !== 'relative') return plain(heads);
  const inputs = [heads.q, heads.k, heads.v];
  const core = (): Tensor => {
    for (const input of inputs) trace.hold(input);
    return plain(heads);
  };
  const output = trace.noGrad(core);
  trace.record({
    output,
    inputs,
    saved: inputs,
    backward: (g) => {
      const { value, nodes } = trace.capture(core);
      trace.release(value);
      return step.backward(nodes, value, trace.hold(g), inputs);
    },
  });
  trace.release(...inputs);
  return output;
}
