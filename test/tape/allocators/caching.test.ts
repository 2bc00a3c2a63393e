/** PyTorch's caching allocator: published sizes, and what must hold of any sequence of requests. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Block } from '../../../src/tape/allocators/blocks';
import { blockSize, CachingAllocator, OutOfMemory, segmentSize } from '../../../src/tape/allocators/caching';

const KiB = 1024;
const MiB = 1024 * KiB;
const GiB = 1024 * MiB;
const make = (expandable = false, limit = Number.POSITIVE_INFINITY) => new CachingAllocator({ expandable, limit });

describe('a request becomes a block, and a block a segment', () => {
  it.each([
    [1, 512, 2 * MiB],
    [513, 1024, 2 * MiB],
    [MiB, MiB, 2 * MiB],
    [MiB + 1, MiB + 512, 20 * MiB],
    [Math.floor(9.99 * MiB), Math.ceil(Math.floor(9.99 * MiB) / 512) * 512, 20 * MiB],
    [10 * MiB, 10 * MiB, 10 * MiB],
    [11 * MiB, 11 * MiB, 12 * MiB],
    [Math.ceil(7.1 * GiB), Math.ceil(Math.ceil(7.1 * GiB) / 512) * 512, 7272 * MiB],
  ])('%d bytes', (bytes, block, segment) => {
    expect(blockSize(bytes)).toBe(block);
    expect(segmentSize(blockSize(bytes))).toBe(segment);
    const allocator = make();
    expect(allocator.allocate(bytes).size).toBe(segment - block > MiB || segment === 2 * MiB ? block : segment);
    expect(allocator.reserved).toBe(segment);
  });

  it('the second small request shares the first one’s segment', () => {
    const allocator = make();
    allocator.allocate(1);
    allocator.allocate(513);
    expect(allocator.reserved).toBe(2 * MiB);
    expect(allocator.allocated).toBe(1536);
  });

  it('a large block whose rest is a MiB or less is not split', () => {
    const allocator = make();
    expect(allocator.allocate(11 * MiB).size).toBe(12 * MiB);
    expect(make(true).allocate(11 * MiB).size).toBe(11 * MiB);
  });

  it('takes the smallest free block that serves, and merges neighbours again', () => {
    const allocator = make();
    const wide = allocator.allocate(64 * MiB);
    const narrow = allocator.allocate(32 * MiB);
    const { address } = narrow;
    allocator.free(wide);
    allocator.free(narrow);
    const first = allocator.allocate(12 * MiB);
    expect(first.address).toBe(address);
    const second = allocator.allocate(12 * MiB);
    allocator.free(first);
    allocator.free(second);
    expect(allocator.allocate(32 * MiB).address).toBe(address);
    expect(allocator.reserved).toBe(96 * MiB);
  });

  it('expandable segments grow by pages of 20 MiB from the free tail', () => {
    const allocator = make(true);
    const first = allocator.allocate(30 * MiB);
    expect(allocator.reserved).toBe(40 * MiB);
    allocator.allocate(30 * MiB);
    expect(allocator.reserved).toBe(60 * MiB);
    allocator.free(first);
    allocator.allocate(31 * MiB);
    expect(allocator.reserved).toBe(100 * MiB);
  });

  it('gives cached segments back before it gives up', () => {
    const allocator = make(false, 100 * MiB);
    allocator.free(allocator.allocate(60 * MiB));
    allocator.allocate(80 * MiB);
    expect(allocator.reserved).toBe(80 * MiB);
    expect(() => allocator.allocate(30 * MiB)).toThrow(OutOfMemory);
  });

  it.each([false, true])('hands no block from one stream to another (expandable: %s)', (expandable) => {
    const allocator = make(expandable);
    const { address } = allocator.allocate(40 * MiB);
    allocator.free(allocator.allocate(40 * MiB, 'all_gather'));
    expect(allocator.reserved).toBe(80 * MiB);
    const here = allocator.allocate(40 * MiB);
    expect(here.address).not.toBe(address);
    expect(allocator.reserved).toBe(120 * MiB);
    allocator.allocate(40 * MiB, 'all_gather');
    expect(allocator.reserved).toBe(120 * MiB);
  });

  it.each([false, true])('gives back what every stream caches before it gives up (expandable: %s)', (expandable) => {
    const allocator = make(expandable, 100 * MiB);
    allocator.free(allocator.allocate(60 * MiB, 'reduce_scatter'));
    allocator.allocate(80 * MiB);
    expect(allocator.reserved).toBe(80 * MiB);
    expect(allocator.pressed).toBe(true);
  });

  it('expandable segments give back pages, and fill the holes again', () => {
    const allocator = make(true, 100 * MiB);
    const first = allocator.allocate(40 * MiB);
    allocator.allocate(20 * MiB);
    allocator.free(first);
    allocator.allocate(70 * MiB);
    expect(allocator.reserved).toBe(100 * MiB);
    expect(() => allocator.allocate(30 * MiB)).toThrow(OutOfMemory);
  });
});

describe.each([false, true])('whatever is asked and freed (expandable: %s)', (expandable) => {
  const requests = fc.array(
    fc.record({
      free: fc.boolean(),
      which: fc.nat(),
      bytes: fc.oneof(fc.integer({ min: 1, max: 4 * MiB }), fc.integer({ min: 1, max: 200 * MiB })),
      stream: fc.constantFrom(undefined, 'all_gather' as const, 'reduce_scatter' as const),
    }),
    { maxLength: 120 },
  );

  it('live blocks never overlap, reserved covers them, and freeing all leaves one free block a segment', () => {
    fc.assert(
      fc.property(requests, fc.boolean(), (events, limited) => {
        const allocator = make(expandable, limited ? 600 * MiB : Number.POSITIVE_INFINITY);
        const live: Block[] = [];
        for (const { free, which, bytes, stream } of events) {
          if (free && live.length > 0) {
            const [block] = live.splice(which % live.length, 1);
            allocator.free(block as Block);
          } else {
            try {
              live.push(allocator.allocate(bytes, stream));
            } catch (error) {
              if (!(error instanceof OutOfMemory)) throw error;
            }
          }
          check(allocator, live);
          expect(allocator.reserved).toBeLessThanOrEqual(limited ? 600 * MiB : Number.POSITIVE_INFINITY);
        }
        const before = allocator.reserved;
        for (const block of live) allocator.free(block);
        check(allocator, []);
        expect(allocator.reserved).toBe(before);
        expect(allocator.allocated).toBe(0);
        for (const block of allocator.blocks()) {
          if (!block.mapped) continue;
          expect(block.free).toBe(true);
          // Merged on both sides, up to holes.
          expect(block.next?.mapped ?? false).toBe(false);
        }
        allocator.releaseCached();
        expect(allocator.reserved).toBe(0);
      }),
      { numRuns: 150 },
    );
  });

  it('the same requests leave the same fingerprint, and undoing them restores it', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 30 * MiB }), { minLength: 1, maxLength: 20 }), (sizes) => {
        const allocator = make(expandable);
        const pass = () => {
          const blocks = sizes.map((size) => allocator.allocate(size));
          for (const block of blocks) allocator.free(block);
          return allocator.fingerprint;
        };
        pass();
        const settled = pass();
        expect(pass()).toBe(settled);
      }),
      { numRuns: 50 },
    );
  });
});

/** Blocks of a segment lie end to end, live ones are those held, and mapped bytes are what is reserved. */
function check(allocator: CachingAllocator, live: readonly Block[]): void {
  const held = new Set(live);
  let mapped = 0;
  let allocated = 0;
  let seen = 0;
  let previous: Block | null = null;
  for (const block of allocator.blocks()) {
    if (block.previous) {
      expect(block.previous).toBe(previous);
      expect(block.address).toBe(block.previous.address + block.previous.size);
    }
    expect(block.free).toBe(!held.has(block));
    if (block.mapped) mapped += block.size;
    if (!block.free) {
      allocated += block.size;
      seen += 1;
    }
    previous = block;
  }
  expect(seen).toBe(live.length);
  expect(mapped).toBe(allocator.reserved);
  expect(allocated).toBe(allocator.allocated);
  expect(allocator.reserved).toBeGreaterThanOrEqual(allocator.allocated);
}
