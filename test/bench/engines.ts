/**
 * One small model trained by the runner and by the engines that a user would pick instead: the same weights and batches, the same
 * driver, step by step in turns. Losses must agree; times and bytes stand side by side.
 */
import shipped from '../../media/examples/corpus.txt';
import type { Plan, Use } from '../../src/plan/types';
import { batchAt } from '../../src/runner/data';
import { NORM_EPSILON } from '../../src/runner/ops/model';
import { createTrainer } from '../../src/runner/trainer';
import { initialWeights, rotaryTable } from '../../src/runner/weights';
import { runnerWeights } from '../../src/tape/webgpu/step';
import { ADAM } from '../../src/techniques/adamw/webgpu';
import { recipeOf } from '../../src/techniques/recipe-of';
import { onEachDriver } from './parts/drivers';
import { loadPeers, type NamedWeights, peerCounter, type TrainShape } from './parts/peers';
import { planOf } from './parts/plans';
import { fastest, heading, judged, note, row } from './parts/table';

const SHAPE = { layers: 2, hidden: 128, heads: 4, headDim: 32, ffn: 384, vocab: 512 };
const SIZES = { batch: 4, sequence: 128 };
const STEPS = 8;
const RATE = 1e-3;
const SEED = 7;
const MB = 1e6;
/** What a loss may move by when saved activations are rounded to 8 bits: about their relative step, 1/127, of a nat. */
const ROUNDED = 0.008;

const use = (name: string, args: Use['args'] = {}): Use => ({ name, args });
const plan = (name: string, slots: Plan['slots']): Plan => planOf(name, slots, { ...SHAPE, kvHeads: SHAPE.heads }, SIZES);

const text = new TextEncoder().encode(shipped);
const batches = Array.from({ length: STEPS }, (_, step) => batchAt(text, step, SEED, SIZES.batch, SIZES.sequence, SHAPE.vocab));

/** The runner's rows go position by position, the peers' sample by sample. */
function bySample(values: Uint32Array): Int32Array {
  const { batch, sequence } = SIZES;
  return Int32Array.from(values, (_, at) => values[(at % sequence) * batch + Math.floor(at / sequence)] as number);
}

await onEachDriver(async (opened) => {
  const peers = await loadPeers();
  const plain = plan('plain', { optimizer: use('adamw') });
  const galore = use('galore', { rank: 32, every: 200, inner: 'adamw8bit', layerwise: true });
  const techniques = plan('techniques', {
    optimizer: galore,
    backward: use('streambp', { chunk: 32, logits: 32 }),
    activations: use('int8', { group: 256 }),
  });
  const source = initialWeights(plain.model, SEED);
  const recipe = recipeOf(plain);
  const { layer, outside } = runnerWeights(recipe);
  const weights: NamedWeights = {};
  for (const weight of outside) weights[weight.name] = { shape: weight.shape, data: source(weight, undefined) };
  for (let index = 0; index < SHAPE.layers; index++)
    for (const weight of layer) weights[`${weight.name}@${index}`] = { shape: weight.shape, data: source(weight, index) };
  const half = SHAPE.headDim / 2;
  const table = rotaryTable(SIZES.sequence, SHAPE.headDim);
  const halves = [0, half].map((from) =>
    Float32Array.from(
      { length: SIZES.sequence * half },
      (_, at) => table[Math.floor(at / half) * SHAPE.headDim + from + (at % half)] as number,
    ),
  ) as [Float32Array, Float32Array];
  const shape: TrainShape = { ...SHAPE, ...SIZES, normEpsilon: NORM_EPSILON, ...ADAM };

  interface Engine {
    name: string;
    step(index: number): Promise<number>;
    peak(): number;
  }
  const engines: Engine[] = [];
  const own = async (name: string, given: Plan): Promise<Engine> => {
    // Both of the runner's programs live on one device: a program's bytes are what its making and its steps add.
    const before = opened.counter.live();
    const trainer = await createTrainer(opened, recipeOf(given), source, SEED);
    const made = opened.counter.live() - before;
    let added = 0;
    return {
      name,
      step: async (index) => {
        const live = opened.counter.live();
        opened.counter.reset();
        const loss = await trainer.step(index, batches[index] as (typeof batches)[number], RATE);
        added = Math.max(added, opened.counter.peak() - live);
        return loss;
      },
      peak: () => made + added,
    };
  };
  engines.push(await own('ours', plain), await own('ours, StreamBP + GaLore + int8', techniques));
  for (const peer of peers) {
    const model = peer.model(shape, weights, ...halves);
    engines.push({
      name: peer.name,
      step: (index) => {
        const { tokens, targets } = batches[index] as (typeof batches)[number];
        return model.step(bySample(tokens), bySample(targets), RATE);
      },
      peak: () => peerCounter(peer.name).peak(),
    });
  }
  const losses: number[][] = engines.map(() => []);
  const times: number[][] = engines.map(() => []);
  for (let step = 0; step < STEPS; step++)
    for (const [index, engine] of engines.entries()) {
      const start = performance.now();
      (losses[index] as number[]).push(await engine.step(step));
      (times[index] as number[]).push(performance.now() - start);
    }

  // GaLore is another optimizer than Adam; StreamBP and int8 are to follow it.
  const alone = await createTrainer(opened, recipeOf(plan('galore', { optimizer: galore })), source, SEED);
  const galoreLosses: number[] = [];
  for (const [step, batch] of batches.entries()) galoreLosses.push(await alone.step(step, batch, RATE));
  alone.destroy();

  heading(
    `${SHAPE.layers} layers of ${SHAPE.hidden}, ${SHAPE.heads} heads, SwiGLU ${SHAPE.ffn}, vocabulary ${SHAPE.vocab}, ${SIZES.batch} × ${SIZES.sequence} tokens, Adam, ${STEPS} steps`,
  );
  note('losses');
  for (const [index, { name }] of engines.entries())
    row(`  ${name}`, (losses[index] as number[]).map((loss) => loss.toFixed(4)).join(' '));
  const [ours] = losses as [number[], ...number[][]];
  const apart = (other: readonly number[]) => Math.max(...other.map((loss, step) => Math.abs(loss - (ours[step] as number))));
  for (const [index, { name }] of engines.entries())
    if (index >= 2)
      judged(`largest difference of a loss, ${name} to ours`, apart(losses[index] as number[]), '', { most: 1e-3 }, 6);
  row('  ours, GaLore alone', galoreLosses.map((loss) => loss.toFixed(4)).join(' '));
  judged(
    'largest difference of a loss, StreamBP + GaLore + int8 to GaLore alone (StreamBP is exact, int8 rounds by lot)',
    Math.max(...galoreLosses.map((loss, step) => Math.abs(loss - (losses[1]?.[step] as number)))),
    '',
    { most: ROUNDED },
    6,
  );
  note('milliseconds a step, the fastest without the first (which compiles)');
  const steady = times.map((list) => fastest(list.slice(1)));
  for (const [index, { name }] of engines.entries())
    row(`  ${name}`, `${(steady[index] as number).toFixed(1)}   first ${(times[index]?.[0] ?? 0).toFixed(0)}`);
  const theirs = steady.slice(2);
  if (theirs.length > 0) {
    judged('speed, plain backward, to the faster peer', Math.min(...theirs) / (steady[0] as number), ' ×', { least: 2 });
    row('speed, StreamBP + GaLore + int8, to the faster peer', `${(Math.min(...theirs) / (steady[1] as number)).toFixed(2)} ×`);
  }
  note('peak bytes of GPU buffers');
  for (const { name, peak } of engines) row(`  ${name}`, `${(peak() / MB).toFixed(2)} MB`);
  const peaks = engines.map((engine) => engine.peak());
  const least = Math.min(...peaks.slice(2));
  if (Number.isFinite(least))
    judged('plain backward, of the better peer’s', (peaks[0] as number) / least, '', { most: 0.333 }, 3);
  judged('StreamBP + GaLore + int8', (peaks[1] as number) / MB, ' MB', { most: 15 });
});
