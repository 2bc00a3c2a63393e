import type { Technique } from '../technique';

const allocator = (name: string, summary: string): Technique => ({
  spec: {
    name,
    slot: 'allocator',
    exact: true,
    summary,
    formula: 'live bytes, rounded as the allocator rounds',
    cost: 'none',
    args: [],
  },
  rewrite: (recipe) => recipe,
});

export const allocators: readonly Technique[] = [
  allocator('cuda-caching', "PyTorch's caching allocator: blocks of 512 bytes in segments of 2 MiB, 20 MiB and more."),
  allocator('expandable-segments', 'One growing segment for each pool, in pages of 2 MiB and 20 MiB.'),
  allocator('exact', 'No rounding: reserved equals allocated.'),
];
