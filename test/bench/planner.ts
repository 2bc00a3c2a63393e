/** How fast the planner answers: one estimate, a search, a fit, and whether memory stays flat. Targets stand beside the figures. */

import { findDevice } from '../../src/plan/presets/devices';
import { findModel } from '../../src/plan/presets/models';
import type { Device, Model, Plan, Use } from '../../src/plan/types';
import { find } from '../../src/planner/answers';
import { estimate } from '../../src/planner/estimate';
import { FIT_SLOTS, fit as findFits } from '../../src/planner/fit';
import { simulate } from '../../src/tape/simulate';
import { tapeOf } from '../../src/techniques/recipe-of';
import { heading, high, inParts, judged, median, row, verdict } from './parts/table';

declare const gc: () => void;

const use = (name: string, args: Use['args'] = {}): Use => ({ name, args });

function plan(preset: string, card: string, slots: Plan['slots'], sequence: number): Plan {
  const model = findModel(preset) as Model;
  const device = findDevice(card) as Device;
  return { name: preset, model, device, batch: 1, sequence, accumulate: 1, slots, lists: {}, order: [] };
}

/** Milliseconds of each of `runs` calls, after a warm-up. */
function time(work: () => void, runs: number): number[] {
  for (let run = 0; run < Math.min(50, runs); run++) work();
  return Array.from({ length: runs }, () => {
    const start = performance.now();
    work();
    return performance.now() - start;
  });
}

/** The same of several, one after the other in each round. */
function inTurns(works: readonly (() => void)[], runs: number): number[][] {
  const times: number[][] = works.map(() => []);
  for (let run = -50; run < runs; run++) {
    works.forEach((work, index) => {
      const start = performance.now();
      work();
      if (run >= 0) times[index]?.push(performance.now() - start);
    });
  }
  return times;
}

const late = (times: readonly number[]): string => `p95 ${high(times).toFixed(2)}`;
const figure = (what: string, times: readonly number[]): void => row(what, `${late(times)}   ${median(times).toFixed(2)} ms`);
const within = (what: string, times: readonly number[], most: number): void =>
  judged(what, median(times), ' ms', { most }, 2, late(times));

const chunked: Plan['slots'] = {
  optimizer: use('galore', { rank: 128, layerwise: true }),
  backward: use('streambp', { chunk: 1024, logits: 128 }),
};
const long = plan('meta-llama/Llama-3.1-70B', 'H100 SXM', chunked, 65_536);
const plain = plan('meta-llama/Llama-3.1-8B', 'RTX 4090', {}, 8192);

const tape = tapeOf(long);
const spread: Plan = {
  ...plan('meta-llama/Llama-3.1-70B', 'H100 SXM', { backward: use('checkpoint') }, 8192),
  accumulate: 16,
  lists: { parallel: [use('fsdp', { n: 8 }), use('tensor', { n: 8, sequence: true }), use('pipeline', { n: 8 })] },
};
const asked: Plan = {
  ...plain,
  slots: { backward: use('checkpoint'), optimizer: use('adamw8bit', { paged: true }), loss: use('cut-cross-entropy') },
};

heading('medians of milliseconds');
await inParts({
  estimate: () => {
    within(
      'estimate, 80 layers, 64 chunks, no waterfall',
      time(() => estimate(long), 500),
      2,
    );
    figure(
      '  of which its tape',
      time(() => tapeOf(long), 500),
    );
    figure(
      '  of which the simulation',
      time(() => simulate(tape), 500),
    );
    figure(
      'estimate with a waterfall of 5 steps',
      time(() => estimate({ ...long, order: ['optimizer', 'backward'] }), 200),
    );
  },
  cards: () => {
    const one = { ...spread, lists: {} };
    const sharded = { ...spread, lists: { parallel: [use('fsdp', { n: 512 })] } };
    // In turns: what else the machine does meets all of them alike.
    const [alone, fsdp, staged] = inTurns(
      [one, sharded, spread].map((of) => () => estimate(of)),
      500,
    ) as [number[], number[], number[]];
    figure('estimate on one card', alone);
    // As fast, but for the noise of a clock. A pipeline's two ends are two tapes.
    for (const [how, many] of Object.entries({ 'sharded by FSDP': fsdp, 'as FSDP, tensor and pipeline': staged })) {
      figure(`estimate on 512 cards, ${how}`, many);
      judged('  over one card’s', median(many) / median(alone), ' ×', { most: 1.25 });
    }
  },
  find: () =>
    within(
      'find max sequence',
      time(() => find(asked, { name: 'sequence' }, 'max', (one) => estimate(one)), 20),
      30,
    ),
  fit: () => {
    const timed = (of: Plan, slots?: Parameters<typeof findFits>[1]): { considered: number; seconds: number; each: number } => {
      const start = performance.now();
      const { considered } = findFits(of, slots);
      const seconds = (performance.now() - start) / 1000;
      return { considered, seconds, each: (seconds * 10_000) / considered };
    };
    const { considered, seconds, each } = timed(plain, [...FIT_SLOTS, 'weights', 'train', 'gradients']);
    judged('a fit considers so many plans', considered, '', { least: 10_000 }, 0, `${seconds.toFixed(2)} s`);
    judged('  each 10,000 of them take', each, ' s', { most: 2 });
    const eight = { ...plain, device: spread.device, lists: { parallel: [use('fsdp', { n: 8 })] } };
    for (const [cards, of] of Object.entries({ 8: eight, 512: spread })) {
      const several = timed(of);
      judged(`  on ${cards} cards`, several.each, ' s', { most: 2 }, 2, `${several.considered} plans`);
    }
  },
  memory: () => {
    gc();
    const before = process.memoryUsage().heapUsed;
    const many = 100_000;
    const begun = performance.now();
    for (let run = 0; run < many; run++) simulate(tapeOf({ ...plain, sequence: 1024 + (run % 4096) }));
    const seconds = (performance.now() - begun) / 1000;
    gc();
    const grown = (process.memoryUsage().heapUsed - before) / 2 ** 20;
    judged(`the heap grew over ${many} estimates (${seconds.toFixed(0)} s) by`, grown, ' MiB', { most: 1 });
  },
});
verdict();
