/** The rows that winner-take-all sampling takes for certain, in double precision. */

export interface Choice {
  /** Numbers of the rows in descending order of length. */
  order: number[];
  lengths: number[];
  kept: number;
  /** How many rows are taken for certain, from the first of the order. */
  certain: number;
  /** Sum of the lengths of the others. */
  left: number;
}

/** As many as make least of what is left to chance, for each of the rows that are drawn. */
export function choose(x: ArrayLike<number>, rows: number, kept: number): Choice {
  const columns = x.length / rows;
  const lengths = Array.from({ length: rows }, (_, row) =>
    Math.hypot(...Array.from({ length: columns }, (_, c) => x[row * columns + c] as number)),
  );
  const order = lengths.map((_, row) => row).sort((a, b) => (lengths[b] as number) - (lengths[a] as number) || a - b);
  const leftAfter = (taken: number) => order.slice(taken).reduce((sum, row) => sum + (lengths[row] as number), 0);
  let [certain, least] = [0, Number.POSITIVE_INFINITY];
  for (let taken = 0; taken < kept; taken++) {
    const share = leftAfter(taken) / (kept - taken);
    if (share < least) [certain, least] = [taken, share];
  }
  return { order, lengths, kept, certain, left: leftAfter(certain) };
}
