/** What one card of several has of the model and of the tokens. */

/** A pipeline's stage: layers of its own; the embedding on the first, the head on the last. */
export interface Stage {
  index: number;
  of: number;
  /** Pieces of its layers that a micro-batch goes through one by one, with the other stages between them. */
  pieces: number;
  /**
   * Layers that have another micro-batch's saved tensors while one micro-batch runs, and micro-batches that wait besides it
   * between what stands before the first layer, or behind the last one, and its backward.
   */
  waiting: { layers: number; microBatches: number };
}

export interface Cards {
  /** Cards that share every matrix product. */
  tensor: number;
  /**
   * Between the products each of them has the whole sequence, or its part of it; then the input of a product is gathered,
   * and backward keeps it or gathers it again.
   */
  sequence: 'whole' | 'kept' | 'gathered-again';
  /** Cards that share one sequence's tokens. */
  context: number;
  /** Cards that share the experts. */
  expert: number;
  stage: Stage;
}

const ONE_STAGE: Stage = { index: 0, of: 1, pieces: 1, waiting: { layers: 0, microBatches: 0 } };
export const ONE_CARD: Cards = { tensor: 1, sequence: 'whole', context: 1, expert: 1, stage: ONE_STAGE };

export const isFirst = ({ index }: Stage): boolean => index === 0;
export const isLast = ({ index, of }: Stage): boolean => index === of - 1;

/** A part of the tokens: padded up where they do not divide. */
export const part = (tokens: number, among: number): number => Math.ceil(tokens / among);
