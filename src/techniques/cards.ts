/** What techniques that spread a plan over cards share. */
import { elements, type Weight } from '../plan/weights';
import type { Recipe } from '../tape/recipe';
import type { Traffic } from '../tape/types';
import type { Relation } from './spec';

/**
 * Cards among which a weight is sharded: those of the sharding itself, and the ones that share a sequence, for they hold
 * the same weights (torchtitan and Megatron shard over both). Experts are on fewer of them.
 */
export const shards = ({ cards }: Recipe, { role }: Pick<Weight, 'role'>, n: number): number =>
  Math.max(1, Math.ceil((n * cards.context) / (role === 'expert' ? cards.expert : 1)));

/** One of `among` parts of a shape, by rows, padded up. */
export const byRows = ([rows = 1, ...rest]: readonly number[], among: number): number[] => [Math.ceil(rows / among), ...rest];

/** One of `among` parts of the elements, padded up. */
export const flat = (weight: Pick<Weight, 'shape' | 'name' | 'role'>, among: number): number[] => [
  Math.ceil(elements(weight) / among),
];

/** What each card sends in a ring so that all have the whole, or the sum of parts: (n − 1)/n of it; of both in turn, twice that. */
export const ring = (bytes: number, among: number, times = 1): number => (times * bytes * (among - 1)) / among;

export const toCards = (bytes: number, hidden: boolean): Traffic => ({ to: 'cards', bytes, hidden });
export const toHost = (bytes: number): Traffic => ({ to: 'host', bytes, hidden: true });
export const toDrive = (bytes: number): Traffic => ({ to: 'drive', bytes, hidden: true });

/** The argument that says over how many cards. */
export const cardsArgument = (doc: string) => ({ name: 'n', type: { kind: 'count', min: 1, max: 1_048_576 }, doc }) as const;

/** What each axis excludes. */
export const ONE_CARD_ENGINE: Relation = { slot: 'engine', names: ['webgpu'], why: "Memplan's own engine runs on one card" };
