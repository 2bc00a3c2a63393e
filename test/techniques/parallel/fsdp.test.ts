/** FSDP against its paper's shards and units (Zhao et al., arXiv:2304.11277), and against torchtitan's measurements. */
import { describe, expect, it } from 'vitest';
import type { Plan, Use } from '../../../src/plan/types';
import { elements, parameterCount, type Weight, weightsOf } from '../../../src/plan/weights';
import { estimate } from '../../../src/planner/estimate';
import { replay } from '../../../src/tape/allocators/replay';
import { simulate } from '../../../src/tape/simulate';
import { tapeOf } from '../../../src/techniques/recipe-of';
import { llama7B, llama8B } from '../bytes';
import { most, named, peakOf, perLayer, plan, sent, spread, use } from './cards';

const on = (n: number, args = {}, stated = {}, rest = {}): Plan =>
  spread(
    plan(
      { backward: 'checkpoint', optimizer: use('adamw', { fused: true }), ...stated },
      { model: llama8B, batch: 1, sequence: 512, ...rest },
    ),
    [use('fsdp', { n, ...args })],
  );
const count = (weights: readonly Weight[]): number => weights.reduce((sum, weight) => sum + elements(weight), 0);

describe('FSDP', () => {
  const { layer } = weightsOf(llama8B);
  const unit = count(layer);
  const P = parameterCount(llama8B);

  it.each([8, 64])('keeps 1/%i of weights and states, in the type that they are kept in', (n) => {
    const { weights, optimizer } = simulate(tapeOf(on(n))).persistent;
    expect(weights - 2 * llama8B.headDim).toBe((2 * P) / n);
    expect(optimizer).toBe((8 * P) / n);
    // MixedPrecisionPolicy: float32 shards, gathered in bfloat16.
    const mixed = on(n, {}, { precision: 'amp-bf16' });
    expect(simulate(tapeOf(mixed)).persistent.weights - 2 * llama8B.headDim).toBe((4 * P) / n);
    expect(most(mixed, named(/unsharded$/))).toBe(2 * llama8B.vocab * llama8B.hidden + 2 * llama8B.hidden);
  });

  it('has a layer gathered and one on the way, and the head, or the embedding, alone', () => {
    const inLayers = (args = {}): number =>
      most({ ...on(8, args), model: { ...llama8B, vocab: 8 } }, named(/unsharded$|all_gather$/));
    expect(inLayers()).toBe(2 * (2 * unit));
    expect(inLayers({ prefetch: 2 })).toBe(3 * (2 * unit));
    // The last layer's buffer ends when the head's is there.
    const head = 8 * llama8B.hidden + llama8B.hidden;
    expect(inLayers({ reshard: false })).toBe(2 * llama8B.layers * unit + 2 * unit + 2 * head);
  });

  // torch/distributed/fsdp/_fully_shard: all_gather_copy_in_stream and reduce_scatter_stream.
  it('allocates flat buffers and sharded gradients beside the stream that computes, which holds more', () => {
    const tape = tapeOf(on(8, {}, { precision: 'amp-bf16' }));
    const named = (stream: string) => tape.tensors.filter((tensor) => tensor.stream === stream).map(({ name }) => name);
    expect(named('all_gather').every((name) => name.endsWith('all_gather'))).toBe(true);
    expect(named('reduce_scatter').length).toBe(layer.length + 3);
    expect(tape.tensors.filter(({ stream, category }) => stream && category !== 'weights' && category !== 'gradients')).toEqual(
      [],
    );
    const alone = { ...tape, tensors: tape.tensors.map(({ stream, ...tensor }) => tensor) };
    const options = { expandable: true, limit: Number.POSITIVE_INFINITY };
    const [apart, together] = [tape, alone].map((each) => replay([each], options).peakReserved) as [number, number];
    expect(simulate(alone).peak).toBe(simulate(tape).peak);
    // Neither sharded gradients nor a layer's buffers serve what the stream of the arithmetic asks for.
    expect(apart - together).toBeGreaterThan(2 * 2 * unit);
    expect(apart - together).toBeLessThan((4 * P) / 8 + 4 * llama8B.vocab * llama8B.hidden);
  });

  // A test of Megatron-FSDP bounds what passes at five units: two gathered, one of whole gradients, one into the
  // reduce-scatter, one of slack; PyTorch's own planner counts three units.
  it('has no more than five units of what passes', () => {
    const passing = most(
      { ...on(8), model: { ...llama8B, vocab: 8 } },
      ({ name, category }) =>
        /unsharded$|all_gather$|reduce_scatter$/.test(name) || (category === 'gradients' && !/fsdp.reduce/.test(name)),
    );
    const shards = (2 * (P - 2 * (llama8B.vocab - 8) * llama8B.hidden)) / 8;
    expect(passing - shards).toBeLessThanOrEqual(5 * 2 * unit);
    expect(passing - shards).toBeGreaterThan(3 * 2 * unit);
  });

  it('keeps 1/n of gradients, or whole ones in the type of the sum until the last micro-batch', () => {
    const gradients = (args: object): number =>
      most(on(8, args, { precision: 'amp-bf16' }, { accumulate: 4 }), named(/gradient(\.sum)?$/));
    expect(gradients({ sync: false })).toBeGreaterThanOrEqual(4 * P);
    expect(gradients({})).toBeLessThan((4 * P) / 8 + 4 * 2 * unit + 4 * llama8B.vocab * llama8B.hidden);
  });

  it('sends 3P elements: weights for forward and for backward, and gradients', () => {
    expect(perLayer(on(8), sent)).toBe((3 * 2 * unit * 7) / 8);
    expect(perLayer(on(8, { reshard: false }), sent)).toBe((2 * 2 * unit * 7) / 8);
    // Groups of shards (HSDP) average their sums, and have no other bytes for it.
    const groups = { ...on(8), lists: { parallel: [use('fsdp', { n: 8 }), use('data', { n: 2 })] } };
    expect(perLayer(groups, sent)).toBe((3 * 2 * unit * 7) / 8 + (2 * unit) / 8);
    expect(peakOf(groups)).toBe(peakOf(on(8)));
  });

  it('shards over the cards that share a sequence too', () => {
    const both = spread(on(4), [use('fsdp', { n: 4 }), use('context', { n: 2 })]);
    expect(simulate(tapeOf(both)).persistent.weights).toBe(simulate(tapeOf(on(8))).persistent.weights);
  });

  it('peaks where torchtitan measured Llama 2 7B on 8 cards, 22.733 GiB active (pull request 165)', () => {
    const titan = on(
      8,
      { root: true },
      { precision: 'amp-bf16', engine: use('pytorch', { transformers: '4.40' }) },
      {
        model: llama7B,
        batch: 8,
        sequence: 2048,
      },
    );
    expect(Math.abs(peakOf(titan) / 2 ** 30 / 22.733 - 1)).toBeLessThan(0.03);
  });

  it('gives tokens of all cards', () => {
    const { time, cards } = estimate(on(8));
    expect(cards?.count).toBe(8);
    expect(time.tokensPerSecond * time.step).toBeCloseTo(8 * 512, 6);
  });
});

/** torch/distributed/fsdp/_runtime_utils.py: units without copies out of them, and what hooks on frozen units' inputs hold. */
describe('the first FSDP', () => {
  const { layer } = weightsOf(llama8B);
  const unit = 2 * count(layer);
  const root = 2 * (2 * llama8B.vocab * llama8B.hidden + llama8B.hidden);
  const adapted = (args: object, backward: Use['args'], rest = {}): Plan =>
    on(8, args, { train: use('lora', { rank: 8, targets: ['q'] }), backward: use('checkpoint', backward) }, rest);
  const gathered = (of: Plan): number => most(of, named(/unsharded$|all_gather$/));

  it('gathers layers into what they compute with, the next one ahead in backward, beside the root', () => {
    expect(gathered(on(8, { version: 1 }))).toBe(root + 2 * unit);
    expect(gathered(on(8, { version: 1, prefetch: 0 }))).toBe(root + unit);
  });

  it('gathers nothing ahead of a checkpoint whose forward left no hooks', () => {
    expect(gathered(on(8, { version: 1 }, { backward: use('checkpoint', { reentrant: true }) }))).toBe(root + unit);
  });

  const held = (of: Plan): number => most(of, named(/held\.gradient$/));
  const stream = (sequence: number): number => 2 * sequence * llama8B.hidden;

  it("holds a frozen layer's input and its gradient to the end of backward where it is run again from a leaf", () => {
    expect(held(adapted({ version: 1 }, { reentrant: true }))).toBe(llama8B.layers * stream(512));
    // At the first layer, where the inputs are usually gone: each of them is there, and as many gradients.
    const model = { ...llama8B, vocab: 8 };
    const rising = (backward: Use['args']): number =>
      peakOf(adapted({ version: 1 }, backward, { model, sequence: 8192 })) -
      peakOf(adapted({ version: 1 }, backward, { model, sequence: 4096 }));
    const extra = rising({ reentrant: true }) - rising({});
    expect(extra / stream(4096)).toBeGreaterThan(llama8B.layers - 1);
    expect(extra / stream(4096)).toBeLessThan(llama8B.layers + 4);
  });

  it('holds none of them in FSDP2, outside reentrant checkpoints, or of layers that learn', () => {
    expect(held(adapted({ version: 2 }, { reentrant: true }))).toBe(0);
    expect(held(adapted({ version: 1 }, {}))).toBe(0);
    expect(held(on(8, { version: 1 }, { backward: use('checkpoint', { reentrant: true }) }))).toBe(0);
  });

  it('holds them too where the weights come up from the host', () => {
    const offloaded = { ...adapted({ version: 1 }, { reentrant: true }), lists: {} };
    const away = spread(offloaded, [use('fsdp', { n: 8, version: 1 })], ['weights']);
    expect(held(away)).toBe(llama8B.layers * stream(512));
  });
});
