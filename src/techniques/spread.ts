/** How many cards a plan has, by what they share out. */
import type { Plan } from '../plan/types';
import { findSpec } from './registry';
import type { Shared } from './spec';

export interface Spread {
  /** Copies of the model that work on different tokens. */
  replicas: number;
  /** Cards that hold the same weights for the parts of one sequence. */
  context: number;
  /** Stages, each with layers of its own. */
  pipeline: number;
  total: number;
}

/** How many cards a plan has, and along which axes. */
export function spreadOf({ lists }: Pick<Plan, 'lists'>): Spread {
  const cards = (shares: Shared): number =>
    (lists.parallel ?? [])
      .filter(({ name }) => findSpec('parallel', name)?.shares === shares)
      .reduce((product, { args }) => product * Number(args.n ?? 1), 1);
  const copies = cards('batches');
  // Experts are spread over the cards that have copies of everything else; without such a statement they make them.
  const replicas = copies > 1 ? copies : cards('experts');
  const [context, pipeline] = [cards('tokens'), cards('layers')];
  return { replicas, context, pipeline, total: replicas * cards('matrices') * context * pipeline };
}
