/**
 * Every message that crosses a process, typed once: language server, extension host, webview, runner.
 * Sizes are bytes, times seconds, lines and columns 1-based.
 */
import type { Unit } from './plan/format';
import type { ListSlot, OpClass, Plan, RunSettings, TechniqueSlot, Use } from './plan/types';
import type { Bytes, Category, Estimate, LedgerLine, LiveChanges, StepExplanation } from './planner/types';

export type { Unit } from './plan/format';
export type { Plan, RunSettings, TechniqueSlot, Use } from './plan/types';
export type {
  Bytes,
  Category,
  Estimate,
  LedgerLine,
  LiveChanges,
  Moment,
  Peak,
  Phase,
  Rank,
  StepExplanation,
  TimelinePoint,
  WaterfallStep,
} from './planner/types';

// ---- language server ⇄ extension (LSP custom requests) ----

export const ESTIMATE_REQUEST = 'memplan/estimate';
export const RUN_REQUEST = 'memplan/runRequest';
/** Server → client, after a document or a file that it depends on was analysed again. */
export const ANALYSED_NOTIFICATION = 'memplan/analysed';

export interface EstimateParams {
  uri: string /** One plan, or all. */;
  plan?: string;
  /** With every moment of each plan's step. */
  timeline?: boolean;
  /** False: without the reasons and the ledger, which take as long as the estimate itself. */
  explain?: boolean;
}

/** A place in the document. */
export interface Place {
  line: number;
  column: number;
  endLine: number;
  endColumn: number;
}

export interface PlanView {
  name: string;
  /** Where the plan's name stands. */
  place: Place;
  /** Of all that a run of the plan depends on: equal where the result of an earlier run still holds. */
  fingerprint?: string;
  /** Absent where the plan has errors; `problem` then says which in one sentence. */
  estimate?: Estimate;
  problem?: string;
  /** Where each step of the waterfall was written, by index; null for the plain plan and inherited defaults. */
  places: (Place | null)[];
  /** Why each step of the waterfall is as large as it is, by index. */
  reasons?: StepExplanation[];
  /** The tensors alive at the peak, largest first, and what the figures hold for. */
  ledger?: { lines: LedgerLine[]; holds: string[] };
  /** Every moment of the step, where it was asked for. */
  timeline?: LiveChanges;
}

export interface EstimateReply {
  uri: string;
  /** Version of the document that was analysed. */
  version: number;
  plans: PlanView[];
  /** Errors in the file, whether or not they hinder an estimate. */
  errors: number;
}

// ---- trying changes, searching and comparing, before anything is written ----

export const WHAT_IF_REQUEST = 'memplan/whatIf';
export const REWRITE_REQUEST = 'memplan/rewrite';
export const SWEEPS_REQUEST = 'memplan/sweeps';
export const FIT_REQUEST = 'memplan/fit';
/** Server → client, while a fit goes on. */
export const FIT_PROGRESS = 'memplan/fitProgress';

/** One thing that is tried: a number by its path (`sequence`, `galore.rank`), the technique of a slot, or a slot's list of them. */
export type Change =
  | { kind: 'number'; path: string; value: number }
  | { kind: 'technique'; slot: TechniqueSlot; use: Use }
  | { kind: 'list'; slot: ListSlot; uses: Use[] };

export interface ChangeParams {
  uri: string;
  plan: string;
  changes: Change[];
}

/** A number of the plan that may be turned. */
export interface Turn {
  path: string;
  /** The value that is tried, and the one in the file; null where the file has no such number. */
  value: number;
  written: number | null;
  min: number;
  max: number;
  /** Counts tokens: `16k` may be written. */
  tokens: boolean;
  /** The plan's own, or a technique's first or stated argument; the others are seldom turned. */
  usual: boolean;
}

/** What a slot may hold. */
export interface SlotChoice {
  slot: TechniqueSlot;
  /** Name of the technique that is tried, and of the file's; empty where the slot follows another. */
  value: string;
  written: string;
  options: { name: string; use: Use }[];
}

export interface WhatIfReply {
  uri: string;
  version: number;
  view: PlanView;
  turns: Turn[];
  slots: SlotChoice[];
  /** Why the changes may not be written: techniques that exclude one another, arguments out of range. */
  problems: string[];
}

/** The changes as edits of the text, which keep what stands around them. */
export interface RewriteReply {
  version: number;
  edits: { place: Place; text: string }[];
  problems: string[];
}

export interface SweepsParams {
  uri: string;
  plan: string;
  /** Plans whose curves are drawn beside it. */
  others: string[];
}

/** Bytes on the card over the values of one number. */
export interface SweepCurves {
  path: string;
  /** What the values are counted in, where they are no mere counts. */
  unit?: Unit;
  /** Where the sweep is written; null for one that the file does not ask for. */
  place: Place | null;
  curves: {
    plan: string;
    usable: number;
    points: { value: number; device: number; fits: boolean }[];
    /** Largest value between two points that fits where the next one does not. */
    crossing: { value: number; device: number } | null;
  }[];
}

export interface SweepsReply {
  uri: string;
  version: number;
  plan: string;
  sweeps: SweepCurves[];
}

/** One of the ways to make a plan fit that no other beats in both peak and time. */
export interface FitChoice {
  device: number;
  time: number;
  /** Nothing is approximated that the plan computes exactly. */
  exact: boolean;
  changes: Change[];
  edits: FitEdit[];
  /** It differs little in peak and in time from another that has fewer changes. */
  near: boolean;
}

/** One statement that changes, with what it adds to the peak and to the step after those before it. */
export type FitEdit = { slot: string; from: string | null; to: string; exact: boolean; bytes: number; seconds: number };

export interface FitReply {
  uri: string;
  version: number;
  plan: string;
  usable: number;
  /** The plan as it stands. */
  now: { device: number; time: number };
  points: FitChoice[];
  considered: number;
  /** Where none fits: the smallest plan found, what its peak is made of, and what a larger host would allow. */
  floor: { peak: number; categories: Bytes; edits: FitEdit[]; beyondHost?: { peak: number; cpu: number } } | null;
}

export interface FitProgress {
  uri: string;
  plan: string;
  done: number;
  total: number;
}

/** Client → server, when a run has ended with a verdict: lenses and hovers then tell it. */
export const VERDICT_NOTIFICATION = 'memplan/verdict';

export interface VerdictParams {
  uri: string;
  plan: string;
  passed: number;
  failed: number;
  /** When it ended, in milliseconds since 1970. */
  at: number;
  /** Of the plan as it ran. */
  fingerprint?: string;
  /** Name of the GPU, and whether it was a software driver. */
  adapter: string;
  software: boolean;
  checks: { technique: string; name: string; measured: number; limit: number; passed: boolean }[];
}

/** Client → server, when a run has timed its kernels: times of plans on the card that was measured follow it. */
export const MEASURED_NOTIFICATION = 'memplan/measured';

export interface MeasuredParams {
  adapter: Extract<RunEvent, { type: 'adapter' }>;
  kernels: Extract<RunEvent, { type: 'kernels' }>[];
}

export interface RunRequestParams {
  uri: string;
  plan: string;
}
export type RunRequestReply = { ok: true; request: RunRequest; fingerprint: string } | { ok: false; message: string };
export interface AnalysedParams {
  uri: string;
  version: number;
}

/** Server → client, where the initialization options say `readsFiles`: a file of a workspace that lies on no disk. */
export const READ_FILE_REQUEST = 'memplan/readFile';
export interface ReadFileParams {
  uri: string;
}
export interface ReadFileReply {
  /** Null where there is no such file, or it may not be read. */
  text: string | null;
}

// ---- extension or CLI → runner (one JSON line on stdin, then `{"type":"cancel"}`) ----

export interface RunRequest {
  type: 'run';
  plan: Plan;
  run: RunSettings;
  /** `auto`: the best GPU, else the software driver. */
  adapter: 'auto' | 'gpu' | 'software';
  /** Seconds until the run is given up. */
  timeout: number;
}
export interface VerifyRequest {
  type: 'verify-galore' /** Content of the file, parsed. */;
  cases: unknown;
  adapter: 'auto' | 'gpu' | 'software';
  timeout: number;
}
export interface CancelRequest {
  type: 'cancel';
}
export type RunnerInput = RunRequest | VerifyRequest | CancelRequest;

// ---- runner → extension or CLI (one JSON object a line on stdout) ----

interface StepBytes {
  predicted: number;
  counted: number;
  buffers: number;
}

export type RunEvent =
  | { type: 'adapter'; name: string; vendor: string; architecture: string; software: boolean; features: string[] }
  | {
      type: 'plan';
      plan: string;
      techniques: string[];
      /** Arguments that the proxy scales, e.g. a rank by the ratio of the widths. */
      scaled: { technique: string; argument: string; from: number; to: number; why: string }[];
      /** Techniques of the plan that this run does not prove. */
      unproved: { technique: string; why: string }[];
      proxy: RunSettings;
    }
  | { type: 'progress'; stage: string; done: number; total: number }
  | {
      type: 'check';
      technique: string;
      name: string;
      measured: number;
      limit: number;
      passed: boolean;
      unit?: string /** Where the limit comes from. */;
      why: string;
    }
  /** Peak bytes of one configuration: simulated, counted from buffers and arenas, and of the process where it is known. */
  | { type: 'memory'; label: string; predicted: number; measured: number; process?: number }
  /**
   * What one technique changes (several where one does not stand without the other), on top of those before it in the file: highest live
   * bytes of a step, simulated and counted by the arena's books, and all buffers that the device was asked for.
   */
  | { type: 'saving'; technique: string; before: StepBytes; after: StepBytes }
  | { type: 'timing'; label: string /** Median seconds for a step. */; step: number; steps: number }
  /** Where the time of a step of one configuration goes, kernel by kernel, the longest first. */
  | {
      type: 'kernels';
      label: string;
      /** By the GPU's own clock, or each op submitted alone and waited for; in a step of its own either way. */
      method: 'timestamps' | 'waits';
      /** The card that `atPeaks` holds for, FLOP per second in fp32 and bytes per second: the adapter where it is known, else the plan's. */
      peaks: { device: string; flops: number; bandwidth: number };
      /** Runs and seconds in a step, of what is done every so many steps its share; and seconds that its ops would take at the peaks. */
      kernels: { name: string; class: OpClass; calls: number; seconds: number; atPeaks: number }[];
    }
  | { type: 'loss'; label: string; step: number; loss: number }
  | { type: 'error'; code: string; message: string }
  | { type: 'summary'; passed: number; failed: number };

// ---- extension → webview ----

export type ToWebview =
  | { type: 'plans'; reply: EstimateReply /** The plan to show. */; selected: string | null }
  /** The file was changed and is being estimated again. */
  | { type: 'estimating'; version: number }
  | { type: 'select'; plan: string }
  /** Line of the cursor in the file, null where it is elsewhere: its bar lights up. */
  | { type: 'cursor'; line: number | null }
  | { type: 'run-started'; plan: string; uri: string; version?: number; fingerprint?: string }
  | { type: 'run-event'; plan: string; event: RunEvent }
  /** `cancelled` and errors end a run without a summary. */
  | { type: 'run-ended'; plan: string; outcome: 'passed' | 'failed' | 'cancelled' | 'error'; message?: string }
  /** Which picture to show. */
  | { type: 'view'; view: View }
  | { type: 'timeline'; plan: string; version: number; timeline: Timeline }
  /** Ways to make the plan fit are to be looked for, as by the button of the view. */
  | { type: 'fit-wanted'; plan: string }
  /** Answers carry the number of the question: an older one never replaces a newer. */
  | { type: 'what-if'; plan: string; id: number; reply: WhatIfReply }
  | { type: 'sweeps'; reply: SweepsReply }
  | { type: 'fit-progress'; plan: string; done: number; total: number }
  | { type: 'fit'; reply: FitReply }
  /** A question about a plan came to nothing; `message` is empty where it was cancelled. */
  | { type: 'unanswered'; plan: string; question: 'what-if' | 'sweeps' | 'fit' | 'apply'; message: string }
  /** Changes were written to the file. */
  | { type: 'applied'; plan: string }
  /** Asks whether the page is there; it says `here`. */
  | { type: 'hello' }
  /** `restart`: the server is out of reach, and may be started again. */
  | { type: 'problem'; message: string; restart?: boolean };

/** The pictures of the panel. */
export const VIEWS = ['waterfall', 'timeline', 'what-if', 'compare', 'run'] as const;
export type View = (typeof VIEWS)[number];

/** Live bytes over one step, point by point, as changes in columns: see `LiveChanges`. */
export interface Timeline {
  kinds: { category: Category; name: string }[];
  ops: string[];
  op: Uint32Array;
  layer: Int32Array;
  /** 0 forward, 1 backward, 2 optimizer. */
  phase: Uint8Array;
  /** The changes that lead to point `i` stand from `starts[i]` up to `starts[i + 1]`. */
  starts: Uint32Array;
  kind: Uint32Array;
  bytes: Float64Array;
}

// ---- webview → extension ----

export type FromWebview =
  | { type: 'ready' }
  | { type: 'here' }
  | { type: 'select'; plan: string }
  | { type: 'reveal'; place: Place }
  | { type: 'run'; plan: string }
  | { type: 'cancel-run' }
  | { type: 'timeline'; plan: string }
  | { type: 'what-if'; plan: string; id: number; changes: Change[] }
  /** Writes changes to the file that was read as `version`, as one edit that can be undone. */
  | { type: 'apply'; plan: string; version: number; changes: Change[] }
  | { type: 'sweeps'; plan: string; others: string[] }
  | { type: 'fit'; plan: string }
  | { type: 'cancel-fit' }
  | { type: 'restart-server' }
  | { type: 'copy'; text: string }
  /** The content of a file that the user chooses; PNG as base64. */
  | { type: 'save'; format: 'svg' | 'png' | 'csv' | 'md'; name: string; content: string };
