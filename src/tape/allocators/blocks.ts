/** Blocks of device memory and the free ones in order of size: what both of PyTorch's allocators are made of. */

export interface Block {
  /** Address in the simulated space; only its order matters. */
  address: number;
  size: number;
  free: boolean;
  /** Backed by memory. Only expandable segments hold addresses that are not. */
  mapped: boolean;
  pool: Pool;
  /** Neighbours inside the same segment. */
  previous: Block | null;
  next: Block | null;
}

/** Blocks for requests of one kind of size on one stream; requests never cross pools. */
export interface Pool {
  small: boolean;
  /** Free, mapped blocks by size, then address. */
  free: Block[];
  /** Unmapped stretches of expandable segments, by address. */
  holes: Block[];
}

export const newPool = (small: boolean): Pool => ({ small, free: [], holes: [] });

/** Index of the first free block that is not before (size, address). */
function lowerBound(free: readonly Block[], size: number, address: number): number {
  let low = 0;
  let high = free.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    const block = free[middle] as Block;
    if (block.size < size || (block.size === size && block.address < address)) low = middle + 1;
    else high = middle;
  }
  return low;
}

export function insertFree(block: Block): void {
  const { free } = block.pool;
  free.splice(lowerBound(free, block.size, block.address), 0, block);
}

export function removeFree(block: Block): void {
  const { free } = block.pool;
  const at = lowerBound(free, block.size, block.address);
  if (free[at] !== block) throw new Error('allocator: a free block is not where its size says');
  free.splice(at, 1);
}

/** The smallest free block of at least `size` bytes, the lowest address first; it stays in the pool. */
export const bestFit = (pool: Pool, size: number): Block | undefined => pool.free[lowerBound(pool.free, size, -1)];

/** Cuts `block` after `size` bytes and returns the rest, linked behind it. Neither is put into a pool. */
export function split(block: Block, size: number): Block {
  const rest: Block = {
    address: block.address + size,
    size: block.size - size,
    free: true,
    mapped: block.mapped,
    pool: block.pool,
    previous: block,
    next: block.next,
  };
  if (rest.next) rest.next.previous = rest;
  block.next = rest;
  block.size = size;
  return rest;
}

/** Takes a neighbour that lies behind `block` into it. */
export function absorbNext(block: Block): void {
  const next = block.next as Block;
  block.size += next.size;
  block.next = next.next;
  if (next.next) next.next.previous = block;
}
