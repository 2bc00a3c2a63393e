/** Tokens and words of one tile of logits: a quarter of a MiB, whatever the sequence and the vocabulary. */
export const CUT_TILE = { rows: 256, columns: 256 } as const;
