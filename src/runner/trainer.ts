/** A recipe made ready to train: its tape prepared on the device, weights and states written, batches fed in. */
import { bytesOf } from '../plan/dtypes';
import { elements, type Weight } from '../plan/weights';
import type { Storage } from '../tape/linear';
import type { Recipe } from '../tape/recipe';
import type { Tape } from '../tape/types';
import { referenceOf } from '../tape/webgpu/reference';
import type { StoredData } from '../tape/webgpu/rules';
import { lowerWebgpu, runnerWeights } from '../tape/webgpu/step';
import { binders } from './binders';
import type { Batch } from './data';
import type { Opened } from './device';
import { profile } from './profile';
import { type Cap, type Program, prepare, type Visit } from './program';
import { takeTurns } from './turns';
import { rotaryTable, type WeightSource } from './weights';

export interface Trainer {
  program: Program;
  /** Runs one step (from 0) and returns the mean loss of its batch before the update. */
  step(index: number, batch: Batch, learningRate: number): Promise<number>;
  /** Runs one step op by op; `visit` is called after each. */
  watch(index: number, batch: Batch, learningRate: number, visit: Visit): Promise<void>;
  /** Runs one step more, as the first of a run, and times each of its ops. */
  profile(batch: Batch): ReturnType<typeof profile>;
  /** The values of a weight. */
  weight(name: string, layer?: number): Promise<Float32Array<ArrayBuffer>>;
  /** The gradient that the last step left; only where no optimizer used it up. */
  gradient(name: string, layer?: number): Promise<Float32Array<ArrayBuffer>>;
  /** Every trained weight, with its layer. */
  trained: { weight: Weight; layer: number | undefined }[];
  destroy(): void;
}

/** `reference` gives the values of a reference model that stands beside the one that learns: where nothing is said, what that starts from. */
export async function createTrainer(
  opened: Opened,
  recipe: Recipe,
  source: WeightSource,
  seed: number,
  { cap, reference = source, longest }: { cap?: Cap; reference?: WeightSource; longest?: number } = {},
): Promise<Trainer> {
  const tape: Tape = lowerWebgpu(recipe);
  const program = await prepare(opened, tape, binders, cap, longest);
  const { layer, outside } = runnerWeights(recipe);
  const places = [
    ...layer.flatMap((weight) =>
      Array.from({ length: recipe.model.layers }, (_, index) => ({ weight, layer: index as number | undefined })),
    ),
    ...outside.map((weight) => ({ weight, layer: undefined })),
  ];
  for (const { weight, layer } of places) {
    const original = referenceOf(weight);
    writeWeight(program, recipe, weight, layer, original ? reference(original, layer) : source(weight, layer));
  }
  program.linear.storages.forEach((storage, index) => {
    if (!storage.persistent) return;
    const name = storage.name;
    if (name === 'positions') program.write(index, rotaryTable(recipe.sequence, recipe.model.headDim));
    else if (name === 'loss') program.write(index, new Float32Array(recipe.accumulate * recipe.batch * recipe.sequence));
  });
  // Optimizer states start at zero.
  for (const op of program.linear.ops)
    if (op.node.op === 'state')
      for (const storage of op.writes) program.write(storage, new Uint8Array(exactBytes(program, storage)));

  const read = async (name: string, at: number | undefined, count: number) =>
    new Float32Array(await program.read(program.find(name, at))).slice(0, count);
  const weightOf = (name: string): Weight => {
    const found = [...layer, ...outside].find((weight) => weight.name === name);
    if (!found) throw new Error(`runner: no weight ${name}`);
    return found;
  };
  const rows = recipe.accumulate * recipe.batch * recipe.sequence;
  /** Writes a batch; returns how many rows have a target. */
  const fill = (batch: Batch): number => {
    program.write(program.find('tokens'), batch.tokens);
    program.write(program.find('targets'), batch.targets);
    program.write(program.find('order'), batch.order);
    program.write(program.find('starts'), batch.starts);
    if (batch.reference && program.has('reference')) program.write(program.find('reference'), batch.reference);
    if (batch.advantages && program.has('advantages')) program.write(program.find('advantages'), batch.advantages);
    return batch.targets.reduce((count, target) => count + (target === IGNORED ? 0 : 1), 0);
  };
  const turns = takeTurns(program, places, recipe.webgpu.optimizer);
  return {
    program,
    trained: places.filter(({ weight }) => weight.role === 'adapter' || recipe.trains(weight)),
    step: async (index, batch, learningRate) => {
      const valid = fill(batch);
      await program.step({ ...turns.of(index), index, seed, learningRate, valid });
      await turns.lookBack(index);
      const losses = await read('loss', undefined, rows);
      return losses.reduce((sum, loss) => sum + loss, 0) / valid;
    },
    watch: (index, batch, learningRate, visit) =>
      program.watch({ ...turns.of(index), index, seed, learningRate, valid: fill(batch) }, visit),
    profile: (batch) => {
      const state = { ...turns.of(0), index: 0, seed, learningRate: 0, valid: fill(batch) };
      return profile(opened, program, state);
    },
    weight: async (name, at) => {
      const weight = weightOf(name);
      const storage = recipe.webgpu.unpack;
      if (!storage?.applies(weight)) return read(`${name}.weight`, at, elements(weight));
      const stored: StoredData = {};
      for (const { name: part, shape, dtype } of recipe.stored(weight)) {
        const bytes = bytesOf(
          dtype,
          shape.reduce((product, size) => product * size, 1),
        );
        stored[part] = new Uint8Array(await program.read(program.find(`${name}.${part}`, at)), 0, bytes);
      }
      return Float32Array.from(storage.decode(stored, elements(weight)));
    },
    gradient: (name, at) => read(`${name}.gradient`, at, elements(weightOf(name))),
    destroy: () => program.destroy(),
  };
}

/** A target that no loss is taken at. */
export const IGNORED = 0xffffffff;

function exactBytes(program: Program, storage: number): number {
  const { shape, dtype } = program.linear.storages[storage] as Storage;
  const count = shape.reduce((product, size) => product * size, 1);
  return Math.ceil(bytesOf(dtype, count) / 4) * 4;
}

function writeWeight(
  program: Program,
  recipe: Recipe,
  weight: Weight,
  layer: number | undefined,
  values: Float32Array<ArrayBuffer>,
): void {
  const storage = recipe.webgpu.unpack;
  if (!storage?.applies(weight)) {
    program.write(program.find(`${weight.name}.weight`, layer), values);
    return;
  }
  for (const [part, data] of Object.entries(storage.encode(values)))
    program.write(program.find(`${weight.name}.${part}`, layer), padded(data));
}

/** Whole words, as buffer writes want them. */
function padded(data: ArrayBufferView<ArrayBuffer>): ArrayBufferView<ArrayBuffer> {
  if (data.byteLength % 4 === 0) return data;
  const bytes = new Uint8Array(Math.ceil(data.byteLength / 4) * 4);
  bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  return bytes;
}
