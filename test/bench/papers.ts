/**
 * The papers' headlines beside the runner's own figures. What runs is read from the registry: a technique that the runner learns to
 * execute joins by itself, one that it cannot run yet is named. `--only=NAME,…` repeats some parts; `--picture` draws the loss curves
 * of all techniques into `media/loss-curves.svg`.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import shipped from '../../media/examples/corpus.txt';
import { findModel } from '../../src/plan/presets/models';
import type { Model, Plan, RunSettings, TechniqueSlot, Use } from '../../src/plan/types';
import { batchAt } from '../../src/runner/data';
import type { Opened } from '../../src/runner/device';
import { proxyOf } from '../../src/runner/proxy';
import { createTrainer, type Trainer } from '../../src/runner/trainer';
import { initialWeights } from '../../src/runner/weights';
import { linearise } from '../../src/tape/linear';
import { liveAtPeak } from '../../src/tape/live';
import { type Simulation, simulate } from '../../src/tape/simulate';
import { unroll } from '../../src/tape/unroll';
import { recipeOf, tapeOf } from '../../src/techniques/recipe-of';
import { techniques } from '../../src/techniques/registry';
import { chosenParts, flag, onEachDriver, root } from './parts/drivers';
import { type Curve, lossPicture } from './parts/picture';
import { planOf } from './parts/plans';
import { heading, judged, mebibytes, median, note, row } from './parts/table';

const text = new TextEncoder().encode(shipped);
const SEED = 5;
const use = (name: string, args: Use['args'] = {}): Use => ({ name, args });
const simulated = (plan: Plan): Simulation => simulate(tapeOf(plan));
/** How the rows of a part are repeated, on the driver that was asked for. */
function command(part: string): void {
  const driver = flag('driver');
  note(`repeat: npm run bench:papers -- --only=${part}${driver === undefined ? '' : ` --driver=${driver}`}`);
}

const trainerOf = (opened: Opened, plan: Plan, arena?: number): Promise<Trainer> =>
  createTrainer(opened, recipeOf(plan), initialWeights(plan.model, SEED), SEED, arena === undefined ? {} : { cap: { arena } });
const batchOf = (plan: Plan, step: number) => batchAt(text, step, SEED, plan.batch, plan.sequence, plan.model.vocab);

/** Times over those beside them in the same rounds, at the median: steps that follow one another are alike in what else the machine does. */
const over = (times: readonly number[], base: readonly number[]): number =>
  median(times.map((time, round) => time / (base[round] as number)));

/**
 * Milliseconds of each plan’s steps, round by round, without the first, which compiles; every other round goes backwards. At least
 * so many rounds, and more of them for so many seconds.
 */
async function turns(opened: Opened, plans: readonly Plan[], rounds: number, seconds = 0): Promise<number[][]> {
  const trainers: Trainer[] = [];
  for (const plan of plans) trainers.push(await trainerOf(opened, plan));
  const times: number[][] = plans.map(() => []);
  const until = performance.now() + 1000 * seconds;
  for (let round = 0; round <= rounds || performance.now() < until; round++)
    for (const [index, trainer] of round % 2 ? [...trainers.entries()].reverse() : trainers.entries()) {
      const start = performance.now();
      await trainer.step(round, batchOf(plans[index] as Plan, round), 1e-3);
      (times[index] as number[]).push(performance.now() - start);
    }
  for (const trainer of trainers) trainer.destroy();
  return times.map((list) => list.slice(1));
}

/** The longest sequence, in sixteens, whose step fits into `budget` bytes: by the tape of the runner's own engine. */
function longest(plan: Plan, budget: number): number {
  const fits = (sixteens: number) => simulated({ ...plan, sequence: 16 * sixteens }).peak <= budget;
  if (!fits(1)) return 0;
  let high = 2;
  while (fits(high)) high *= 2;
  let low = high / 2;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (fits(middle)) low = middle;
    else high = middle;
  }
  return 16 * low;
}

/** Bytes that each further token takes of a step's peak. */
function bytesPerToken(plan: Plan): number {
  const [few, many] = [2 ** 16, 2 ** 17].map((sequence) => simulated({ ...plan, sequence }).peak) as [number, number];
  return (many - few) / 2 ** 16;
}

/** Bytes of each kind of tensor at a step's peak. */
function liveBytes(plan: Plan): Map<string, number> {
  const tape = tapeOf(plan);
  const bytes = new Map<string, number>();
  for (const [id, count] of liveAtPeak(tape, simulate(tape).peak).counts) {
    const { name, bytes: each } = tape.tensors[id] as (typeof tape.tensors)[number];
    bytes.set(name, (bytes.get(name) ?? 0) + count * each);
  }
  return bytes;
}

/** The kinds of tensors that take most of a step's peak. */
const largestAtPeak = (plan: Plan): string =>
  [...liveBytes(plan)]
    .sort((a, b) => b[1] - a[1])
    .slice(0, 6)
    .map(([name, each]) => `${name} ${((100 * each) / simulated(plan).peak).toFixed(0)} %`)
    .join(', ');

const checkpoint: Plan['slots'] = { backward: use('checkpoint'), optimizer: use('lomo') };
const streambp: Plan['slots'] = { backward: use('streambp', { chunk: 512, logits: 128 }), optimizer: use('lomo') };

/** The paper's card. */
const CARD = 80 * 2 ** 30;

async function streambpRows(opened: Opened): Promise<void> {
  heading(
    'StreamBP (arXiv:2506.03077): longest sequence under one byte budget, 16 bits; the paper has 2.8 to 5.5 times checkpointing’s',
  );
  // The narrower the layers and the fewer the key heads against the vocabulary, the more of a step StreamBP takes away.
  const grouped = { layers: 16, hidden: 512, heads: 8, kvHeads: 2, headDim: 64, ffn: 1376, vocab: 32_000 };
  const shapes = [
    { ...grouped, name: '16 layers of 512, 8 heads over 2', least: 4 },
    { ...grouped, kvHeads: 8, name: '16 layers of 512, 8 heads', least: 4 },
    {
      ...grouped,
      hidden: 2048,
      heads: 32,
      kvHeads: 8,
      ffn: 8192,
      vocab: 128_256,
      tiedEmbeddings: true,
      name: 'Llama 3.2 1B',
      least: 4,
    },
    {
      layers: 36,
      hidden: 2560,
      heads: 32,
      kvHeads: 8,
      headDim: 128,
      ffn: 9728,
      vocab: 151_936,
      tiedEmbeddings: true,
      name: 'Qwen3 4B',
      least: 4,
    },
  ];
  for (const { name, least, ...model } of shapes) {
    const plan = (slots: Plan['slots']) => planOf('capacity', slots, model, { batch: 1, sequence: 16 });
    // The paper trains in 16 bits: what crosses to the backward is kept in them, with both; logits are made in fp32 by both.
    const halves = { precision: use('amp-bf16') };
    const [few, many, fewExact, manyExact, packed] = [
      { ...checkpoint, ...halves },
      { ...streambp, ...halves },
      checkpoint,
      streambp,
      { ...streambp, activations: use('int8') },
    ].map((slots) => longest(plan(slots), CARD)) as [number, number, number, number, number];
    judged(`${name}, vocabulary ${model.vocab}, 80 GiB`, many / few, ' ×', { least }, 2, `${few} → ${many}`);
    row('  live at its peak', largestAtPeak({ ...plan({ ...streambp, ...halves }), sequence: many }));
    // No chunk is small enough to beat what lies between layers: where that alone is too much, the vocabulary is small for the depth.
    const between = (liveBytes({ ...plan(streambp), sequence: manyExact }).get('x') ?? 0) / manyExact;
    const bound = bytesPerToken(plan(checkpoint)) / between;
    const found = `${fewExact} → ${manyExact}`;
    const name32 = '  both in fp32 throughout';
    if (bound >= 4) judged(name32, manyExact / fewExact, ' ×', { least: 4 }, 2, found);
    else
      row(
        name32,
        `${found}   ${(manyExact / fewExact).toFixed(2)} ×`,
        `what lies between ${model.layers} layers allows ${bound.toFixed(2)} ×`,
      );
    row('  StreamBP with int8 over checkpointing in 16 bits', `${packed}   ${(packed / few).toFixed(2)} ×`);
  }
  const small = { layers: 16, hidden: 64, heads: 2, kvHeads: 2, headDim: 32, ffn: 176, vocab: 32_000 };
  const plan = (slots: Plan['slots']) => planOf('capacity', slots, small, { batch: 1, sequence: 16 });
  const budget = simulated({ ...plan(checkpoint), sequence: 256 }).peak;
  for (const [name, slots] of [
    ['checkpoint', checkpoint],
    ['streambp', streambp],
  ] as const) {
    const found = { ...plan(slots), sequence: longest(plan(slots), budget) };
    const trainer = await trainerOf(opened, found);
    await trainer.step(0, batchOf(found, 0), 1e-3);
    judged(
      `  run: ${name}, 16 layers of 64, live peak counted`,
      trainer.program.highWater() / 2 ** 20,
      ' MiB',
      { most: budget / 2 ** 20 },
      2,
      `${found.sequence} tokens`,
    );
    trainer.destroy();
  }
  const equal = { layers: 4, hidden: 128, heads: 4, kvHeads: 4, headDim: 32, ffn: 352, vocab: 2048 };
  note('step over checkpointing’s at equal length, by the plan of the rows above; median of rounds (paper: comparable or less)');
  for (const sequence of [1024, 2048]) {
    const plans = [checkpoint, streambp].map((slots) => planOf('time', slots, equal, { batch: 1, sequence }));
    const [checkpointed, streamed] = (await turns(opened, plans, 5, 90)) as [number[], number[]];
    const [few, many] = plans.map(operations) as [number, number];
    judged(
      `  ${sequence} tokens, ${(many / few).toFixed(2)} × the operations`,
      over(streamed, checkpointed),
      ' ×',
      { most: 1.05 },
      3,
      `${median(checkpointed).toFixed(0)} → ${median(streamed).toFixed(0)} ms`,
    );
  }
  command('streambp');
}

/** Persistent optimizer bytes of a plan for PyTorch. */
const states = (plan: Plan): number => simulated(plan).persistent.optimizer;

/** Bytes of what a plan's states are made of, by its name. */
const partsOf = (plan: Plan, named: RegExp, where: 'anywhere' | 'in layers' = 'anywhere'): number =>
  linearise(tapeOf(plan)).storages.reduce(
    (sum, { name, bytes, layer }) => sum + (named.test(name) && (layer !== undefined || where === 'anywhere') ? bytes : 0),
    0,
  );

async function galoreRows(opened: Opened): Promise<void> {
  heading(
    'GaLore (arXiv:2403.03507): optimizer states at the paper’s shapes, bf16; the paper has up to 65.5 % less, 82.5 % with 8 bits',
  );
  const shapes = [
    ['60M', 512, 8, 8, 1376, 128],
    ['130M', 768, 12, 12, 2048, 256],
    ['350M', 1024, 24, 16, 2736, 256],
    ['1B', 2048, 24, 32, 5461, 512],
    ['7B', 4096, 32, 32, 11_008, 1024],
  ] as const;
  const best = [0, 0, 0, 0, 0];
  for (const [name, hidden, layers, heads, ffn, rank] of shapes) {
    const model = { layers, hidden, heads, kvHeads: heads, headDim: hidden / heads, ffn, vocab: 32_000 };
    const plan = (optimizer: Use): Plan => {
      const made = planOf(name, { optimizer }, model, { batch: 1, sequence: 256 });
      return { ...made, slots: { optimizer, engine: use('pytorch') } };
    };
    const adamw = plan(use('adamw', { states: 'bf16' }));
    const galore = plan(use('galore', { rank, inner: 'adamw', layerwise: true, states: 'bf16' }));
    const galore8 = plan(use('galore', { rank, inner: 'adamw8bit', layerwise: true }));
    const full = states(adamw);
    const eight = states(galore8);
    // The paper's 82.5 % holds where the projector is stored in 8 bits too, and the blocks' maxima are not counted; the authors' code
    // keeps the projector in the parameters' 16 bits, and blocks have maxima.
    const narrow = eight - partsOf(galore8, /projector/) / 2;
    const codes = narrow - partsOf(galore8, /absmax/);
    const less = [states(galore), eight, narrow, codes].map((bytes) => 100 * (1 - bytes / full));
    const all = /exp_avg|projector/;
    less.push(100 * (1 - partsOf(galore, all, 'in layers') / partsOf(adamw, all, 'in layers')));
    less.forEach((value, at) => {
      best[at] = Math.max(best[at] as number, value);
    });
    row(
      `  ${name}, rank ${rank}: ${(full / 1e9).toFixed(2)} GB of AdamW`,
      `${less[0]?.toFixed(1)} % less, 8 bits ${less[1]?.toFixed(1)} %, projector too ${less[2]?.toFixed(1)} %`,
    );
  }
  const [sixteen, wide, narrow, codes, layers] = best as [number, number, number, number, number];
  const halved = (less: number) => 100 - (100 - less) / 2;
  judged('the most that 16-bit GaLore takes away', sixteen, ' %', { least: 65 }, 2, 'paper 65.5 %');
  row('  of the layers alone', `${layers.toFixed(2)} %`, 'embeddings and head keep both moments whole');
  row('  the same elements in one byte each', `${halved(sixteen).toFixed(2)} %`, 'paper 82.5 %');
  note('the paper’s two figures are not of one count of elements, whatever is counted: what goes from two bytes to one halves.');
  note(
    `82.5 % less in one byte is ${(2 * 82.5 - 100).toFixed(1)} % less in two; 65.5 % less in two is ${halved(65.5).toFixed(2)} % less in one.`,
  );
  row('the most that 8-bit GaLore takes away, projector in 16 bits', `${wide.toFixed(2)} %`, 'as the authors’ code keeps it');
  judged('the most that 8-bit GaLore takes away, projector in 8 bits', narrow, ' %', { least: 82 }, 2, 'paper 82.5 %');
  row('  without the blocks’ maxima', `${codes.toFixed(2)} %`);
  const model = { layers: 2, hidden: 128, heads: 4, kvHeads: 4, headDim: 32, ffn: 352 };
  const of = (every: number) =>
    planOf('refresh', { optimizer: use('galore', { rank: 32, every, inner: 'adamw', layerwise: true }) }, model, {
      batch: 2,
      sequence: 128,
    });
  const [always, rarely] = (await turns(opened, [of(1), of(1000)], 7)) as [number[], number[]];
  const added = over(always, rarely) - 1;
  row(
    'a refresh of every subspace, rank 32 of 128',
    `${(added * median(rarely)).toFixed(0)} ms over ${median(rarely).toFixed(0)} ms a step`,
    `every 200 steps: ${((100 * added) / 200).toFixed(2)} % of a step`,
  );
  command('galore');
}

/** Bytes that the layers' forward makes and their backward takes up. */
function keptForBackward(plan: Plan): number {
  const { ops, storages } = linearise(tapeOf(plan));
  return storages.reduce((sum, { from, to, bytes }) => {
    const [made, last] = [ops[from], ops[to]];
    const kept = made?.phase === 'forward' && made.layer !== undefined && last?.phase === 'backward' && last.layer !== undefined;
    return kept ? sum + bytes : sum;
  }, 0);
}

async function activationRows(opened: Opened): Promise<void> {
  heading(
    'Mesa (arXiv:2111.11124) and ActNN (arXiv:2104.14129): what is kept for the backward; the papers have about half of 16 bits, 8 bits',
  );
  const model = { layers: 4, hidden: 128, heads: 4, kvHeads: 4, headDim: 32, ffn: 352 };
  const of = (activations: Use | null) =>
    planOf('activations', { optimizer: use('lomo'), ...(activations ? { activations } : {}) }, model, {
      batch: 2,
      sequence: 256,
    });
  const kept = runnable('activations').filter(({ name }) => name !== 'exact');
  const plans = [of(null), ...kept];
  const all = plans.map((one) => ('slots' in one ? one : of(one)));
  const times = await turns(opened, all, 5);
  const base = keptForBackward(all[0] as Plan);
  for (const [index, plan] of all.entries()) {
    const bytes = keptForBackward(plan);
    const name = plan.slots.activations?.name ?? 'exact, fp32';
    // The inputs of matrices that sampling thins out are made again in backward, whatever the technique.
    const less =
      bytes < base || index === 0 ? `${(100 * (1 - bytes / base)).toFixed(1)} % less` : 'the engine keeps no input to sample';
    row(
      `  ${name}`,
      `${mebibytes(bytes)} kept`,
      `${less}, ${over(times[index] as number[], times[0] as number[]).toFixed(2)} × the time`,
    );
    // Eight bits of what would be thirty-two here, sixteen in the papers.
    if (plan.slots.activations?.name === 'int8')
      judged('int8: kept, of fp32 (half of 16 bits is a quarter of 32)', bytes / base, '', { most: 0.27 }, 3);
  }
  command('activations');
}

async function lossRows(opened: Opened): Promise<void> {
  heading('Cut cross-entropy (arXiv:2411.09009): bytes of logits and loss; the paper has 24 GB to 1 MB for Gemma 2 2B');
  const gemma = { layers: 1, hidden: 2304, heads: 8, kvHeads: 4, headDim: 256, ffn: 9216, vocab: 256_000 };
  const small = { layers: 1, hidden: 64, heads: 2, kvHeads: 2, headDim: 32, ffn: 176, vocab: 16_384 };
  const of = (model: Partial<Model>, sequence: number, loss: Use | null) =>
    planOf('loss', { optimizer: use('lomo'), ...(loss ? { loss } : {}) }, model, { batch: 1, sequence });
  const logits = (plan: Plan) => highestOf(plan, 'logits');
  const [full, cut] = [logits(of(gemma, 8192, null)), logits(of(gemma, 8192, use('cut-cross-entropy')))];
  judged(
    '8192 tokens, 256,000 words: logits’ bytes, full over cut',
    full / cut,
    ' ×',
    { least: 100 },
    0,
    `${mebibytes(full)} → ${mebibytes(cut)}`,
  );
  const losses: [string, Use | null][] = [
    ['full logits', null],
    ['chunked', use('chunked', { chunk: 64 })],
    ['cut cross-entropy, exact', use('cut-cross-entropy')],
    ['cut cross-entropy, filtered as published', use('cut-cross-entropy', { filter: true })],
  ];
  const plans = losses.map(([, loss]) => of(small, 512, loss));
  const times = await turns(opened, plans, 12);
  note('one layer of 64, 512 tokens, 16,384 words: medians of rounds');
  for (const [index, plan] of plans.entries()) {
    const [own, base] = [times[index], times[0]] as [number[], number[]];
    row(
      `  ${losses[index]?.[0]}`,
      `${mebibytes(logits(plan))}, ${median(own).toFixed(0)} ms`,
      `${over(own, base).toFixed(2)} × the time, ${(operations(plan) / operations(plans[0] as Plan)).toFixed(2)} × the operations`,
    );
  }
  note(
    'cut cross-entropy makes its logits twice: four products in place of three. The published kernels’ filter leaves out blocks',
  );
  note('of gradients all below 2⁻¹²: weights that have not learnt, as these, give few, for they rule no word out.');
  command('loss');
}

/** Floating-point operations of a step. */
const operations = (plan: Plan): number => linearise(tapeOf(plan)).ops.reduce((sum, { node }) => sum + (node.flops ?? 0), 0);

/** The most bytes of a category that are live at once. */
function highestOf(plan: Plan, category: 'logits'): number {
  const tape = tapeOf(plan);
  const size = new Map(tape.tensors.map((tensor, id) => [id, tensor.category === category ? tensor.bytes : 0]));
  let live = 0;
  let high = 0;
  unroll(tape, ({ node }) => {
    for (const id of node.allocs) live += size.get(id) ?? 0;
    high = Math.max(high, live);
    for (const id of node.frees) live -= size.get(id) ?? 0;
  });
  return high;
}

/** Techniques of a slot that the runner executes; the others are named. */
function runnable(slot: TechniqueSlot): Use[] {
  const all = techniques.filter(({ spec }) => spec.slot === slot);
  const without = all.filter((technique) => !technique.webgpu).map(({ spec }) => spec.name);
  if (without.length > 0) note(`the runner does not execute yet: ${slot} ${without.join(', ')}`);
  return all.filter((technique) => technique.webgpu && technique.spec.name !== 'none').map(({ spec }) => use(spec.name));
}

/** Steps of a whole curve. */
const WHOLE = 200;
const SETTINGS: RunSettings = {
  plan: 'one',
  layers: 2,
  hidden: 64,
  heads: 2,
  kvHeads: 2,
  ffn: 176,
  vocab: 256,
  sequence: 64,
  batch: 2,
  steps: WHOLE,
  seed: SEED,
};
const PICTURE = process.argv.includes('--picture');
/** Curves have no target: whoever wants them whole asks for them. */
if (!PICTURE && flag('only') === undefined) SETTINGS.steps = 40;

/** One technique on the small model, scaled as a run scales it, with the learning rate that a run gives it. */
function scaled(slot: TechniqueSlot, technique: Use): { plan: Plan; rate: number } {
  const model = findModel('meta-llama/Llama-3.2-1B') as Model;
  const plan = (slots: Plan['slots']) => planOf(technique.name, slots, model, { batch: 1, sequence: 2048 });
  const alone = plan({ [slot]: technique });
  // Matrices that are stored and do not learn carry adapters that do.
  const { unpack } = recipeOf(alone).webgpu;
  const large = unpack && !unpack.store ? plan({ ...alone.slots, train: use('lora') }) : alone;
  const { engine: _engine, ...slots } = large.slots;
  const run = proxyOf({ ...large, model, slots }, SETTINGS);
  return { plan: run.plan, rate: run.learningRate };
}

async function optimizerRows(opened: Opened): Promise<void> {
  heading('Optimizers: bytes of states and peak of the runner’s step against AdamW’s, and time');
  const all = runnable('optimizer');
  const plans = all.map((technique) => scaled('optimizer', technique).plan);
  // COAT is its moments and its saved tensors together.
  const moments = all.findIndex(({ name }) => name === 'adamw-fp8');
  const coat = plans[moments] as Plan;
  all.splice(moments + 1, 0, use('COAT: adamw-fp8 with fp8 activations'));
  plans.splice(moments + 1, 0, {
    ...coat,
    slots: { ...coat.slots, activations: use('fp8', { group: 16, format: 'e4m3', expand: false }) },
  });
  const times = await turns(opened, plans, 5);
  const base = all.findIndex(({ name }) => name === 'adamw');
  const adamw = simulated(plans[base] as Plan);
  for (const [index, plan] of plans.entries()) {
    const bytes = simulated(plan);
    row(
      `  ${all[index]?.name}`,
      `states ${((100 * bytes.persistent.optimizer) / adamw.persistent.optimizer).toFixed(1)} %, peak ${((100 * bytes.peak) / adamw.peak).toFixed(1)} %`,
      `${over(times[index] as number[], times[base] as number[]).toFixed(2)} × the time of adamw`,
    );
  }
  command('optimizers');
}

/** Written after every curve, so that a run that is stopped leaves those that it had. */
function draw(curves: readonly Curve[]): void {
  if (PICTURE) writeFileSync(join(root, 'media', 'loss-curves.svg'), lossPicture(curves));
}

const CURVE_SLOTS: TechniqueSlot[] = ['optimizer', 'backward', 'activations', 'precision', 'loss', 'weights', 'train'];
/** What the plain run is made of. */
const PLAIN = new Set(['adamw', 'standard', 'exact', 'cross-entropy', 'fp32', 'full']);

/** Mean loss of the last tenth of a curve. */
const settled = (losses: readonly number[]): number => {
  const last = losses.slice(-Math.ceil(losses.length / 10));
  return last.reduce((sum, loss) => sum + loss, 0) / last.length;
};

async function curveRows(opened: Opened): Promise<void> {
  heading(`Loss over ${SETTINGS.steps} steps of the text that ships, every technique that runs against the plain run`);
  const curves: Curve[] = [];
  const train = async (name: string, slot: TechniqueSlot, plan: Plan, rate: number) => {
    const trainer = await trainerOf(opened, plan);
    const losses: number[] = [];
    for (let step = 0; step < SETTINGS.steps; step++) losses.push(await trainer.step(step, batchOf(plan, step), rate));
    trainer.destroy();
    curves.push({ name, slot, losses });
    draw(curves);
  };
  const plain = scaled('optimizer', use('adamw'));
  await train('plain', 'optimizer', plain.plan, plain.rate);
  const base = settled((curves[0] as Curve).losses);
  for (const slot of CURVE_SLOTS)
    for (const technique of runnable(slot)) {
      if (PLAIN.has(technique.name)) continue;
      try {
        const { plan, rate } = scaled(slot, technique);
        // Losses over answers are not the text's.
        if (recipeOf(plan).webgpu.objective) continue;
        await train(plan.slots.train && slot !== 'train' ? `${technique.name} + lora` : technique.name, slot, plan, rate);
      } catch (error) {
        note(`${slot} ${technique.name} does not run alone: ${(error as Error).message.split('\n')[0]}`);
        continue;
      }
      const { name, losses } = curves[curves.length - 1] as Curve;
      row(
        `  ${slot} ${name}`,
        `${settled(losses).toFixed(3)}`,
        `plain ${base.toFixed(3)}, difference ${(settled(losses) - base).toFixed(3)}`,
      );
    }
  if (SETTINGS.steps < WHOLE) note(`these are ${SETTINGS.steps} steps of ${WHOLE}: the command below runs them all`);
  note(PICTURE ? 'drawn into media/loss-curves.svg' : '--picture draws the curves into media/loss-curves.svg');
  command('curves');
}

const PARTS: { [name: string]: (opened: Opened) => Promise<void> } = {
  streambp: streambpRows,
  galore: galoreRows,
  activations: activationRows,
  loss: lossRows,
  optimizers: optimizerRows,
  curves: curveRows,
};

await onEachDriver((opened) => chosenParts(opened, PARTS), 'best');
