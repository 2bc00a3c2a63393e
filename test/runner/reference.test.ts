import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { lossOf, type ReferenceModel, type Weights64 } from '../../src/runner/reference/model';
import { adamDirection, adamState } from '../../src/runner/reference/optimizers';
import { leftVectors } from '../../src/runner/reference/svd';
import { limited } from '../../src/techniques/apollo/reference';
import { noise } from './ops';

const model: ReferenceModel = {
  layers: 2,
  hidden: 12,
  heads: 4,
  kvHeads: 2,
  headDim: 4,
  ffn: 10,
  vocab: 9,
  tied: false,
  batch: 2,
  sequence: 5,
  normEpsilon: 1e-6,
  adapterRank: 2,
  adapterScale: 0.7,
};

function weightsFor(tied: boolean): Weights64 {
  const { hidden, heads, kvHeads, headDim, ffn, vocab } = model;
  const [q, k] = [heads * headDim, kvHeads * headDim];
  const layer: [string, number][] = [
    ['norm1', hidden],
    ['attn.q', q * hidden],
    ['attn.k', k * hidden],
    ['attn.v', k * hidden],
    ['attn.o', hidden * q],
    ['norm2', hidden],
    ['mlp.gate', ffn * hidden],
    ['mlp.up', ffn * hidden],
    ['mlp.down', hidden * ffn],
    ['attn.q.lora_a', 2 * hidden],
    ['attn.q.lora_b', q * 2],
    ['mlp.down.lora_a', 2 * ffn],
    ['mlp.down.lora_b', hidden * 2],
  ];
  const all: [string, number][] = [
    ...[0, 1].flatMap((at) => layer.map(([name, count]): [string, number] => [`${name}@${at}`, count])),
    ['embed', vocab * hidden],
    ['norm', hidden],
    ...(tied ? [] : ([['head', vocab * hidden]] as [string, number][])),
  ];
  return new Map(
    all.map(([name, count], seed) => [
      name,
      noise(count, seed + 1).map((value) => (name.startsWith('norm') ? 1 + 0.1 * value : 0.5 * value)),
    ]),
  );
}

describe('reference model', () => {
  for (const tied of [false, true])
    it(`has the gradients of finite differences, ${tied ? 'tied' : 'untied'} head`, () => {
      const weights = weightsFor(tied);
      const tokens = [1, 4, 2, 8, 0, 3, 3, 7, 5, 6];
      const targets = [4, 2, -1, 0, 3, 3, 7, 5, 6, 1];
      const at = { ...model, tied };
      const gradients = lossOf(at, weights, tokens, targets).gradients();
      for (const [name, values] of weights)
        for (const index of [0, Math.floor(values.length / 2), values.length - 1]) {
          const kept = values[index] as number;
          const step = 1e-5;
          values[index] = kept + step;
          const above = lossOf(at, weights, tokens, targets).loss;
          values[index] = kept - step;
          const below = lossOf(at, weights, tokens, targets).loss;
          values[index] = kept;
          // Central differences are good to the square of the step, less what is lost by subtracting.
          expect(gradients.get(name)?.[index], `${name}[${index}]`).toBeCloseTo((above - below) / (2 * step), 7);
        }
    });
});

describe('reference decomposition', () => {
  it('gives orthonormal vectors that make the matrix diagonal', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 9 }),
        fc.integer({ min: 0, max: 8 }),
        fc.integer({ min: 1, max: 1000 }),
        (rows, more, seed) => {
          const columns = rows + more;
          const matrix = noise(rows * columns, seed);
          const { values, vectors } = leftVectors(matrix, rows, columns);
          for (let a = 0; a < rows; a++)
            for (let b = 0; b <= a; b++) {
              let [dot, through] = [0, 0];
              for (let x = 0; x < rows; x++) dot += (vectors[a * rows + x] as number) * (vectors[b * rows + x] as number);
              for (let c = 0; c < columns; c++) {
                let [left, right] = [0, 0];
                for (let x = 0; x < rows; x++) {
                  left += (vectors[a * rows + x] as number) * (matrix[x * columns + c] as number);
                  right += (vectors[b * rows + x] as number) * (matrix[x * columns + c] as number);
                }
                through += left * right;
              }
              expect(dot).toBeCloseTo(a === b ? 1 : 0, 10);
              expect(through).toBeCloseTo(a === b ? (values[a] as number) ** 2 : 0, 8);
            }
          expect(values).toEqual([...values].sort((x, y) => y - x));
        },
      ),
      { numRuns: 60 },
    );
  });
});

describe('reference Adam', () => {
  it('takes a first step of the learning rate, whatever the size of the gradient', () => {
    for (const size of [1e-3, 1, 1e3]) {
      const options = { rate: 0.01, beta1: 0.9, beta2: 0.999, epsilon: 1e-12, form: 'torch' as const };
      const [step] = adamDirection(adamState(1), Float64Array.of(size), 1, options);
      expect(step).toBeCloseTo(0.01, 8);
    }
  });
});

describe('the limiter of growth', () => {
  it('lets a norm grow by 1 % a step and shrink at once', () => {
    let before: number | undefined;
    const applied = [1, 10, 10, 0.5, 10].map((length) => {
      const { norm } = limited(length, before);
      before = norm;
      return Number(norm.toFixed(4));
    });
    expect(applied).toEqual([1, 1.01, 1.0201, 0.5, 0.505]);
  });
});
