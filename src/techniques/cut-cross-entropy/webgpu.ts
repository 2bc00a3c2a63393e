/** Rows and columns of the blocks that the filter looks at. */
export const FILTER_SIDE = 64;
/** Tokens and words of one tile of logits: a quarter of a MiB, whatever the sequence and the vocabulary. */
export const CUT_TILE = { rows: 256, columns: 256, side: FILTER_SIDE } as const;
/** A block is left out where no |softmax − one-hot| of it reaches this: the step of bfloat16 at 1, over 32. */
export const FILTER_LEAST = 2 ** -12;
