/** Small plans for the runner's tests. */
import { findDevice } from '../../src/plan/presets/devices';
import type { Plan, RunSettings, Use } from '../../src/plan/types';

export const use = (name: string, args: Use['args'] = {}): Use => ({ name, args });
export const TEXT = new TextEncoder().encode('It is the lamp that is lit, and not the dark, that finds the harbour. '.repeat(30));

/** A run of a model that takes milliseconds a step. */
export const runOf = (changes: Partial<RunSettings> = {}): RunSettings => ({
  plan: 'tested',
  layers: 1,
  hidden: 32,
  heads: 4,
  kvHeads: 2,
  ffn: 48,
  vocab: 256,
  sequence: 32,
  batch: 2,
  steps: 6,
  seed: 7,
  ...changes,
});

export const planOf = (
  slots: Plan['slots'],
  model: Partial<Plan['model']> = {},
  sizes: { batch?: number; sequence?: number } = {},
): Plan => ({
  name: 'tested',
  model: {
    name: 'm',
    source: 'block',
    family: 'llama',
    layers: 2,
    hidden: 32,
    heads: 4,
    kvHeads: 2,
    headDim: 8,
    ffn: 48,
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
  device: findDevice('RTX 4090') as Plan['device'],
  batch: 2,
  sequence: 19,
  accumulate: 1,
  ...sizes,
  slots: { engine: use('webgpu'), ...slots },
  lists: {},
  order: [],
});
