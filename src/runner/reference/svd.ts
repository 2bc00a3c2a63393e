/** Singular vectors in double precision, by one-sided Jacobi rotations. */
import type { Array64 } from './arrays';

export interface Decomposition {
  /** Singular values, largest first. */
  values: number[];
  /** Left singular vectors as rows, in that order: [rows, rows]. */
  vectors: Array64;
}

/**
 * Of a [rows, columns] matrix with rows ≤ columns: rotates pairs of its rows until all are orthogonal. Signs are chosen so that
 * each vector's largest element is positive.
 */
export function leftVectors(matrix: Array64, rows: number, columns: number): Decomposition {
  const work = matrix.slice();
  const basis = new Float64Array(rows * rows);
  for (let i = 0; i < rows; i++) basis[i * rows + i] = 1;
  const turn = (data: Array64, width: number, a: number, b: number, c: number, s: number) => {
    for (let x = 0; x < width; x++) {
      const [l, r] = [data[a * width + x] as number, data[b * width + x] as number];
      data[a * width + x] = c * l - s * r;
      data[b * width + x] = s * l + c * r;
    }
  };
  for (let sweep = 0; sweep < 60; sweep++) {
    let largest = 0;
    for (let a = 0; a < rows; a++)
      for (let b = a + 1; b < rows; b++) {
        let [aa, bb, ab] = [0, 0, 0];
        for (let x = 0; x < columns; x++) {
          const [l, r] = [work[a * columns + x] as number, work[b * columns + x] as number];
          aa += l * l;
          bb += r * r;
          ab += l * r;
        }
        const size = Math.sqrt(aa * bb);
        if (size === 0 || Math.abs(ab) <= 1e-15 * size) continue;
        largest = Math.max(largest, Math.abs(ab) / size);
        const zeta = (bb - aa) / (2 * ab);
        const t = Math.sign(zeta || 1) / (Math.abs(zeta) + Math.sqrt(1 + zeta * zeta));
        const c = 1 / Math.sqrt(1 + t * t);
        turn(work, columns, a, b, c, c * t);
        turn(basis, rows, a, b, c, c * t);
      }
    if (largest < 1e-14) break;
  }
  const lengths = Array.from({ length: rows }, (_, i) => Math.hypot(...work.subarray(i * columns, (i + 1) * columns)));
  const order = lengths.map((_, i) => i).sort((a, b) => (lengths[b] as number) - (lengths[a] as number));
  const vectors = new Float64Array(rows * rows);
  order.forEach((from, to) => {
    const row = basis.subarray(from * rows, (from + 1) * rows);
    const largest = row.reduce((best, value) => (Math.abs(value) > Math.abs(best) ? value : best), 0);
    vectors.set(
      row.map((value) => (largest < 0 ? -value : value)),
      to * rows,
    );
  });
  return { values: order.map((i) => lengths[i] as number), vectors };
}

export function transposed(matrix: Array64, rows: number, columns: number): Array64 {
  const out = new Float64Array(matrix.length);
  for (let i = 0; i < rows; i++) for (let j = 0; j < columns; j++) out[j * rows + i] = matrix[i * columns + j] as number;
  return out;
}
