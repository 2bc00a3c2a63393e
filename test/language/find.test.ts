/** `find` over every number of a plan: the answer, written into the file, is what it says it is. */
import { describe, expect, it } from 'vitest';
import { analyze } from '../../language/server/analyze';
import { EstimateCache } from '../../language/server/estimates';
import { MODEL_KEYS } from '../../language/server/models';
import { answersOf } from '../../language/server/questions';
import { DEVICE_NUMBERS } from '../../src/plan/numbers';
import { estimate } from '../../src/planner/estimate';

const MODEL = { layers: 4, hidden: 768, heads: 12, vocab: 32000 };
const text = (model: { [key: string]: number }, question = ''): string =>
  [
    `model m { ${Object.entries(model)
      .map(([key, value]) => `${key} ${value}`)
      .join('  ')} }`,
    'device d { memory 6 GiB  bandwidth 500 GB/s  flops 80 TFLOPS }',
    `plan p { model m  device d  sequence 1k  batch 4  ${question} }`,
  ].join('\n');

function read(written: string) {
  const analysis = analyze(written, { uri: 'file:///p.memplan', reader: { read: () => ({ problem: 'none' }) } as never });
  const [plan] = analysis.plans;
  if (!plan) throw new Error(written);
  return { analysis, plan, errors: analysis.problems.filter(({ severity }) => severity === 'error') };
}

const answer = (written: string) => {
  const { analysis, plan } = read(written);
  return answersOf(analysis, plan, new EstimateCache()).answers[0];
};
const fits = (model: { [key: string]: number }): boolean => {
  const { plan, errors } = read(text(model));
  if (!plan.plan) throw new Error(errors.map(({ message }) => message).join('; '));
  return estimate(plan.plan).fits;
};
const sound = (model: { [key: string]: number }): boolean => read(text(model)).errors.length === 0;

describe('an answer, written into the model from which it was asked', () => {
  // What is not stated follows: head-dim, kv-heads and ffn of a width, kv-heads of heads.
  it.each([
    ['layers', {}],
    ['hidden', {}],
    ['hidden', { ffn: 2048 }],
    ['hidden', { 'head-dim': 64 }],
    ['heads', { 'head-dim': 64 }],
    ['heads', { 'head-dim': 64, 'kv-heads': 4 }],
    ['head-dim', {}],
    ['ffn', {}],
    ['vocab', {}],
  ] as const)('fits, and the next that may be written does not: %s of %j', (key, stated) => {
    const model = { ...MODEL, ...stated };
    const found = answer(text(model, `find max ${key}`));
    const value = found?.value;
    if (value === undefined || found?.atLimit) throw new Error(JSON.stringify(found));
    expect(fits({ ...model, [key]: value })).toBe(true);
    let next = value + 1;
    while (!sound({ ...model, [key]: next })) next += 1;
    expect(fits({ ...model, [key]: next })).toBe(false);
  });
});

it('every number of a model and of a card is found, or refused at its word with the reason', () => {
  const numbers = Object.keys(MODEL_KEYS).filter((key) => MODEL_KEYS[key]?.read === 'number');
  for (const key of [...numbers, ...Object.keys(DEVICE_NUMBERS)]) {
    const written = text(MODEL, `find max ${key}`);
    const { errors } = read(written);
    const found = answer(written);
    if (found) expect(found.value ?? found.reason).toBeDefined();
    else {
      expect(errors.map(({ code }) => code)).toEqual(['unknown-key']);
      expect(errors[0]?.message).toMatch(new RegExp(`^\`${key}\` means nothing here: `));
      expect(written.slice(errors[0]?.span.start, errors[0]?.span.end)).toBe(key);
    }
  }
});

it('a sweep over sizes wants sizes, and over heads those that go together', () => {
  const problems = (question: string) => read(text(MODEL, question)).errors.map(({ message }) => message);
  expect(problems('sweep memory in [4 GiB, 1.5 GiB]')).toEqual([]);
  expect(problems('sweep memory in [4]')).toEqual(['`memory` wants a size, such as `24 GiB`, not a plain number']);
  expect(problems('sweep kv-heads in [3, 5]')).toEqual(['5 kv-heads do not divide 12 heads']);
  expect(problems('sweep bandwidth in [900 GB/s, 1 kB/s]')).toEqual(['`bandwidth` wants a rate of at least 1 MB/s']);
});
