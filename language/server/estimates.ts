/** Analysis → estimates: what the editor draws and the command line prints. */
import { type Plan, TECHNIQUE_SLOTS } from '../../src/plan/types';
import { bytesAndTime } from '../../src/planner/bytes-and-time';
import { fitsPlainly } from '../../src/planner/device-memory';
import { estimate } from '../../src/planner/estimate';
import { explain, explainSteps } from '../../src/planner/explain';
import { readers } from '../../src/planner/readers';
import type { Estimate } from '../../src/planner/types';
import type { Place, PlanView } from '../../src/protocol';
import type { Analysis, PlanAnalysis } from './analyze';
import { fingerprintOf } from './fingerprint';
import { type Lines, spanOf } from './span';

/** Estimates and answers that are kept. */
const KEPT = 2000;
/** Trials that share what they have in common. */
const SHARED = 500;

/** Lines of a ledger below this share of the peak are not shown. */
const SMALLEST_LINE = 0.001;

type Explained = Required<Pick<PlanView, 'reasons' | 'ledger'>>;

export type Estimated = { estimate: Estimate } | { failure: string };

/** Estimates and answers by content: a plan that was estimated once costs nothing the second time. */
export class EstimateCache {
  readonly #estimates = new Recent<Estimated>();
  readonly #briefs = new Recent<Estimated>();
  readonly #answers = new Recent<object>();
  readonly #explained = new Recent<Explained>();
  readonly #trials = new Recent<Trial>();
  /** By plan, the key at whose statement its excess was shown last. */
  readonly places = new Recent<string>();
  #measure = bytesAndTime();
  #measured = 0;

  get(plan: Plan, timeline = false): Estimated {
    const key = JSON.stringify(plan);
    // One with its timeline serves those who do not ask for it.
    const drawn = this.#estimates.peek(`t${key}`);
    return drawn ?? this.#estimates.get(timeline ? `t${key}` : key, () => attempt(plan, timeline));
  }

  /** The same without the steps that led there: what a verdict needs, for one tape in place of one for each statement. */
  brief(plan: Plan): Estimated {
    const known = this.#estimates.peek(JSON.stringify(plan));
    if (known) return known;
    // Plans that differ by their name alone are one.
    const bare: Plan = { ...plan, name: '', order: [] };
    const made = this.#briefs.get(JSON.stringify(bare), () => glance(bare));
    return 'estimate' in made ? { estimate: { ...made.estimate, name: plan.name } } : made;
  }

  /** A plan that is only tried: parts that it shares with others that were tried lately are not simulated again. */
  trial(plan: Plan): Trial {
    return this.#trials.get(trialKey(plan), () => {
      // What the measure remembers grows with every plan.
      if (++this.#measured % SHARED === 0) this.#measure = bytesAndTime();
      try {
        const { peak: allocated, time: step } = this.#measure(plan);
        if (!Number.isFinite(allocated)) return { failure: 'its sizes are no numbers' };
        return { allocated, step, fits: fitsPlainly(plan, allocated) };
      } catch (error) {
        return { failure: error instanceof Error ? error.message : String(error) };
      }
    });
  }

  /** A trial that was made already. */
  tried(plan: Plan): Trial | undefined {
    return this.#trials.peek(trialKey(plan));
  }

  /** Why a plan's waterfall and peak are as they are. */
  explained(plan: Plan): Explained {
    return this.#explained.get(JSON.stringify(plan), () => {
      const { lines, holds, allocated } = explain(plan);
      const shown = lines.filter((line) => line.bytes >= SMALLEST_LINE * allocated);
      return { reasons: explainSteps(plan), ledger: { lines: shown, holds } };
    });
  }

  /** The answer to a question, where it was searched for already. */
  answered<T extends object>(question: unknown): T | undefined {
    return this.#answers.peek(JSON.stringify(question)) as T | undefined;
  }

  /** The answer to a question, searched for once. */
  *answer<T extends object, Y>(question: unknown, search: () => Generator<Y, T>): Generator<Y, T> {
    const key = JSON.stringify(question);
    const known = this.#answers.peek(key);
    if (known) return known as T;
    const found = yield* search();
    this.#answers.get(key, () => found);
    return found;
  }
}

/** Peak and step of a plan; whether it fits, where that is known by now. */
export type Trial = { allocated: number; step: number; fits: boolean | undefined } | { failure: string };

/** What stands in a slot now, in which order and under which name, changes nothing of another technique's trial. */
const trialKey = ({ slots, lists, name: _, order: __, ...rest }: Plan): string =>
  JSON.stringify([rest, TECHNIQUE_SLOTS.map((slot) => slots[slot] ?? null), lists]);

/** The newest entries of a table; the oldest goes first. */
class Recent<V> {
  readonly #kept = new Map<string, V>();

  peek(key: string): V | undefined {
    const known = this.#kept.get(key);
    if (known === undefined) return undefined;
    this.#kept.delete(key);
    this.#kept.set(key, known);
    return known;
  }

  get(key: string, make: () => V): V {
    const known = this.peek(key);
    if (known !== undefined) return known;
    const made = make();
    this.put(key, made);
    return made;
  }

  put(key: string, value: V): void {
    this.#kept.set(key, value);
    if (this.#kept.size > KEPT) this.#kept.delete(this.#kept.keys().next().value ?? '');
  }
}

const wholePeak = readers<() => Estimate['peak']>()({
  reserved: (whole) => whole().reserved,
  device: (whole) => whole().device,
  range: (whole) => whole().range,
});

/**
 * What a verdict reads first. What the allocator holds is simulated anew when somebody asks for it, so that no tape is kept; a plan
 * that does not fit for certain is asked at once.
 */
function glance(plan: Plan): Estimated {
  try {
    const made = estimate(plan);
    const { allocated } = made.peak;
    if (!Number.isFinite(allocated)) return { failure: 'its sizes are no numbers' };
    const { fit, fits } = made;
    let read: Estimate['peak'] | undefined = fit === 'fits' ? undefined : { ...made.peak };
    const whole = (): Estimate['peak'] => {
      read ??= { ...estimate(plan).peak };
      return read;
    };
    const peak = wholePeak({ allocated }, whole);
    const { name, model, device, capacity, usable, peakAt, instants, categories, waterfall, time, parameters, cards, host } =
      made;
    const rest = { ...(cards ? { cards } : {}), ...(host ? { host } : {}) };
    return {
      estimate: {
        name,
        model,
        device,
        capacity,
        usable,
        peak,
        fits,
        fit,
        peakAt,
        instants,
        categories,
        waterfall,
        time,
        parameters,
        ...rest,
      },
    };
  } catch (error) {
    return { failure: error instanceof Error ? error.message : String(error) };
  }
}

function attempt(plan: Plan, timeline: boolean): Estimated {
  try {
    const made = estimate(plan, { timeline });
    // Read whole, so that what is kept does not hold the tape that it was read from.
    const whole: Estimate = { ...made, peak: { ...made.peak } };
    return Number.isFinite(whole.peak.device) ? { estimate: whole } : { failure: 'its sizes are no numbers' };
  } catch (error) {
    return { failure: error instanceof Error ? error.message : String(error) };
  }
}

/** A plan as the panel shows it: its estimate, and where each step of the waterfall is written. */
export function viewOf(analysis: Analysis, plan: PlanAnalysis, cache: EstimateCache, lines: Lines, timeline = false): PlanView {
  const view = {
    name: plan.name,
    place: lines.place(plan.span),
    places: [],
    ...(plan.plan ? { fingerprint: fingerprintOf(plan) } : {}),
  };
  if (!plan.plan) return { ...view, problem: plan.problem ?? 'It has errors' };
  const made = cache.get(plan.plan, timeline);
  if ('failure' in made) return { ...view, problem: `It cannot be estimated: ${made.failure}` };
  const places = made.estimate.waterfall.map(({ slot }): Place | null => {
    const stated = slot === 'plain' ? undefined : plan.stated.get(slot);
    return stated?.uri === analysis.uri ? lines.place(spanOf(stated.entry.node)) : null;
  });
  const waterfall = made.estimate.waterfall.map((step, index) => {
    const line = places[index]?.line;
    return line === undefined ? step : { ...step, line };
  });
  return { ...view, estimate: { ...made.estimate, waterfall }, places };
}

/** The same in the words of people: what a preset is called says more than the name that a file gives it. */
export function panelView(...[analysis, plan, ...rest]: Parameters<typeof viewOf>): PlanView {
  const view = viewOf(analysis, plan, ...rest);
  if (!plan.plan || !view.estimate) return view;
  const { model, device } = plan.plan;
  const own = /^block$|^\.{0,2}\/|\.json$/i.test(model.source);
  const names = {
    model: own ? model.name : (model.source.split('/').at(-1) ?? model.name),
    device: device.preset ?? device.name,
  };
  return { ...view, estimate: { ...view.estimate, ...names } };
}

/** The estimate of a plan that a condition names, imported ones included. */
export const estimateOf =
  (analysis: Analysis, cache: EstimateCache) =>
  (name: string): Estimate | undefined => {
    const plan = analysis.known.get(name);
    const made = plan && cache.brief(plan);
    return made && 'estimate' in made ? made.estimate : undefined;
  };
