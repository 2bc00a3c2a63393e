/** Plans for benchmarks: a Llama-like model by its dimensions, for the runner. */
import type { Plan } from '../../../src/plan/types';

export const planOf = (
  name: string,
  slots: Plan['slots'],
  model: Partial<Plan['model']>,
  sizes: { batch: number; sequence: number },
): Plan => ({
  name,
  model: {
    name,
    source: 'block',
    family: 'llama',
    layers: 2,
    hidden: 256,
    heads: 4,
    kvHeads: 4,
    headDim: 64,
    ffn: 688,
    vocab: 256,
    positions: 0,
    tiedEmbeddings: false,
    dropout: 0,
    experts: 0,
    activeExperts: 0,
    sharedFfn: 0,
    slidingWindow: 0,
    attentionBias: false,
    encoderLayers: 0,
    ...model,
  },
  device: {} as Plan['device'],
  accumulate: 1,
  ...sizes,
  slots: { engine: { name: 'webgpu', args: {} }, ...slots },
  lists: {},
  order: [],
});
