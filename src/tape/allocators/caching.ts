/**
 * PyTorch's CUDA caching allocator (c10/cuda/CUDACachingAllocator.cpp): requests are rounded to 512 bytes and served from
 * segments that are asked of the driver and kept. A free block serves only the stream that it was first asked for on
 * (BlockComparatorSize orders by stream first, and get_free_block takes no other's), so each stream has pools of its own.
 * With `expandable`, each pool is one range of addresses that is backed page by page instead.
 */
import type { Stream } from '../types';
import { absorbNext, type Block, bestFit, insertFree, newPool, type Pool, removeFree, split } from './blocks';

const MiB = 2 ** 20;
/** kMinBlockSize: sizes are rounded up to it. */
const GRAIN = 512;
/** kSmallSize: requests up to this come from the small pool. */
const SMALL = MiB;
/** kSmallBuffer and kLargeBuffer: segments of small requests and of those under kMinLargeAlloc; also the pages of expandable segments. */
const SMALL_SEGMENT = 2 * MiB;
const LARGE_SEGMENT = 20 * MiB;
const MIN_LARGE = 10 * MiB;
/** kRoundLarge: segments of larger requests. */
const ROUND_LARGE = 2 * MiB;
/** Addresses of an expandable segment: more than any card has. */
const ADDRESS_SPACE = 2 ** 44;

const roundUp = (bytes: number, unit: number): number => Math.ceil(bytes / unit) * unit;

/** Bytes of the block that serves a request. */
export const blockSize = (bytes: number): number => Math.max(GRAIN, roundUp(bytes, GRAIN));

/** What the driver is asked for when no cached block serves a block of `size`. */
export const segmentSize = (size: number): number =>
  size <= SMALL ? SMALL_SEGMENT : size < MIN_LARGE ? LARGE_SEGMENT : roundUp(size, ROUND_LARGE);

export interface AllocatorOptions {
  expandable: boolean;
  /** Bytes that the driver can give; where they do not suffice, cached memory is given back first. */
  limit: number;
}

interface Pools {
  small: Pool;
  large: Pool;
}

/** Thrown where a request does not fit under the limit, even with everything cached given back. */
export class OutOfMemory extends Error {}

export class CachingAllocator {
  /** Bytes held from the driver, and the most ever held. */
  reserved = 0;
  peakReserved = 0;
  /** Bytes in live blocks, rounding included. */
  allocated = 0;
  /** The driver had no more, and cached memory was given back. */
  pressed = false;
  /** Equal numbers mean equal arrangements of blocks (as far as 32 bits can tell). */
  fingerprint = 0;
  private readonly pools = new Map<Stream | 'compute', Pools>();
  /** The first block of each segment. */
  private readonly segments = new Set<Block>();
  private nextAddress = 0;

  constructor(private readonly options: AllocatorOptions) {}

  allocate(bytes: number, stream: Stream | 'compute' = 'compute'): Block {
    const size = blockSize(bytes);
    const { small, large } = this.poolsOf(stream);
    const pool = size <= SMALL ? small : large;
    const block = bestFit(pool, size) ?? (this.options.expandable ? this.grow(pool, size) : this.newSegment(pool, size));
    this.leave(block);
    const rest = block.size - size;
    // A large block is split only where what is left could serve a large request; pages can be split anywhere.
    if (pool.small || this.options.expandable ? rest >= GRAIN : rest > SMALL) this.enter(split(block, size));
    block.free = false;
    this.note(block);
    this.allocated += block.size;
    return block;
  }

  free(block: Block): void {
    if (block.free) throw new Error('allocator: a block is freed twice');
    this.allocated -= block.size;
    this.note(block);
    block.free = true;
    this.settle(block);
  }

  /** Every block, segment by segment in order of address: for checks. */
  *blocks(): Generator<Block> {
    for (const first of this.segments) for (let block: Block | null = first; block; block = block.next) yield block;
  }

  /** Gives cached memory of every stream back: segments (or, in expandable ones, whole pages) without a live block. */
  releaseCached(): void {
    for (const pool of [...this.pools.values()].flatMap(({ small, large }) => [small, large])) {
      for (const block of [...pool.free]) {
        if (this.options.expandable) this.unmap(block);
        else if (!block.previous && !block.next) {
          this.leave(block);
          this.segments.delete(block);
          this.reserved -= block.size;
        }
      }
    }
  }

  private poolsOf(stream: Stream | 'compute'): Pools {
    const found = this.pools.get(stream);
    if (found) return found;
    const made = { small: newPool(true), large: newPool(false) };
    this.pools.set(stream, made);
    return made;
  }

  private newSegment(pool: Pool, size: number): Block {
    const bytes = segmentSize(size);
    this.take(bytes);
    const block = this.segment(pool, bytes, true);
    this.enter(block);
    return block;
  }

  private segment(pool: Pool, size: number, mapped: boolean): Block {
    const block: Block = { address: this.nextAddress, size, free: true, mapped, pool, previous: null, next: null };
    // Starts of segments are starts of pages.
    this.nextAddress = roundUp(this.nextAddress + size + 1, LARGE_SEGMENT);
    this.segments.add(block);
    return block;
  }

  /** Backs pages behind a free block, or from the first hole that is long enough, until `size` bytes are free in one block. */
  private grow(pool: Pool, size: number): Block {
    const page = pageOf(pool);
    let hole = pool.holes.find((candidate) => reaches(candidate, size));
    if (!hole) {
      hole = this.segment(pool, ADDRESS_SPACE, false);
      pool.holes.push(hole);
    }
    let have = hole.previous?.free ? hole.previous.size : 0;
    for (;;) {
      const bytes = Math.min(hole.size, roundUp(size - have, page));
      this.take(bytes);
      pool.holes.splice(pool.holes.indexOf(hole), 1, ...(bytes < hole.size ? [split(hole, bytes)] : []));
      hole.mapped = true;
      const block = this.settle(hole);
      if (block.size >= size) return block;
      have = block.size;
      hole = block.next as Block;
    }
  }

  /** Gives back the whole pages inside a free block of an expandable segment. */
  private unmap(block: Block): void {
    const page = pageOf(block.pool);
    const from = roundUp(block.address, page);
    const to = Math.floor((block.address + block.size) / page) * page;
    if (to <= from) return;
    this.leave(block);
    let hole = block;
    if (from > block.address) {
      hole = split(block, from - block.address);
      this.enter(block);
    }
    if (hole.size > to - from) this.enter(split(hole, to - from));
    hole.mapped = false;
    this.reserved -= hole.size;
    const { holes } = block.pool;
    if (hole.next?.mapped === false) {
      holes.splice(holes.indexOf(hole.next), 1);
      absorbNext(hole);
    }
    if (hole.previous?.mapped === false) absorbNext(hole.previous);
    else holes.push(hole);
    holes.sort((a, b) => a.address - b.address);
  }

  /** Puts a block among the free ones, merged with its free neighbours. */
  private settle(block: Block): Block {
    let merged = block;
    if (isFree(merged.next)) {
      this.leave(merged.next);
      absorbNext(merged);
    }
    if (isFree(merged.previous)) {
      merged = merged.previous;
      this.leave(merged);
      absorbNext(merged);
    }
    this.enter(merged);
    return merged;
  }

  private enter(block: Block): void {
    insertFree(block);
    this.note(block);
  }

  private leave(block: Block): void {
    removeFree(block);
    this.note(block);
  }

  private take(bytes: number): void {
    if (this.reserved + bytes > this.options.limit) {
      this.pressed = true;
      this.releaseCached();
    }
    if (this.reserved + bytes > this.options.limit)
      throw new OutOfMemory(`${bytes} bytes more do not fit under ${this.options.limit}`);
    this.reserved += bytes;
    this.peakReserved = Math.max(this.peakReserved, this.reserved);
  }

  /** Adds a block to the fingerprint; the same block again takes it out. */
  private note(block: Block): void {
    let hash = Math.imul((block.address / GRAIN) | 0, 0x9e3779b1) ^ Math.imul((block.size / GRAIN) | 0, 0x85ebca77);
    if (block.free) hash ^= 0x27d4eb2f;
    hash = Math.imul(hash ^ (hash >>> 15), 0xc2b2ae3d);
    this.fingerprint ^= hash ^ (hash >>> 13);
  }
}

const pageOf = (pool: Pool): number => (pool.small ? SMALL_SEGMENT : LARGE_SEGMENT);
const isFree = (block: Block | null): block is Block => block?.free === true && block.mapped;

/** Whether the hole, the free block before it and what is free behind it are `size` bytes together. */
function reaches(hole: Block, size: number): boolean {
  let bytes = hole.previous?.free ? hole.previous.size : 0;
  for (let block: Block | null = hole; block?.free && bytes < size; block = block.next) bytes += block.size;
  return bytes >= size;
}
