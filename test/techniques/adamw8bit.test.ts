/** 8-bit Adam against its bytes (Dettmers et al., arXiv:2110.02861; bitsandbytes): 2 + 8/256 a parameter, 8 below 4096 elements. */
import { describe, expect, it } from 'vitest';
import { bytesAndTime } from '../../src/planner/bytes-and-time';
import { estimate } from '../../src/planner/estimate';
import { elements, llama7B, over, short, small, states, use } from './bytes';

const eight = (args: { [name: string]: boolean | number }) => ({ optimizer: use('adamw8bit', args) });

describe('adamw8bit', () => {
  it('keeps 2.03125 bytes a parameter, and all 8 of tensors under 4096 elements', () => {
    const norms = { ...small, hidden: 512 };
    const expected = over(norms, (weight) => {
      const count = elements(weight);
      return count < 4096 ? 8 * count : 2 * count + 8 * Math.ceil(count / 256);
    });
    expect(states(short(norms, eight({})))).toBe(expected);
    expect((states(short(llama7B, eight({}))) / 1e9).toFixed(2)).toBe('13.69');
  });

  it('counts 4096 elements as quantized', () => {
    const edge = { ...small, hidden: 4096, headDim: 512, layers: 1, vocab: 16, ffn: 16 };
    const under = { ...edge, hidden: 4095 };
    const norm = (model: typeof small) => states(short(model, eight({})));
    expect(norm(edge)).toBeLessThan(norm(under));
  });

  it('keeps 8 bytes a parameter of the embedding where the Trainer has it so: 6 − 8/256 more, 0.78 GB for LLaMA-7B', () => {
    const [plain, wide] = [eight({}), eight({ 'wide-embeddings': true })].map((stated) => states(short(llama7B, stated)));
    expect((wide ?? 0) - (plain ?? 0)).toBe(32000 * 4096 * (6 - 8 / 256));
    const tied = { ...llama7B, tiedEmbeddings: true };
    expect(states(short(tied, eight({ 'wide-embeddings': true }))) - states(short(tied, eight({})))).toBe(
      (wide ?? 0) - (plain ?? 0),
    );
  });

  it('keeps fewer scales with larger blocks, and of large tensors the scales alone on the card when paged', () => {
    expect(states(short(small, eight({ block: 2048 })))).toBeLessThan(states(short(small, eight({ block: 256 }))));
    const paged = over(small, (weight) => {
      const count = elements(weight);
      return count < 4096 ? 8 * count : (count >= 100_000 ? 0 : 2 * count) + 8 * Math.ceil(count / 256);
    });
    expect(states(short(small, eight({ paged: true })))).toBe(paged);
  });

  it('pages what the card has no room for, out and in once a step, and waits for it', () => {
    const plan = short(llama7B, eight({ paged: true }));
    const withRoom = (room: number) => ({ ...plan, device: { ...plan.device, memory: plan.device.reserve + room } });
    const at = (room: number) => estimate(withRoom(room));
    const moments = over(llama7B, (weight) => (elements(weight) >= 100_000 ? 2 * elements(weight) : 0));
    const roomy = at(2 ** 40);
    expect(roomy).not.toHaveProperty('host');
    const { allocated } = roomy.peak;
    const short1GiB = at(allocated + moments - 2 ** 30);
    expect(short1GiB.host).toEqual({ cpu: 2 ** 30, nvme: 0, moved: 2 ** 31 });
    const none = at(allocated);
    expect(none.host?.cpu).toBe(moments);
    const waits = (one: typeof roomy) => one.time.step - roomy.time.step;
    expect(waits(short1GiB)).toBeGreaterThan(0);
    expect(waits(none) / waits(short1GiB)).toBeCloseTo(moments / 2 ** 30, 6);
    const searched = bytesAndTime()(withRoom(allocated));
    expect(searched.time).toBeCloseTo(none.time.step, 9);
  });
});
