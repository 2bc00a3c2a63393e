/** The stages that a run's techniques are measured at. */
import { describe, expect, it } from 'vitest';
import { stagesOf } from '../../src/runner/savings';
import { planOf, use } from './plans';

describe('stages from the plain plan to the whole one', () => {
  const whole = {
    ...planOf({ optimizer: use('galore', { rank: 4 }), backward: use('streambp', { chunk: 6 }), activations: use('int8') }),
    order: ['activations', 'optimizer', 'backward'] as const,
  };
  it('add one technique each, in the order of the file, on the runner’s engine', () => {
    const stages = stagesOf({ ...whole, order: [...whole.order] });
    expect(stages.map(({ techniques }) => techniques)).toEqual([['int8'], ['galore'], ['streambp']]);
    expect(stages.map(({ plan }) => Object.keys(plan.slots).sort())).toEqual([
      ['activations', 'engine'],
      ['activations', 'engine', 'optimizer'],
      ['activations', 'backward', 'engine', 'optimizer'],
    ]);
    expect(stages.at(-1)?.plan.slots).toEqual(whole.slots);
  });

  it('take two together where one does not stand without the other', () => {
    const plan = { ...planOf({ weights: use('nf4'), train: use('lora', { rank: 2 }), backward: use('checkpoint') }) };
    const stages = stagesOf({ ...plan, order: ['weights', 'train', 'backward'] });
    expect(stages.map(({ techniques }) => techniques.join(' + '))).toEqual(['nf4 + lora', 'checkpoint']);
  });

  it('are none for a plan without techniques', () => expect(stagesOf(planOf({}))).toEqual([]));
});
