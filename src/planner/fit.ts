/**
 * The ways to make a plan fit: compatible techniques with their usual settings in place of the stated ones, and of all
 * these plans the ones that no other beats in both peak and time.
 */
import type { Plan, Slot, TechniqueSlot, Use } from '../plan/types';
import { conflictsOf, refusalsOf } from '../techniques/compatibility';
import { DEFAULT_USE, findSpec } from '../techniques/registry';
import { finish } from './answers';
import { type BytesAndTime, bytesAndTime, type Measure } from './bytes-and-time';
import { estimate, labelOf } from './estimate';
import type { Bytes, Estimate } from './types';
import { type Change, changeText, keyOf, statedText, waysOf, withChange } from './ways';

/** One statement that changes. */
export interface Edit {
  slot: Slot | 'accumulate';
  /** As it stands; null where the plan does not state it. */
  from: string | null;
  to: string;
  change: Change;
  exact: boolean;
  /** Change of the allocated peak and of the step's seconds when this edit is made after those before it. */
  bytes: number;
  seconds: number;
}

export interface FitPoint {
  plan: Plan;
  edits: Edit[];
  /** A fresh estimate of the edited plan. */
  estimate: Estimate;
  /** The edited plan approximates nothing that the given one computes exactly. */
  exact: boolean;
}

export interface Fit {
  /** Plans that fit and that none beats, exact ones first, then by time. */
  points: FitPoint[];
  /** Plans considered. */
  considered: number;
  /** Where nothing fits: the smallest plan whose offloads the host holds, and what its peak is made of. */
  floor: Floor | null;
}

export interface Floor {
  plan: Plan;
  edits: Edit[];
  peak: number;
  categories: Bytes;
  /** The smallest plan of all, and what it would put on a host that has less. */
  beyondHost?: { peak: number; cpu: number };
}

/** Slots of one technique that a fit may change; what is trained and in which precision stays the author's. */
export const FIT_SLOTS: readonly TechniqueSlot[] = ['optimizer', 'backward', 'activations', 'attention', 'loss'];
/** All that it may change: how the same cards are shared out, and what lies on the host, too. */
const ALL_SLOTS: readonly Slot[] = [...FIT_SLOTS, 'offload', 'parallel'];

interface Candidate {
  plan: Plan;
  /** Statements that differ from the given plan's, and how many of them change what is computed. */
  changed: Change[];
  approximations: number;
  peak: number;
  time: number;
}

/** Finds the best ways to make a plan fit, changing as little as possible. `slots` limits what may change. */
export const fit = (plan: Plan, slots: readonly Slot[] = ALL_SLOTS): Fit => finish(fitSteps(plan, slots));

/** How far a search is: plans looked at, of how many at most. */
export interface FitProgress {
  done: number;
  total: number;
}

/** The same search, yielding after every plan, so that others can have their turn. */
export function* fitSteps(plan: Plan, slots: readonly Slot[] = ALL_SLOTS): Generator<FitProgress, Fit> {
  const measure = bytesAndTime();
  const candidates = yield* candidateSteps(plan, slots, measure);
  const sorted = candidates.sort(byPeak);
  const made = new Map<Candidate, FitPoint | null>();
  function* pointOf(candidate: Candidate): Generator<FitProgress, FitPoint | null> {
    let point = made.get(candidate);
    if (point === undefined) {
      point = holds(candidate.plan) ? pointFrom(plan, candidate, measure) : null;
      made.set(candidate, point);
      yield { done: candidates.length, total: candidates.length };
    }
    return point;
  }
  const exact = yield* frontSteps(
    sorted.filter(({ approximations }) => approximations === 0),
    pointOf,
  );
  const all = yield* frontSteps(sorted, pointOf);
  const points = [...new Set([...exact, ...all])];
  const floor = points.length === 0 ? yield* floorSteps(plan, sorted, measure) : null;
  return {
    points: points.sort((a, b) => Number(b.exact) - Number(a.exact) || a.estimate.time.step - b.estimate.time.step),
    considered: candidates.length,
    floor,
  };
}

/** It fits the card, and what lies on the host fits there. */
function holds(plan: Plan): boolean {
  const { fits, host } = estimate({ ...plan, order: [] });
  return fits && (host?.cpu ?? 0) <= plan.device.hostMemory;
}

/** Every compatible plan that the menus of the slots make, with its peak and its time. */
export const candidatesOf = (plan: Plan, slots: readonly Slot[]): Candidate[] => finish(candidateSteps(plan, slots));

/** The same, yielding before every plan that is measured. */
export function* candidateSteps(
  plan: Plan,
  slots: readonly Slot[],
  measure: Measure = bytesAndTime(),
): Generator<FitProgress, Candidate[]> {
  const menus = slots.map((slot) => waysOf(plan, slot));
  const total = menus.reduce((product, ways) => product * (ways.length + 1), 1);
  // Losses innermost: plans that differ by nothing else are measured one after the other, for they share their layers.
  const order = [...slots.keys()].sort((a, b) => Number(slots[a] === 'loss') - Number(slots[b] === 'loss'));
  const picked = slots.map(() => 0);
  let done = 0;
  const against = (one: Plan): number => conflictsOf(one).length + refusalsOf(one).length;
  const conflicts = against(plan);
  /** In the order of the slots as they are given. */
  const candidates = new Map<number, Candidate>();
  function* choose(depth: number): Generator<FitProgress, void> {
    const slot = order[depth];
    if (slot === undefined) {
      done += 1;
      yield { done, total };
      const changed = menus.flatMap((menu, index) => menu[(picked[index] ?? 0) - 1] ?? []);
      const chosen = changed.reduce(withChange, plan);
      if (against(chosen) > conflicts) return;
      const measured = measurable(measure, chosen);
      if (!measured) return;
      const place = menus.reduce((sum, menu, index) => sum * (menu.length + 1) + (picked[index] ?? 0), 0);
      candidates.set(place, { plan: chosen, changed, approximations: approximationsOf(changed, plan), ...measured });
      return;
    }
    const menu = menus[slot] ?? [];
    for (let pick = 0; pick <= menu.length; pick++) {
      picked[slot] = pick;
      yield* choose(depth + 1);
    }
  }
  yield* choose(0);
  return [...candidates].sort(([a], [b]) => a - b).map(([, candidate]) => candidate);
}

/** Undefined where a technique is not written for the model's layers (StreamBP on a fused projection): no way to make it fit. */
function measurable(measure: Measure, plan: Plan): BytesAndTime | undefined {
  try {
    return measure(plan);
  } catch {
    return undefined;
  }
}

/** Changes that change the mathematics of the step, another optimizer than the given one's among them. */
const approximationsOf = (changes: readonly Change[], given: Plan): number =>
  changes.filter((change) => !keepsMathematics(change, given)).length;

function keepsMathematics(change: Change, given: Plan): boolean {
  if (change.kind !== 'technique') return true;
  const { slot, use } = change;
  const stated = given.slots[slot] ?? DEFAULT_USE[slot];
  if (slot === 'optimizer') return use.name === stated?.name && labelOf(rounding(use)) === labelOf(rounding(stated));
  return findSpec(slot, use.name)?.exact ?? false;
}

/** An optimizer without the arguments that only change how its step is run. */
const rounding = (use: Use): Use => {
  const { foreach: _, fused: __, paged: ___, layerwise: ____, 'in-backward': _____, ...args } = use.args;
  return { name: use.name, args };
};

/** Lower peak first; then less time, fewer approximations, fewer edits. */
const byPeak = (a: Candidate, b: Candidate): number => a.peak - b.peak || a.time - b.time || rank(a) - rank(b);
const rank = (candidate: Candidate): number => 100 * candidate.approximations + candidate.changed.length;

/** Relative difference of times that sums in another order may have: no plan is faster by it. */
const ROUNDING = 1e-9;

/**
 * Those that fit and that no other one that fits beats, from candidates in the order of their peaks: of equal ones, the one with
 * the fewest approximations and edits. Whether one fits is asked only where it is faster than all before it.
 */
function* frontSteps(
  sorted: readonly Candidate[],
  pointOf: (candidate: Candidate) => Generator<FitProgress, FitPoint | null>,
): Generator<FitProgress, FitPoint[]> {
  const front: FitPoint[] = [];
  let fastest = Number.POSITIVE_INFINITY;
  for (let at = 0; at < sorted.length; ) {
    const { peak, time, plan } = sorted[at] as Candidate;
    if (peak > plan.device.memory - plan.device.reserve) break;
    const equals: Candidate[] = [];
    for (let other = sorted[at]; other?.peak === peak && other.time <= time * (1 + ROUNDING); other = sorted[++at])
      equals.push(other);
    if (time >= fastest * (1 - ROUNDING)) continue;
    for (const candidate of equals.sort((a, b) => rank(a) - rank(b))) {
      const point = yield* pointOf(candidate);
      if (!point) continue;
      fastest = time;
      front.push(point);
      break;
    }
  }
  return front;
}

function pointFrom(given: Plan, { plan, changed, approximations }: Candidate, measure: Measure): FitPoint {
  return {
    plan: ordered(given, plan, changed),
    edits: editsOf(given, changed, measure),
    estimate: estimate(ordered(given, plan, changed)),
    exact: approximations === 0,
  };
}

/** New statements come after the plan's own, in the order of the slots. */
const ordered = (given: Plan, plan: Plan, changes: readonly Change[]): Plan => ({
  ...plan,
  order: [
    ...given.order,
    ...changes.flatMap((change) => (change.kind === 'number' || given.order.includes(change.slot) ? [] : [change.slot])),
  ],
});

/** The edits one after the other, each with what it saves and costs on top of those before it. */
function editsOf(given: Plan, changes: readonly Change[], measure: Measure): Edit[] {
  let current = given;
  let before = measure(current);
  return changes.map((change) => {
    current = withChange(current, change);
    const after = measure(current);
    const edit: Edit = {
      slot: keyOf(change),
      from: statedText(given, change),
      to: changeText(change),
      change,
      exact: keepsMathematics(change, given),
      bytes: after.peak - before.peak,
      seconds: after.time - before.time,
    };
    before = after;
    return edit;
  });
}

/** The first of the candidates, lowest peak first, whose offloads the host holds. */
function* floorSteps(given: Plan, sorted: readonly Candidate[], measure: Measure): Generator<FitProgress, Floor | null> {
  const held = new Map<string, number>();
  let beyondHost: Floor['beyondHost'];
  for (const { plan, changed, peak: lowest } of sorted) {
    // Attention and loss keep nothing on the host.
    const { attention: _, loss: __, ...slots } = plan.slots;
    const key = JSON.stringify([slots, plan.lists, plan.accumulate]);
    const cpu = held.get(key) ?? estimate({ ...plan, order: [] }).host?.cpu ?? 0;
    held.set(key, cpu);
    if (cpu > given.device.hostMemory) beyondHost ??= { peak: lowest, cpu };
    else {
      const { peak, categories } = estimate({ ...plan, order: [] });
      const edits = editsOf(given, changed, measure);
      return { plan, edits, peak: peak.allocated, categories, ...(beyondHost ? { beyondHost } : {}) };
    }
    yield { done: sorted.length, total: sorted.length };
  }
  return null;
}
