import * as aten from '../../tape/pytorch/aten';
import { attendedPairs } from '../../tape/pytorch/attention';
import { type PytorchStep, type Rows, streamType } from '../../tape/pytorch/context';
import { embed } from '../../tape/pytorch/embed';
import { head } from '../../tape/pytorch/ends';
import { headed, mixed, mlpBranch } from '../../tape/pytorch/layers';
import { norm } from '../../tape/pytorch/norms';
import { segmentsOf } from '../../tape/pytorch/stretches';
import { makeBuffers } from '../../tape/pytorch/units';
import type { GradNode, Tensor } from '../../tape/trace';
import { unstreamable } from '../streambp/memory';

/** Keys and values of the whole sequence in each layer, and their gradients. */
interface Cache {
  k: Tensor;
  v: Tensor;
  gradients: [Tensor, Tensor] | null;
}

/**
 * SeCO (Li et al., arXiv:2505.16710): a first pass fills every layer's cache of keys and values, chunk by chunk and keeping
 * nothing else; a second one, from the last chunk to the first, runs one chunk through all layers against the cache,
 * differentiates it, and leaves gradients of the cache to the chunks before. As in the released code, cache and chunk are
 * concatenated, so that the last chunk keeps another copy of all keys and values. Written with the longest prefix; what grows
 * with the prefix is counted at the average of the chunks.
 */
export function secoPytorch(step: PytorchStep, chunk: number): void {
  const { trace, rows, recipe } = step;
  const why = unstreamable(recipe.model, 'SeCO');
  if (why) throw new Error(why);
  const size = Math.min(chunk, rows.tokens);
  const chunks = Math.ceil(rows.tokens / size);
  const part: Rows = { batch: rows.batch, tokens: size };
  const stretches = segmentsOf(recipe, 1);
  const caches = new Map<number, Cache>();
  const held: Tensor[] = [];
  const small: PytorchStep = { ...step, rows: part, holdUntilBackwardEnds: (...tensors) => held.push(...tensors) };
  const endChunk = (): void => {
    trace.release(...held);
    held.length = 0;
  };
  const inEachLayer = (write: (at: number) => void): void => {
    for (const stretch of stretches) {
      trace.repeat({ axis: 'layer', ...stretch }, [], () => {
        write(stretch.from);
        return [];
      });
    }
  };
  const ofCache = (name: string): Tensor =>
    trace.tensor(name, [rows.batch, recipe.model.kvHeads, rows.tokens, recipe.model.headDim], recipe.compute, 'activations');

  trace.phase('forward');
  step.holdUntilBackwardEnds(...makeBuffers(step, 'pass'));
  inEachLayer((at) => {
    const [k, v] = [ofCache('cache.k'), ofCache('cache.v')];
    trace.op({ op: 'cache', label: 'cache', writes: [k, v], moved: 0 });
    caches.set(at, { k, v, gradients: null });
  });
  trace.repeat({ axis: 'chunk', count: chunks }, [], () => {
    trace.noGrad(() => {
      let x = embed(small);
      for (const stretch of stretches) {
        step.enter(stretch);
        [x] = trace.repeat({ axis: 'layer', ...stretch }, [x], ([entry]) => {
          const output = chunkLayer(small, entry as Tensor, caches.get(stretch.from) as Cache, rows, chunks);
          trace.release(entry);
          return [output];
        }) as [Tensor];
      }
      step.enter(null);
      trace.release(x);
    });
    step.endAutocast('everywhere');
    endChunk();
    return [];
  });

  trace.phase('backward');
  step.holdUntilBackwardEnds(...makeBuffers(step, 'backward'));
  inEachLayer((at) => {
    const cache = caches.get(at) as Cache;
    const gradients: [Tensor, Tensor] = [ofCache('cache.k.gradient'), ofCache('cache.v.gradient')];
    trace.op({ op: 'aten.zeros', label: 'cache', writes: gradients });
    cache.gradients = gradients;
  });
  const one = (): void => {
    const embedded = trace.capture(() => embed(small));
    embedded.value.requiresGrad = true;
    let x = embedded.value;
    const passes: { stretch: (typeof stretches)[number]; input: Tensor; output: Tensor; nodes: GradNode[] }[] = [];
    for (const stretch of stretches) {
      step.enter(stretch);
      [x] = trace.repeat({ axis: 'layer', ...stretch }, [x], ([entry]) => {
        const input = entry as Tensor;
        const { value: output, nodes } = trace.capture(() =>
          chunkLayer(small, input, caches.get(stretch.from) as Cache, rows, chunks),
        );
        output.requiresGrad = true;
        trace.release(input);
        passes.push({ stretch, input, output, nodes });
        return [output];
      }) as [Tensor];
    }
    step.enter(null);
    const backward = head(small, x);
    step.endAutocast('everywhere');
    let gradient = backward();
    for (const { stretch, input, output, nodes } of passes.reverse()) {
      if (!gradient) break;
      step.enter(stretch);
      [gradient = null] = trace.repeat({ axis: 'layer', ...stretch, reverse: true }, [gradient], ([seed]) => {
        const [through] = step.backward(nodes, output, seed as Tensor, [input]);
        return [through ?? null];
      });
    }
    step.enter(null);
    if (gradient && embedded.nodes.length) step.backward(embedded.nodes, embedded.value, gradient);
    else trace.release(gradient);
    endChunk();
  };
  // The first chunk makes the weights' gradients, the others add to them.
  one();
  trace.repeat({ axis: 'chunk', count: chunks - 1, from: 1 }, [], () => {
    one();
    return [];
  });
  for (const stretch of stretches) {
    step.enter(stretch);
    trace.repeat({ axis: 'layer', ...stretch, reverse: true }, [], () => {
      const { k, v, gradients } = caches.get(stretch.from) as Cache;
      trace.release(k, v, ...(gradients ?? []));
      step.afterLayerBackward();
      return [];
    });
  }
  step.enter(null);
}

/** A chunk through a layer: its own queries, over the cached keys and values and its own. */
function chunkLayer(step: PytorchStep, input: Tensor, cache: Cache, all: Rows, chunks: number): Tensor {
  const { trace, recipe, rows } = step;
  const { heads, kvHeads, slidingWindow } = recipe.model;
  const normed = norm(step, 'norm1', input);
  const q = headed(step, 'attn.q', normed, rows, heads);
  const own = [headed(step, 'attn.k', normed, rows, kvHeads), headed(step, 'attn.v', normed, rows, kvHeads, false)] as const;
  trace.release(normed);
  const [k, v] = trace.costing((chunks + 1) / (2 * chunks), () => [
    appended(step, own[0], cache.k, cache.gradients?.[0]),
    appended(step, own[1], cache.v, cache.gradients?.[1]),
  ]) as [Tensor, Tensor];
  const pairs = attendedPairs(all.tokens, all.tokens, slidingWindow) / chunks;
  const mix = (): Tensor => mixed(step, { q, k, v }, { queries: rows, keys: all, pairs });
  const attention = recipe.pytorch.sharing?.part(step, q, mix) ?? mix();
  const middle = aten.add(trace, input, attention, streamType(recipe));
  trace.release(attention);
  const inner = mlpBranch(step, middle);
  const output = aten.add(trace, middle, inner, streamType(recipe));
  trace.release(middle, inner);
  return output;
}

/** The prefix with the chunk's own rows behind it: a copy of both, whose gradient goes into the cache's and to the chunk's. */
function appended(step: PytorchStep, own: Tensor, cache: Tensor, gradients: Tensor | undefined): Tensor {
  const { trace } = step;
  const whole = trace.tensor('prefix', cache.shape, cache.dtype, 'activations');
  trace.op({ op: 'aten.cat', reads: [cache, own], writes: [whole] });
  if (!gradients) trace.op({ op: 'aten.copy_', label: 'cache', reads: [own], writes: [cache] });
  trace.record({
    output: whole,
    inputs: [own],
    saved: [],
    backward: (g) => {
      if (gradients) trace.op({ op: 'aten.add_', label: 'cache', reads: [g, gradients], writes: [gradients] });
      return [aten.gradientOf(trace, 'aten.add', own, [g])];
    },
  });
  trace.release(own);
  return whole;
}
