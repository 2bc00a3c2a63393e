import { describe, expect, it } from 'vitest';
import { productNn, productNt, productTn } from '../../src/runner/reference/arrays';
import { matmul, plainRows, type Rows, slice } from '../../src/tape/webgpu/ops';
import { apart, noise, runOps } from './ops';

const PRODUCTS = { nt: productNt, nn: productNn, tn: productTn };
/** Sums of k products of numbers below one, each rounded to 24 bits, in any order. */
const tolerance = (k: number) => 1.2e-7 * (k + 4);

describe('matrix product', () => {
  // Vectors of four and single numbers, tiles of 4 and 8, edges that no tile divides.
  const sizes = [
    [1, 1, 1],
    [5, 7, 3],
    [16, 12, 8],
    [33, 31, 29],
    [64, 36, 20],
    [130, 68, 44],
    [260, 260, 12],
  ] as const;
  for (const form of ['nt', 'nn', 'tn'] as const)
    it(`${form} equals the product in double precision, with and without what is added`, async () => {
      for (const [m, n, k] of sizes) {
        const a = noise(m * k, m);
        const b = noise(n * k, n + 1);
        const base = noise(m * n, k + 2);
        const shape = { nt: [m, k, n, k], nn: [m, k, k, n], tn: [k, m, k, n] }[form] as [number, number, number, number];
        const inputs = {
          a: { shape: [shape[0], shape[1]], data: a },
          b: { shape: [shape[2], shape[3]], data: b },
          plain: { shape: [m, n], data: new Float64Array(m * n) },
          sum: { shape: [m, n], data: base },
          added: { shape: [m, n], data: new Float64Array(m * n) },
          extra: { shape: [m, n], data: base },
        };
        const rows = plainRows(form === 'tn' ? k : m);
        const dims = form === 'nt' ? { n, k } : form === 'nn' ? { n, k } : { n, k: m };
        const out = await runOps(inputs, (trace, t) => {
          const shared = { form, rows, a: t.a as never, b: t.b as never, ...dims };
          matmul(trace, { ...shared, out: t.plain as never });
          matmul(trace, { ...shared, out: t.sum as never, accumulate: true, alpha: 0.5 });
          matmul(trace, { ...shared, out: t.added as never, addend: t.extra as never });
        });
        const wanted = PRODUCTS[form](a, b, m, n, k);
        expect(apart(out.plain as Float32Array, wanted), `${m} ${n} ${k}`).toBeLessThan(tolerance(k));
        expect(
          apart(
            out.sum as Float32Array,
            wanted.map((value, i) => 0.5 * value + (base[i] as number)),
          ),
        ).toBeLessThan(tolerance(k));
        expect(
          apart(
            out.added as Float32Array,
            wanted.map((value, i) => value + (base[i] as number)),
          ),
        ).toBeLessThan(tolerance(k));
      }
    });

  it('works on the rows of a stretch and leaves the others alone', async () => {
    const [sequence, batch, chunk, k, n] = [7, 2, 3, 12, 8];
    const x = noise(sequence * batch * k, 5);
    const w = noise(n * k, 6);
    const rows: Rows = { count: chunk * batch, chunk, sequence, batch };
    const out = await runOps(
      {
        x: { shape: [sequence * batch, k], data: x },
        w: { shape: [n, k], data: w },
        y: { shape: [sequence * batch, n], data: new Float64Array(sequence * batch * n) },
        dw: { shape: [n, k], data: new Float64Array(n * k) },
      },
      (trace, t) => {
        trace.repeat({ axis: 'chunk', count: Math.ceil(sequence / chunk), reverse: true }, [], () => {
          matmul(trace, {
            form: 'nt',
            rows,
            a: slice(rows, t.x as never),
            b: t.w as never,
            out: slice(rows, t.y as never),
            n,
            k,
          });
          matmul(trace, {
            form: 'tn',
            rows,
            a: slice(rows, t.y as never),
            b: slice(rows, t.x as never),
            out: t.dw as never,
            n: k,
            k: n,
            accumulate: true,
          });
          return [];
        });
      },
    );
    const y = productNt(x, w, sequence * batch, n, k);
    expect(apart(out.y as Float32Array, y)).toBeLessThan(tolerance(k));
    const y32 = Float64Array.from(out.y as Float32Array);
    expect(apart(out.dw as Float32Array, productTn(y32, x, n, k, sequence * batch))).toBeLessThan(1e-5);
  });
});
