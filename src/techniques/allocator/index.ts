import type { Argument } from '../spec';
import type { Technique } from '../technique';

const allocator = (name: string, summary: string, args: readonly Argument[] = []): Technique => ({
  spec: {
    name,
    slot: 'allocator',
    exact: true,
    summary,
    formula: 'live bytes, rounded as the allocator rounds',
    cost: 'none',
    args,
  },
  rewrite: (recipe) => recipe,
});

const LENGTHS: readonly Argument[] = [
  {
    name: 'lengths',
    type: { kind: 'choice', of: ['fixed', 'varied'] },
    default: 'fixed',
    doc: 'Whether every batch is `sequence` long (padded or packed), or that is the longest of lengths that vary: then each new longest batch finds no cached block that serves it.',
  },
  {
    name: 'batches',
    type: { kind: 'count', min: 1 },
    default: 250,
    only: { lengths: 'varied' },
    doc: 'Batches that run, where lengths vary: about ln(batches) + 0.58 of them are the longest so far. The default is six of them.',
  },
];

export const allocators: readonly Technique[] = [
  allocator('cuda-caching', "PyTorch's caching allocator: blocks of 512 bytes in segments of 2 MiB, 20 MiB and more.", LENGTHS),
  allocator('expandable-segments', 'One growing segment for each pool, in pages of 2 MiB and 20 MiB.', LENGTHS),
  allocator('exact', 'No rounding: reserved equals allocated.'),
];
