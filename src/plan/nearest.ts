/** Edits (insert, delete, replace, swap of neighbours) that turn one word into the other. */
export function distance(from: string, to: string): number {
  let before: number[] = [];
  let above = Array.from({ length: to.length + 1 }, (_, column) => column);
  for (let row = 1; row <= from.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= to.length; column += 1) {
      const same = from[row - 1] === to[column - 1];
      let best = Math.min((above[column] ?? 0) + 1, (current[column - 1] ?? 0) + 1, (above[column - 1] ?? 0) + (same ? 0 : 1));
      const swapped = row > 1 && column > 1 && from[row - 1] === to[column - 2] && from[row - 2] === to[column - 1];
      if (swapped) best = Math.min(best, (before[column - 2] ?? 0) + 1);
      current.push(best);
    }
    before = above;
    above = current;
  }
  return above[to.length] ?? 0;
}

/** Longest word that is compared: nobody mistypes more, and the comparison is quadratic. */
const LONGEST = 128;

/**
 * The choice that `word` most likely meant: the one at the least edit distance, letter case aside, where at most
 * a third of the letters differ; else the one choice that `word` begins (`cut` for `cut-cross-entropy`). Undefined when none comes close.
 */
export function nearest(word: string, choices: Iterable<string>): string | undefined {
  const wanted = word.toLowerCase();
  if (wanted === '' || wanted.length > LONGEST) return undefined;
  let best: string | undefined;
  let least = Number.POSITIVE_INFINITY;
  const begun: string[] = [];
  for (const choice of choices) {
    const candidate = choice.toLowerCase();
    if (candidate.startsWith(wanted) && wanted.length >= 2) begun.push(choice);
    const allowed = Math.max(1, Math.floor(Math.max(wanted.length, candidate.length) / 3));
    if (Math.abs(candidate.length - wanted.length) > allowed || candidate.length > LONGEST) continue;
    const edits = distance(wanted, candidate);
    // Two letters with one of them wrong are another word, unless one is missing.
    if (edits > allowed || edits >= wanted.length) continue;
    if (edits < least) {
      least = edits;
      best = choice;
    }
  }
  return best ?? (begun.length === 1 ? begun[0] : undefined);
}
