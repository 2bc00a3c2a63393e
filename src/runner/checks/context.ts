/** What a technique's checks are given, and how they say what they found. */
import type { Plan, TechniqueSlot, Use } from '../../plan/types';
import type { RunEvent } from '../../protocol';
import type { Batch } from '../data';
import type { Opened } from '../device';
import type { WeightSource } from '../weights';

/** Loss and gradients of one batch, by name, with `@layer` where it is a layer's. */
export interface Gradients {
  loss: number;
  values: Map<string, Float32Array>;
}

export type CheckEvent = Extract<RunEvent, { type: 'check' }>;
export type Emit = (event: RunEvent) => void;

export interface CheckContext {
  opened: Opened;
  /** The proxy's plan. */
  plan: Plan;
  slot: TechniqueSlot;
  use: Use;
  seed: number;
  /** One batch of the run's text. */
  batch: Batch;
  weights: WeightSource;
  /** Values of a reference model beside the one that is checked; where nothing is said, the same. */
  reference?: WeightSource;
  /** What one check of a run has computed and another may use: the standard backward's gradients. */
  shared: Map<string, Promise<Gradients>>;
  report(check: Omit<CheckEvent, 'type' | 'technique'>): void;
}

/** Exported by a technique's `check.ts`: what "run on GPU" must prove of it. */
export type TechniqueCheck = (context: CheckContext) => Promise<void>;

/** A check that passes while the measured value stays within the limit; what is no number never passes. */
export const within = (
  name: string,
  measured: number,
  limit: number,
  why: string,
  unit?: string,
): Omit<CheckEvent, 'type' | 'technique'> => ({
  name,
  measured,
  limit,
  passed: measured <= limit,
  why,
  ...(unit === undefined ? {} : { unit }),
});
