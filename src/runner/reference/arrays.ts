/** Plain loops in double precision over row-major matrices. The oracle of the kernels: slow, short, with no shared code. */
export type Array64 = Float64Array<ArrayBuffer>;

/** a [m, k] · b [n, k]ᵀ */
export function productNt(a: Array64, b: Array64, m: number, n: number, k: number): Array64 {
  const out = new Float64Array(m * n);
  for (let i = 0; i < m; i++)
    for (let j = 0; j < n; j++) {
      let sum = 0;
      for (let x = 0; x < k; x++) sum += (a[i * k + x] as number) * (b[j * k + x] as number);
      out[i * n + j] = sum;
    }
  return out;
}

/** a [m, k] · b [k, n] */
export function productNn(a: Array64, b: Array64, m: number, n: number, k: number): Array64 {
  const out = new Float64Array(m * n);
  for (let i = 0; i < m; i++)
    for (let x = 0; x < k; x++) {
      const factor = a[i * k + x] as number;
      for (let j = 0; j < n; j++) out[i * n + j] = (out[i * n + j] as number) + factor * (b[x * n + j] as number);
    }
  return out;
}

/** a [k, m]ᵀ · b [k, n] */
export function productTn(a: Array64, b: Array64, m: number, n: number, k: number): Array64 {
  const out = new Float64Array(m * n);
  for (let x = 0; x < k; x++)
    for (let i = 0; i < m; i++) {
      const factor = a[x * m + i] as number;
      for (let j = 0; j < n; j++) out[i * n + j] = (out[i * n + j] as number) + factor * (b[x * n + j] as number);
    }
  return out;
}

/** a += b */
export function addInto(a: Array64, b: Array64): void {
  for (let i = 0; i < a.length; i++) a[i] = (a[i] as number) + (b[i] as number);
}

export const plus = (a: Array64, b: Array64): Array64 => a.map((value, index) => value + (b[index] as number));
export const scaled = (a: Array64, factor: number): Array64 => a.map((value) => value * factor);
