/** Relations that several techniques share. */
import { FAMILIES } from '../plan/families';
import type { Relation } from './spec';
import type { Technique } from './technique';

export const ADAPTERS = ['lora', 'dora', 'lora-fa', 'loram', 'lq-lora'] as const;

/** For optimizers that look for a small subspace of a matrix's gradient. */
export const adaptersAreLowRank = (name: string): Relation => ({
  slot: 'train',
  names: ADAPTERS,
  why: `${name} works in a part of the gradients of full matrices; an adapter's are low-rank already`,
});

/** For optimizers that read a parameter's matrix as one. */
export const shardsAreParts = (name: string): Relation => ({
  slot: 'parallel',
  names: ['zero', 'fsdp'],
  why: `${name} needs the gradient of a whole matrix: ZeRO flattens parameters, and under FSDP a card has a shard of each`,
});

/** And whose step multiplies or decomposes it. */
export const wholeMatrices = (name: string): Relation[] => [
  shardsAreParts(name),
  {
    slot: 'offload',
    names: ['optimizer'],
    why: `${name} multiplies or decomposes matrices in its step, and no released one does so on the host`,
  },
];

/** What learns beside a base that stays as it is, quantized or not. */
export const BESIDE_A_FROZEN_BASE = [
  ...ADAPTERS.filter((name) => name !== 'lq-lora'),
  'compacter',
  'ladder',
  'qst',
  'frozen',
] as const;

type Refusal = NonNullable<Technique['refuses']>;

/** The first reason of several. */
export const anyOf =
  (...refusals: readonly Refusal[]): Refusal =>
  (...given) =>
    refusals.map((refuses) => refuses(...given)).find((why) => why !== undefined);

/** For optimizers that update inside backward. */
export const UPDATES_BEFORE_AVERAGE: Relation = {
  slot: 'parallel',
  names: ['data'],
  why: 'updates inside backward come before gradients are averaged over the cards',
};

export const oneMicroBatch =
  (name: string): Refusal =>
  ({ accumulate }) =>
    accumulate > 1
      ? `${name} updates in every backward pass, so that ${accumulate} micro-batches would be as many steps`
      : undefined;

/** Both, for those that do so where an argument says so. */
export const insideBackward = (name: string, argument: string): Refusal => {
  const refuses = anyOf(oneMicroBatch(name), ({ lists }) =>
    lists.parallel?.some((use) => use.name === 'data' && use.args.n !== 1)
      ? `with \`data\`, ${UPDATES_BEFORE_AVERAGE.why}`
      : undefined,
  );
  return (...given) => (given[1][argument] === true ? refuses(...given) : undefined);
};

/** For what replaces the products of quantized matrices. */
export const noExperts =
  (name: string): Refusal =>
  ({ model }) =>
    model.experts > 0 ? `${name} is written for plain matrices, and ${model.name} has experts` : undefined;

/** For losses of each next token. */
export const decodersOnly =
  (name: string): Refusal =>
  ({ model }) =>
    ['bert', 'roberta', 'vit', 't5'].includes(model.family) || (model.classes ?? 0) > 0
      ? `${name} scores the next token, and ${FAMILIES[model.family].title} is trained here on something else`
      : undefined;

/** For losses that are no next token's. */
export const BLOCKS_HAVE_NO_LOSS: Relation = {
  slot: 'train',
  names: ['efficient-qat'],
  why: 'its first stage trains blocks against their own output, not a loss',
};

/** For losses whose reference is the model itself without what it learns. */
export const adaptersToSwitchOff: Refusal = ({ slots }, args) =>
  args.reference === 'adapters-off' && !ADAPTERS.some((name) => name === slots.train?.name)
    ? `adapters-off needs adapters to switch off: train ${ADAPTERS.slice(0, -1).join(', ')} or ${ADAPTERS.at(-1)}`
    : undefined;
