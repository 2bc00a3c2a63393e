/** What the panel knows, and how a message changes it. Pure: the same messages give the same state. */
import type {
  Estimate,
  EstimateReply,
  FitReply,
  PlanView,
  RunEvent,
  SweepsReply,
  Timeline,
  ToWebview,
  View,
  WhatIfReply,
} from '../src/protocol';

export type RunOutcome = 'passed' | 'failed' | 'cancelled' | 'error';
type EventOf<T extends RunEvent['type']> = Extract<RunEvent, { type: T }>;

export interface Run {
  plan: string;
  /** Of the plan when the run began: its result is stale once the plan has another. */
  fingerprint: string | null;
  /** Version of the file when the run began, for a server that sends no fingerprints. */
  revision: number | null;
  progress: EventOf<'progress'> | null;
  adapter: EventOf<'adapter'> | null;
  proxy: EventOf<'plan'> | null;
  checks: EventOf<'check'>[];
  memory: EventOf<'memory'>[];
  savings: EventOf<'saving'>[];
  timing: EventOf<'timing'>[];
  kernels: EventOf<'kernels'>[];
  loss: EventOf<'loss'>[];
  errors: EventOf<'error'>[];
  summary: EventOf<'summary'> | null;
  /** Null while it runs. */
  outcome: RunOutcome | null;
  message: string | null;
}

export interface State {
  reply: EstimateReply | null;
  selected: string | null;
  /** A newer estimate is on its way. */
  estimating: boolean;
  problem: string | null;
  /** The server that the problem is about may be started again. */
  lost: boolean;
  /** Line of the cursor in the file, 1-based. */
  cursor: number | null;
  run: Run | null;
  /** The last whole estimate of the plan on show: its picture stays, dimmed, while the text has errors. */
  drawn: Drawn | null;
  view: View;
  /** Every moment of the step of one plan of one version. */
  timeline: { plan: string; version: number; timeline: Timeline } | null;
  /** The newest answer to changes that are tried. */
  whatIf: { plan: string; id: number; reply: WhatIfReply } | null;
  sweeps: SweepsReply | null;
  /** Ways to make a plan fit; while they are looked for, how far that is. */
  fit: FitReply | null;
  fitting: { plan: string; done: number; total: number } | null;
  /** The last question that came to nothing, and why. */
  unanswered: Unanswered | null;
  /** How many times changes were written: what was tried is then in the file. */
  applied: number;
}

export type Unanswered = Omit<Extract<ToWebview, { type: 'unanswered' }>, 'type'>;

export interface Drawn {
  plan: PlanView;
  estimate: Estimate;
  version: number;
}

export type Phase = 'empty' | 'estimating' | 'rendered' | 'running' | 'error';

export const initial: State = {
  reply: null,
  selected: null,
  estimating: true,
  problem: null,
  lost: false,
  cursor: null,
  run: null,
  drawn: null,
  view: 'waterfall',
  timeline: null,
  whatIf: null,
  sweeps: null,
  fit: null,
  fitting: null,
  unanswered: null,
  applied: 0,
};

export function reduce(state: State, message: ToWebview): State {
  switch (message.type) {
    case 'estimating':
      return { ...state, estimating: true };
    case 'plans':
      return plans(state, message.reply, message.selected);
    case 'select':
      return remember({ ...state, selected: message.plan });
    case 'cursor':
      return { ...state, cursor: message.line };
    case 'view':
      return { ...state, view: message.view };
    case 'timeline':
      return { ...state, timeline: { plan: message.plan, version: message.version, timeline: message.timeline } };
    case 'what-if': {
      const { plan, id, reply } = message;
      // An older answer never replaces a newer one.
      return state.whatIf !== null && state.whatIf.id > id
        ? state
        : { ...answered(state, 'what-if'), whatIf: { plan, id, reply } };
    }
    case 'sweeps':
      return { ...answered(state, 'sweeps'), sweeps: message.reply };
    case 'hello':
      return state;
    case 'fit-wanted':
      return { ...state, view: 'compare' };
    case 'fit-progress':
      return { ...state, fitting: { plan: message.plan, done: message.done, total: message.total } };
    case 'fit':
      return { ...answered(state, 'fit'), fit: message.reply, fitting: null };
    case 'applied':
      return { ...answered(state, 'apply'), applied: state.applied + 1 };
    case 'unanswered': {
      const { plan, question, message: why } = message;
      return { ...state, unanswered: { plan, question, message: why }, fitting: question === 'fit' ? null : state.fitting };
    }
    case 'problem':
      return { ...state, problem: message.message, lost: message.restart === true, estimating: false };
    case 'run-started':
      return { ...state, run: begin(message.plan, message.version ?? state.reply?.version ?? null, message.fingerprint) };
    case 'run-event':
      return state.run === null || state.run.plan !== message.plan ? state : { ...state, run: advance(state.run, message.event) };
    case 'run-ended':
      return {
        ...state,
        run: { ...(state.run ?? begin(message.plan, null)), outcome: message.outcome, message: message.message ?? null },
      };
    default:
      return message satisfies never;
  }
}

const answered = (state: State, question: Unanswered['question']): State =>
  state.unanswered?.question === question ? { ...state, unanswered: null } : state;

/** A reply for an older text never replaces a newer one. */
function plans(state: State, reply: EstimateReply, selected: string | null): State {
  if (state.reply !== null && state.reply.uri === reply.uri && reply.version < state.reply.version) return state;
  const names = reply.plans.map((plan) => plan.name);
  const keep = [selected, state.selected].find((name) => name !== null && names.includes(name));
  return remember({ ...state, reply, selected: keep ?? names[0] ?? null, estimating: false, problem: null, lost: false });
}

/** Keeps what is drawn while the same plan has errors, and nothing else. */
function remember(state: State): State {
  const plan = current(state);
  if (plan?.estimate) return { ...state, drawn: { plan, estimate: plan.estimate, version: state.reply?.version ?? 0 } };
  return plan !== null && plan.name === state.drawn?.plan.name ? state : { ...state, drawn: null };
}

function begin(plan: string, revision: number | null, fingerprint: string | null = null): Run {
  return {
    plan,
    fingerprint,
    revision,
    progress: null,
    adapter: null,
    proxy: null,
    checks: [],
    memory: [],
    savings: [],
    timing: [],
    kernels: [],
    loss: [],
    errors: [],
    summary: null,
    outcome: null,
    message: null,
  };
}

function advance(run: Run, event: RunEvent): Run {
  switch (event.type) {
    case 'adapter':
      return { ...run, adapter: event };
    case 'plan':
      return { ...run, proxy: event };
    case 'progress':
      return { ...run, progress: event };
    case 'check':
      return { ...run, checks: [...run.checks, event] };
    case 'memory':
      return { ...run, memory: [...run.memory, event] };
    case 'saving':
      return { ...run, savings: [...run.savings, event] };
    case 'timing':
      return { ...run, timing: [...run.timing, event] };
    case 'kernels':
      return { ...run, kernels: [...run.kernels, event] };
    case 'loss':
      return { ...run, loss: [...run.loss, event] };
    case 'error':
      return { ...run, errors: [...run.errors, event] };
    case 'summary':
      return { ...run, summary: event };
    default:
      return event satisfies never;
  }
}

/** The plan on show. */
export function current(state: State): PlanView | null {
  return state.reply?.plans.find((plan) => plan.name === state.selected) ?? null;
}

export function running(state: State): boolean {
  return state.run !== null && state.run.outcome === null;
}

/** The one word for the root element's `data-state`. */
export function phase(state: State): Phase {
  if (running(state)) return 'running';
  if (state.problem !== null) return 'error';
  if (state.estimating) return 'estimating';
  if (state.reply === null || state.reply.plans.length === 0) return state.reply && state.reply.errors > 0 ? 'error' : 'empty';
  return current(state)?.estimate ? 'rendered' : 'error';
}

/** The plan changed after the run on show began. */
export function stale({ run, reply }: State): boolean {
  if (run === null || reply === null) return false;
  if (run.fingerprint === null) return run.revision !== null && reply.version !== run.revision;
  return reply.plans.find(({ name }) => name === run.plan)?.fingerprint !== run.fingerprint;
}

/** The timeline of the plan and text on show, if it has come. */
export function timelineOf({ drawn, timeline }: State): Timeline | null {
  return drawn && timeline?.plan === drawn.plan.name && timeline.version === drawn.version ? timeline.timeline : null;
}

/** What the pictures show: the plan as it is written or, while changes are tried, the plan with them. */
export function shown({ drawn, view, whatIf }: State): Drawn | null {
  const trial = view === 'what-if' && drawn !== null && whatIf?.plan === drawn.plan.name ? whatIf.reply.view : null;
  return drawn && trial?.estimate ? { plan: trial, estimate: trial.estimate, version: drawn.version } : drawn;
}

/** Something is tried that is not as it is written. */
export function isChanged({ whatIf }: State): boolean {
  return whatIf !== null && [...whatIf.reply.turns, ...whatIf.reply.slots].some(({ value, written }) => value !== written);
}
