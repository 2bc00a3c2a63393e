/** How fast the planner answers: one estimate, a search, a fit, and whether memory stays flat. Targets stand beside the figures. */

import { findDevice } from '../../src/plan/presets/devices';
import { findModel } from '../../src/plan/presets/models';
import type { Device, Model, Plan, Use } from '../../src/plan/types';
import { find } from '../../src/planner/answers';
import { estimate } from '../../src/planner/estimate';
import { FIT_SLOTS, fit as findFits } from '../../src/planner/fit';
import { simulate } from '../../src/tape/simulate';
import { tapeOf } from '../../src/techniques/recipe-of';
import { row } from './parts/table';

declare const gc: () => void;

const use = (name: string, args: Use['args'] = {}): Use => ({ name, args });

function plan(preset: string, card: string, slots: Plan['slots'], sequence: number): Plan {
  const model = findModel(preset) as Model;
  const device = findDevice(card) as Device;
  return { name: preset, model, device, batch: 1, sequence, accumulate: 1, slots, lists: {}, order: [] };
}

/** Median and 95th percentile of `runs` calls, in milliseconds, after a warm-up. */
function time(work: () => void, runs: number): { median: number; high: number } {
  for (let run = 0; run < Math.min(50, runs); run++) work();
  const times = Array.from({ length: runs }, () => {
    const start = performance.now();
    work();
    return performance.now() - start;
  }).sort((a, b) => a - b);
  return { median: times[runs >> 1] ?? 0, high: times[Math.floor(runs * 0.95)] ?? 0 };
}

const ms = ({ median, high }: { median: number; high: number }): string => `${median.toFixed(2)} ms, p95 ${high.toFixed(2)}`;

const chunked: Plan['slots'] = {
  optimizer: use('galore', { rank: 128, layerwise: true }),
  backward: use('streambp', { chunk: 1024, logits: 128 }),
};
const long = plan('meta-llama/Llama-3.1-70B', 'H100 SXM', chunked, 65_536);
const plain = plan('meta-llama/Llama-3.1-8B', 'RTX 4090', {}, 8192);

row('', 'median', 'target');
row('estimate, 80 layers, 64 chunks, no waterfall', ms(time(() => estimate(long), 500)), '≤ 2 ms');
row('  of which its tape', ms(time(() => tapeOf(long), 500)), '');
const tape = tapeOf(long);
row('  of which the simulation', ms(time(() => simulate(tape), 500)), '');
row('estimate with a waterfall of 5 steps', ms(time(() => estimate({ ...long, order: ['optimizer', 'backward'] }), 200)), '');
const spread: Plan = {
  ...plan('meta-llama/Llama-3.1-70B', 'H100 SXM', { backward: use('checkpoint') }, 8192),
  accumulate: 16,
  lists: { parallel: [use('fsdp', { n: 8 }), use('tensor', { n: 8, sequence: true }), use('pipeline', { n: 8 })] },
};
row('estimate on one card', ms(time(() => estimate({ ...spread, lists: {} }), 500)), '');
row('estimate on 512 cards', ms(time(() => estimate(spread), 500)), 'as on one');
row(
  'find max sequence',
  ms(
    time(
      () =>
        find(
          {
            ...plain,
            slots: { backward: use('checkpoint'), optimizer: use('adamw8bit', { paged: true }), loss: use('cut-cross-entropy') },
          },
          { name: 'sequence' },
          'max',
          (asked) => estimate(asked),
        ),
      20,
    ),
  ),
  '≤ 30 ms',
);

const start = performance.now();
const found = findFits(plain, [...FIT_SLOTS, 'weights', 'train', 'gradients']);
row(`fit over ${found.considered} plans`, `${((performance.now() - start) / 1000).toFixed(2)} s`, '≤ 2 s for 10,000');

gc();
const before = process.memoryUsage().heapUsed;
const many = 100_000;
const begun = performance.now();
for (let run = 0; run < many; run++) simulate(tapeOf({ ...plain, sequence: 1024 + (run % 4096) }));
const seconds = (performance.now() - begun) / 1000;
gc();
const grown = (process.memoryUsage().heapUsed - before) / 2 ** 20;
row(`heap after ${many} estimates (${seconds.toFixed(0)} s)`, `${grown >= 0 ? '+' : ''}${grown.toFixed(2)} MiB`, 'flat');
