/** Plans for tests: a small model on a card, with slots stated as names or uses. */
import { completeModel, type Dimensions } from '../../src/plan/families';
import { findDevice } from '../../src/plan/presets/devices';
import type { Device, Model, Plan, TechniqueSlot, Use } from '../../src/plan/types';

export const card = findDevice('RTX 4090') as Device;

export const small: Model = model({ layers: 4, hidden: 512, heads: 8, kvHeads: 2, headDim: 64, ffn: 1408, vocab: 4000 });

export function model(given: Dimensions & Partial<Model>): Model {
  return completeModel('test', given);
}

type Stated = { [slot in TechniqueSlot]?: string | Use };

export function plan(stated: Stated = {}, rest: Partial<Omit<Plan, 'slots'>> = {}): Plan {
  const slots = Object.fromEntries(
    Object.entries(stated).map(([slot, use]) => [slot, typeof use === 'string' ? { name: use, args: {} } : use]),
  ) as Plan['slots'];
  return {
    name: 'test',
    model: small,
    device: card,
    batch: 2,
    sequence: 256,
    accumulate: 1,
    slots,
    lists: {},
    order: Object.keys(slots) as TechniqueSlot[],
    ...rest,
  };
}

export const use = (name: string, args: Use['args']): Use => ({ name, args });

/** The plain plan, and plans whose techniques touch every category. */
export const samples: Plan[] = [
  plan(),
  plan({ backward: 'checkpoint', precision: 'amp-bf16' }),
  plan({
    optimizer: use('galore', { rank: 8, layerwise: true }),
    backward: use('streambp', { chunk: 64, logits: 32 }),
    activations: 'int8',
  }),
  plan(
    { train: use('lora', { rank: 8, targets: ['q', 'v'] }), weights: 'nf4', loss: use('chunked', { chunk: 100 }) },
    { accumulate: 2 },
  ),
];
