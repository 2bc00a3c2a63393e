/** What the planner answers, in the form of the command line's JSON: sizes in bytes, times in seconds. */
import type { DType, Slot } from '../plan/types';

export const CATEGORIES = ['weights', 'gradients', 'optimizer', 'activations', 'logits', 'temporary'] as const;
export type Category = (typeof CATEGORIES)[number];

/** The categories in words. */
export const PART_NAMES: { [category in Category]: string } = {
  weights: 'weights',
  gradients: 'gradients',
  optimizer: 'optimizer states',
  activations: 'activations kept for backward',
  logits: 'logits',
  temporary: 'temporary tensors',
};
export type Bytes = Record<Category, number>;

export const PHASES = ['forward', 'backward', 'optimizer'] as const;
export type Phase = (typeof PHASES)[number];

export interface Moment {
  phase: Phase;
  /** Absent outside the layers. */
  layer?: number;
  /** Dotted name of the op, e.g. `mlp.down`. */
  op: string;
}

export interface Peak {
  allocated: number;
  reserved: number;
  device: number;
  /** Bytes on the card at the least (no allocator slack, bare context) and at the most. */
  range: readonly [number, number];
}

/** `tight`: only where the allocator's slack stays small, or gives cached memory back in time. */
export type Fit = 'fits' | 'tight' | 'exceeds';

/** One step of the waterfall: what the peak was before this technique and is after it. */
export interface WaterfallStep {
  /** As the technique would be written: `galore(rank: 128)`. The first step is `plain`, with `before` 0. */
  label: string;
  slot: Slot | 'plain';
  before: number;
  after: number;
  /** Live bytes by category at the peak after this step. */
  categories: Bytes;
  /** Seconds for a step after it. */
  time: number;
  /** When the peak comes after this step. */
  peakAt?: Moment;
  /** Line of the statement, 1-based; filled in by whoever knows the file. */
  line?: number;
}

/** Live bytes by category at one point of the step; `at` counts points, not seconds. */
export interface TimelinePoint {
  phase: Phase;
  layer?: number;
  op: string;
  bytes: number[];
}

/**
 * Live bytes over one step as changes, point by point: what begins and ends of each kind of tensor. A step of 80 layers has
 * hundreds of thousands of points, of which few change more than two kinds.
 */
export interface LiveChanges {
  /** Kinds of tensors: all of one name, in every layer. */
  kinds: { category: Category; name: string }[];
  /** Names of the ops, each once. */
  ops: string[];
  /** A point each: index into `ops`, layer (-1 outside the layers), index into `PHASES`, number of changes that lead to it. */
  op: number[];
  layer: number[];
  phase: number[];
  changes: number[];
  /** A change each: index into `kinds`, and the bytes that were added or, below nought, freed. */
  kind: number[];
  bytes: number[];
}

/** One card of several that do the same. */
export interface Rank {
  name: string;
  count: number;
  /** Highest live bytes of its step. */
  peak: number;
  peakAt: Moment;
  categories: Bytes;
}

export interface Estimate {
  name: string;
  model: string;
  device: string;
  capacity: number;
  /** Capacity less the card's reserve: what `peak.device` less the context must stay under. */
  usable: number;
  peak: Peak;
  fits: boolean;
  fit: Fit;
  peakAt: Moment;
  instants: { phase: Phase; allocated: number }[];
  categories: Bytes;
  waterfall: WaterfallStep[];
  /** `calibrated` where operations take what was measured, and on what; absent where they take what they usually do. */
  time: { step: number; tokensPerSecond: number; calibrated?: { adapter: string; software: boolean } };
  parameters: { total: number; trainable: number };
  /** With several cards: how many, which one the figures are of (the one that peaks), and a row for each distinct one. */
  cards?: { count: number; peaks: string; sent: number };
  ranks?: Rank[];
  /** Bytes outside the card, what goes over its link in a step, and what a drive reads and writes. */
  host?: { cpu: number; nvme: number; moved: number; drive?: number };
  timeline?: TimelinePoint[];
}

/** Like tensors that are alive together: one for each layer, or one alone. */
export interface LedgerLine {
  category: Category;
  /** Dotted place in the model, e.g. `mlp.act.silu`. */
  name: string;
  shape: readonly number[];
  dtype: DType;
  count: number;
  /** Bytes of one; `bytes` is `count` times as many. */
  each: number;
  bytes: number;
  /** The operator that made it. */
  op: string;
  source: string;
}

/** Why a step of the waterfall is as large as it is. */
export interface StepExplanation {
  /** The technique's byte model and its price, in symbols. */
  formula: string;
  cost: string;
  source: string;
  url?: string;
  /** The kinds of tensors whose bytes at the peak it changes most: the formula with this plan's numbers put in. */
  changes: { category: Category; name: string; before: string; after: string; bytes: number }[];
}
