/** A micro-batch through the model and back, with layers as a schedule writes them. */
import type { Tensor } from '../trace';
import type { PytorchStep } from './context';

/** Passes over all layers: forward takes over their input, backward the gradient of their output (null: none flows on). */
export interface LayerPasses {
  forward(input: Tensor): Tensor;
  backward(gradient: Tensor): Tensor | null;
  /** The layers' input is made to require a gradient, or a frozen embedding would stop the backward of layers that run again. */
  fromInput: boolean;
  /** What is left to do in layers when backward is over. */
  after?(): void;
}

export function thereAndBack(step: PytorchStep, { forward, backward, fromInput, after }: LayerPasses): void {
  const { trace } = step;
  trace.phase('forward');
  const embedded = trace.capture(() => step.embed());
  if (fromInput) embedded.value.requiresGrad = true;
  const output = step.layers.pass(embedded.value, forward);
  step.enter(null);
  const back = step.head(output);
  step.endAutocast('everywhere');
  trace.phase('backward');
  const seed = back();
  const gradient = seed && step.layers.pass(seed, backward);
  step.enter(null);
  if (gradient && embedded.nodes.length) step.backward(embedded.nodes, embedded.value, gradient);
  else trace.release(gradient);
  if (after) step.layers.span(after);
}
