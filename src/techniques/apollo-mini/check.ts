import type { TechniqueCheck } from '../../runner/checks/context';
import { checkApollo } from '../apollo/check';

/** APOLLO at rank 1, with one factor for a whole matrix. */
export const check: TechniqueCheck = (context) =>
  checkApollo(context, { rank: 1, scale: Number(context.use.args.scale), factors: 'tensor' });
