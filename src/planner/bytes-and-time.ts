/** Peak and time of many plans that differ by a slot or two, for searches: parts that plans share are simulated once. */
import { remembered } from '../plan/remembered';
import { LIST_SLOTS, type Plan, TECHNIQUE_SLOTS } from '../plan/types';
import type { WrittenLayers } from '../tape/pytorch/layer-spans';
import type { ParameterGroup } from '../tape/pytorch/rules';
import type { Recipe } from '../tape/recipe';
import { simulate, type Walked } from '../tape/simulate';
import type { OpNode } from '../tape/types';
import { lowerRecipe, recipeOf, recipeOnCard, useOf, writeRecipe } from '../techniques/recipe-of';
import { findTechnique } from '../techniques/registry';
import { spreadOf } from '../techniques/spread';
import { managedBytes, pagedOut } from './host';
import { heaviest, heavyStages } from './ranks';
import { type Loads, loadsOf, timeOf, withPages, withPart } from './time';
import type { Phase } from './types';

export interface BytesAndTime {
  /** Highest live bytes of the step. */
  peak: number;
  /** Seconds of the step. */
  time: number;
}

export type Measure = (plan: Plan) => BytesAndTime;

/** One call of the optimizer: after backward over all parameters, or inside it over some. */
interface Call {
  phase: Phase;
  /** How often it is made in a step. */
  times: number;
  /** Highest live bytes at any of these times, without what the call itself makes. */
  live: number;
}

/** Forward and backward with gaps where the optimizer is called. */
interface Passes {
  peak: number;
  loads: Loads;
  calls: Call[];
  /** What the calls get: equal passes of a search have the same. */
  parameters: CallParameters;
}

/** The parameters of each call, and a text that tells them from others. */
interface CallParameters {
  text: string;
  calls: (readonly ParameterGroup[])[];
}

interface Updates {
  /** Bytes that the optimizer keeps from step to step. */
  states: number;
  /** And in managed memory. */
  managed: number;
  /** For each call, the bytes that it makes at most, and its cost. */
  calls: { bytes: number; loads: Loads }[];
}

/**
 * A measure with a memory. Forward and backward depend on an optimizer only by when it is called, and its calls only on the
 * parameters that they get: so the passes are simulated once with gaps in the place of the calls, each call once by itself, and
 * the states that lie there all the time are added. An optimizer that changes more than its own states is simulated whole. A plan
 * that differs from the one before it by its loss alone takes over the layers that were written for that one.
 */
export function bytesAndTime(): Measure {
  const passes = new Map<string, Passes>();
  /** Those of the plan before: to keep them all would take a gigabyte. */
  let latest = { name: '', layers: noLayers() };
  const updates = new Map<string, Updates>();
  const parameters = new Map<string, CallParameters>();
  const kinds = new Map<string, Recipe['layerwise'] | null>();
  const losses = new Map<number, boolean>();
  const heavies = new Map<string, number[]>();
  const text = numbered();
  const commonOf = ({ model, device, batch, sequence, accumulate, lists }: Plan): string => {
    const spread = LIST_SLOTS.map((slot) => lists[slot]?.map(text).join() ?? '').join(';');
    return `${text(model)};${text(device)};${batch};${sequence};${accumulate};${spread}`;
  };
  const learningOf = ({ slots }: Plan): string => PARAMETER_SLOTS.map((slot) => text(slots[slot])).join(';');
  const onStage = (plan: Plan, stage: number, when: Recipe['layerwise'], common: string, learns: string): BytesAndTime => {
    const shape = `${common};${stage}`;
    const loss = text(plan.slots.loss);
    const others = PASS_SLOTS.map((slot) => (slot === 'loss' ? '' : text(plan.slots[slot]))).join(';');
    const alone = remember(losses, loss, () => onlyLoss(plan));
    // Only a pipeline's last stage has a loss.
    const elsewhere = alone && stage < spreadOf(plan).pipeline - 1;
    const pass = remember(passes, `${shape};${others};${elsewhere ? '' : loss};${when}`, () => {
      const name = `${common};${others};${alone ? '' : loss};${when}`;
      if (latest.name !== name) latest = { name, layers: noLayers() };
      const made = passesOf(plan, stage, latest.layers);
      return { ...made, parameters: remember(parameters, made.parameters.text, () => made.parameters) };
    });
    const update = remember(updates, `${shape};${learns};${text(plan.slots.optimizer)};${text(pass.parameters)}`, () =>
      updatesOf(plan, stage, pass),
    );
    let peak = pass.peak;
    let loads = pass.loads;
    for (const [index, { live, phase, times }] of pass.calls.entries()) {
      const call = update.calls[index] as Updates['calls'][number];
      peak = Math.max(peak, live + call.bytes);
      loads = withPart(loads, call.loads, times, phase);
    }
    peak += update.states;
    return { peak, time: timeOf(withPages(loads, pagedOut(update.managed, peak, plan), plan), plan) };
  };
  return (plan) => {
    const when = remember(kinds, `${text(plan.slots.optimizer)};${text(plan.slots.engine)}`, () => separable(plan));
    if (when === null) {
      const { simulation, time } = heaviest(plan);
      return { peak: simulation.peak, time };
    }
    const [common, learns] = [commonOf(plan), learningOf(plan)];
    const heavy = remember(heavies, `${common};${learns}`, () => heavyStages(plan));
    const stages = heavy.map((stage) => onStage(plan, stage, when, common, learns));
    return { peak: Math.max(...stages.map(({ peak }) => peak)), time: Math.max(...stages.map(({ time }) => time)) };
  };
}

/** Slots that forward and backward depend on, and those that an update of the parameters depends on beside the optimizer. */
const PASS_SLOTS = TECHNIQUE_SLOTS.filter((slot) => slot !== 'optimizer');
const PARAMETER_SLOTS = PASS_SLOTS.filter((slot) => !['backward', 'activations', 'attention', 'loss'].includes(slot));

/** When a plan's optimizer is called; null where it changes more of a step than its states and its calls. */
function separable(plan: Plan): Recipe['layerwise'] | null {
  if (useOf(plan, 'engine')?.name === 'webgpu') return null;
  const use = useOf(plan, 'optimizer');
  const technique = use && findTechnique('optimizer', use.name);
  if (!use || !technique) return null;
  const before = recipeOf(bare(plan));
  const after = technique.rewrite(before, use.args);
  const separate =
    same(before, after, ['states', 'layerwise', 'pytorch']) && same(before.pytorch, after.pytorch, ['optimizerStep']);
  return separate ? after.layerwise : null;
}

/** Whether a plan's loss changes nothing of what comes before it. */
function onlyLoss(plan: Plan): boolean {
  const use = useOf(plan, 'loss');
  const technique = use && findTechnique('loss', use.name);
  if (!technique) return false;
  const before = recipeOf(bare(plan));
  const after = technique.rewrite(before, use.args);
  return same(before, after, ['pytorch']) && same(before.pytorch, after.pytorch, ['loss', 'lossInOwnType']);
}

const bare = (plan: Plan): Plan => ({ ...plan, slots: { engine: plan.slots.engine ?? { name: 'pytorch', args: {} } } });

const same = <T extends object>(a: T, b: T, but: readonly string[]): boolean =>
  [...new Set([...Object.keys(a), ...Object.keys(b)])].every(
    (key) => but.includes(key) || a[key as keyof T] === b[key as keyof T],
  );

/** The layers of plans that differ by their loss, and of the stages of one plan: written once, with the calls inside them. */
interface Layers {
  written: WrittenLayers | null;
  walked: Walked;
  calls: Map<OpNode, readonly ParameterGroup[]>;
}
const noLayers = (): Layers => ({ written: null, walked: new Map(), calls: new Map() });

/** Name of the op that stands for a call of the optimizer. */
const CALL = 'optimizer.call';

function passesOf(plan: Plan, stage: number, shared: Layers): Passes {
  const recipe = recipeOnCard(plan, stage);
  const calls: Call[] = [];
  const parameters: CallParameters['calls'] = [];
  const without: Recipe = {
    ...recipe,
    states: () => [],
    pytorch: {
      ...recipe.pytorch,
      optimizerStep: ({ trace }, groups) => {
        shared.calls.set(trace.op({ op: CALL, label: CALL }), groups);
      },
    },
  };
  const { tape, layers } = writeRecipe(plan, without, shared.written);
  shared.written ??= layers;
  const { peak, watched } = simulate(tape, ({ op }) => op === CALL, shared.walked);
  const loads = loadsOf(tape, plan, (node, phase, times) => {
    const groups = node.op === CALL ? shared.calls.get(node) : undefined;
    if (!groups) return;
    calls.push({ phase, times, live: watched.get(node) ?? 0 });
    parameters.push(groups);
  });
  const text = parameters
    .map((groups) => groups.map(({ name, count, elements, dtype }) => `${name} ${count} ${elements} ${dtype}`).join())
    .join('|');
  return { peak, loads, calls, parameters: { text, calls: parameters } };
}

/** The same calls, one after the other, with nothing around them. */
function updatesOf(plan: Plan, stage: number, { parameters }: Passes): Updates {
  const recipe = recipeOnCard(plan, stage);
  const { optimizerStep } = recipe.pytorch;
  const marks: OpNode[] = [];
  const tape = lowerRecipe(plan, {
    ...recipe,
    accumulate: 1,
    layerwise: false,
    pytorch: {
      ...recipe.pytorch,
      optimizerStep: () => {},
      afterStep: () => {},
      schedule: (step) => {
        step.trace.phase('backward');
        const mark = (): number => marks.push(step.trace.op({ op: CALL, label: CALL }));
        for (const groups of parameters.calls) {
          mark();
          optimizerStep(step, groups);
        }
        // What a step does after backward is no part of the last call.
        mark();
      },
    },
  });
  const { persistent } = simulate(tape);
  const starts = marks.map((mark) => tape.body.indexOf(mark));
  return {
    states: persistent.optimizer,
    managed: managedBytes(tape),
    calls: starts.slice(0, -1).map((start, index) => {
      const body = tape.body.slice(start, starts[index + 1]);
      const alone = { tensors: tape.tensors, body: [{ kind: 'phase', phase: 'backward' } as const, ...body] };
      return { bytes: simulate(alone).peak, loads: loadsOf(alone, plan) };
    }),
  };
}

/** A short name for the content of a part of a plan; plans of one search share their parts, so each is read once. */
function numbered(): (part: object | undefined) => number {
  const contents = new Map<string, number>();
  const numberOf = remembered((part: object) => remember(contents, JSON.stringify(part), () => contents.size + 1));
  return (part) => (part ? numberOf(part) : 0);
}

function remember<K, V>(known: Map<K, V>, name: K, make: () => V): V {
  let found = known.get(name);
  if (found === undefined) {
    found = make();
    known.set(name, found);
  }
  return found;
}
