import { FAMILIES } from '../../plan/families';
import type { Model } from '../../plan/types';
import type { PytorchStep, Rows, Stretch } from '../../tape/pytorch/context';
import { chunkOfLayer } from '../../tape/pytorch/layers';
import { crossEntropyOf } from '../../tape/pytorch/loss';
import { lossBackwardByChunks } from '../../tape/pytorch/loss-chunks';
import { segmentsOf } from '../../tape/pytorch/stretches';
import { thereAndBack } from '../../tape/pytorch/there-and-back';
import type { Tensor } from '../../tape/trace';

/** Why a model's layers cannot run in chunks: the chunk is written for pre-norm decoders that project q, k and v apart. */
export function unstreamable({ family, fusedQkv }: Model, name = 'StreamBP'): string | undefined {
  const { title, fused } = FAMILIES[family];
  if (fusedQkv ?? fused) return `${title} projects q, k and v by one matrix, and ${name}'s chunks project them apart`;
  if (family === 'bert' || family === 'roberta' || family === 'vit')
    return `${title} looks both ways, and ${name}'s chunks see only what lies before them`;
  if (family === 't5') return `${title} has an encoder, which ${name} does not know`;
  return undefined;
}

/**
 * StreamBP (Luo et al., arXiv:2506.03077): boundaries as in checkpointing, but each layer's second forward and backward
 * run over chunks of `chunk` tokens that see the whole prefix of keys and values, and head and loss over chunks of
 * `logits` tokens with their backward at once. The released code re-projects the prefix for each chunk and sends its
 * gradients straight on, so that is what is written here.
 */
export function streamPytorch(step: PytorchStep, chunk: number): void {
  const { trace, rows } = step;
  const why = unstreamable(step.recipe.model);
  if (why) throw new Error(why);
  const passes: { stretch: Stretch; boundary: Tensor }[] = [];
  const size = Math.min(chunk, rows.tokens);
  const chunks = Math.ceil(rows.tokens / size);
  thereAndBack(step, {
    fromInput: true,
    forward: (embedded) => {
      let x = embedded;
      for (const stretch of segmentsOf(step.recipe, 1)) {
        step.enter(stretch);
        [x] = trace.repeat({ axis: 'layer', ...stretch }, [x], ([entry]) => {
          const boundary = entry as Tensor;
          passes.push({ stretch, boundary });
          trace.keep(boundary);
          const output = trace.noGrad(() => step.layer(boundary));
          trace.release(boundary);
          output.requiresGrad = true;
          return [output];
        }) as [Tensor];
      }
      return x;
    },
    backward: (seed) => {
      let gradient: Tensor | null = seed;
      for (const { stretch, boundary } of passes.reverse()) {
        if (!gradient) break;
        step.enter(stretch);
        [gradient = null] = trace.repeat({ axis: 'layer', ...stretch, reverse: true }, [gradient], ([above]) => {
          const through = above as Tensor;
          trace.restore(boundary);
          const into = trace.tensor('input.gradient', boundary.shape, boundary.dtype, 'temporary');
          const one = (): void => streamChunk(step, boundary, through, into, { batch: rows.batch, tokens: size }, chunks);
          // The first chunk makes the weights' gradients, the others add to them.
          one();
          trace.repeat({ axis: 'chunk', count: chunks - 1, from: 1 }, [], () => {
            one();
            return [];
          });
          trace.release(through);
          trace.done(boundary);
          step.afterLayerBackward();
          return [into];
        });
      }
      return gradient;
    },
  });
}

/** Rows of one chunk through a layer and back. Written with the longest prefix: the last chunk is the largest. */
function streamChunk(step: PytorchStep, boundary: Tensor, through: Tensor, into: Tensor, rows: Rows, chunks: number): void {
  const { trace } = step;
  const { value: output, nodes } = trace.capture(() => chunkOfLayer(step, boundary, rows, chunks));
  trace.release(output);
  step.endAutocast('here');
  // The released code retains the graph of every chunk but the last, so nothing that it keeps ends with the op that reads it.
  const retained = chunks > 1 ? [...new Set(nodes.flatMap((node) => node.saved))].map((tensor) => trace.hold(tensor)) : [];
  // The slice of the upstream gradient is a view.
  const slice = trace.tensor('slice', output.shape, output.dtype, 'temporary', 0);
  const [part] = step.backward(nodes, output, slice, [boundary]);
  trace.op({ op: 'aten.add_', label: 'input.gradient', reads: part ? [part, through] : [through], writes: [into] });
  trace.release(part, ...retained);
}

/** Head and loss by chunks, forward and backward together: the reference's one sweep for supervised fine-tuning. */
export const streamLogits = (step: PytorchStep, hidden: Tensor, logits: number): (() => Tensor | null) =>
  lossBackwardByChunks(step, hidden, logits, (made, rows) => crossEntropyOf(step, made, rows, 'padded-labels'), true);
