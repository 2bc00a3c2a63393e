import { bytesPer, isWider } from '../../plan/dtypes';
import { elements } from '../../plan/weights';
import { weightsOnCard } from '../../tape/pytorch/parameters';
import { inGradientType } from '../../tape/pytorch/step';
import type { Buffer, Recipe } from '../../tape/recipe';
import { averaged } from '../cards';

const MiB = 2 ** 20;
/** The first bucket is small, so that the first all-reduce starts early. */
const FIRST = 1 * MiB;

export const DDP_BUCKETS = 'ddp.buckets';

/**
 * torch.nn.parallel.DistributedDataParallel: the reducer's buckets are as large as all gradients together and stay from
 * step to step. `view`: gradients lie in the buckets; otherwise they are copied there and back. Li et al., arXiv:2006.15704.
 * Wide sums of narrow gradients are buckets themselves, as in Megatron-LM's own DistributedDataParallel.
 */
export function distributed(recipe: Recipe, n: number, bucket: number, view: boolean): Recipe {
  const bytes = weightsOnCard(recipe).reduce((sum, { weight, count }) => {
    const own = recipe.stored(weight)[0]?.dtype ?? recipe.parameters;
    const kept = recipe.gradients ?? own;
    return recipe.trains(weight) && !isWider(kept, own) ? sum + count * elements(weight) * bytesPer(kept) : sum;
  }, 0);
  const buckets: Buffer = {
    name: DDP_BUCKETS,
    shape: [bytes],
    dtype: 'int8',
    category: 'gradients',
    lives: 'always',
    pieces: 1 + Math.ceil(Math.max(0, bytes - FIRST) / bucket),
  };
  return {
    ...recipe,
    cards: { ...recipe.cards, data: n },
    buffers: bytes > 0 ? [...recipe.buffers, buckets] : recipe.buffers,
    pytorch: {
      ...recipe.pytorch,
      reduction: {
        at: 'parameter',
        whole: true,
        reduce: ({ trace }, finished) =>
          finished.map(({ gradient }) => {
            if (isWider(recipe.gradients ?? gradient.dtype, gradient.dtype)) return gradient;
            const kept = inGradientType(trace, recipe, gradient);
            if (!view) return kept;
            const inBucket = trace.tensor('bucket.view', kept.shape, kept.dtype, 'gradients', 0);
            trace.op({ op: 'aten.copy_', label: 'bucket', reads: [kept], writes: [inBucket], moved: 2 * kept.bytes });
            trace.release(kept);
            return inBucket;
          }),
        // Once a step: micro-batches before the last one run under no_sync.
        settle: averaged(n),
      },
    },
  };
}
