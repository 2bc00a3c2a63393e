/** Relations that several techniques share. */
import type { Relation } from './spec';

export const ADAPTERS = ['lora', 'dora', 'lora-fa', 'loram', 'lq-lora'] as const;

/** For optimizers that look for a small subspace of a matrix's gradient. */
export const adaptersAreLowRank = (name: string): Relation => ({
  slot: 'train',
  names: ADAPTERS,
  why: `${name} projects the gradients of full matrices; an adapter's are low-rank already`,
});

/** For optimizers that need a parameter's matrix whole. */
export const shardsAreFlat = (name: string): Relation => ({
  slot: 'parallel',
  names: ['zero', 'fsdp'],
  why: `${name} works on matrices, and sharded parameters are flattened: the two-dimensional gradient is gone`,
});

/** What learns beside a base that stays as it is, quantized or not. */
export const BESIDE_A_FROZEN_BASE = [
  ...ADAPTERS.filter((name) => name !== 'lq-lora'),
  'compacter',
  'ladder',
  'qst',
  'frozen',
] as const;
