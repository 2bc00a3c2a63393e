import { remembered } from '../plan/remembered';
import type { Slot, Use } from '../plan/types';

/** What kind of value an argument takes; completion, validation and hover follow it. */
export type ArgumentType =
  /** A count; `tokens` counts accept the `k` suffix (16k = 16384). */
  | { kind: 'count'; tokens?: boolean; min?: number; max?: number }
  | { kind: 'number'; min?: number; max?: number; exclusiveMax?: boolean }
  | { kind: 'boolean' }
  | { kind: 'choice'; of: readonly string[] }
  | { kind: 'string'; examples?: readonly string[] }
  /** A list drawn from names, e.g. LoRA's targets. */
  | { kind: 'list'; of: readonly string[] }
  /** Another technique of a slot, e.g. GaLore's `inner`. */
  | { kind: 'technique'; slot: Slot; of: readonly string[] };

export interface Argument {
  name: string;
  type: ArgumentType;
  doc: string;
  /** Absent: the argument is required. A name stands for a technique without arguments where the type is `technique`. */
  default?: number | string | boolean | string[];
}

/** One technique of a combination that cannot work, or that this one needs, and why. */
export interface Relation {
  slot: Slot;
  /** Names in that slot; `*` any stated one. */
  names: readonly string[];
  why: string;
}

export interface Citation {
  title: string;
  /** arXiv identifier, DOI or repository. */
  id: string;
  url: string;
}

export const arxiv = (id: string, title: string): Citation => ({ title, id: `arXiv:${id}`, url: `https://arxiv.org/abs/${id}` });

/** What the cards of an axis share out, in the order in which axes cut a recipe: the model and the tokens, then what is left of them. */
export const SHARED = ['matrices', 'tokens', 'layers', 'experts', 'batches'] as const;
export type Shared = (typeof SHARED)[number];

/** All that the product knows of a technique except its arithmetic. Completion, hover, validation and docs are driven by it. */
export interface Spec {
  name: string;
  slot: Slot;
  /** One line, for completion and hover. */
  summary: string;
  /** The byte model in one line, symbols as in the reference. */
  formula: string;
  /** What it costs in time or accuracy, in one line. */
  cost: string;
  /** The mathematics of the step is unchanged. */
  exact: boolean;
  args: readonly Argument[];
  excludes?: readonly Relation[];
  /** At least one name of each relation must be in the slot. */
  needs?: readonly Relation[];
  /** Combinations that work, of which something should be known. */
  cautions?: readonly Relation[];
  citation?: Citation;
  /** Of an axis, a technique of `parallel`: what its `n` cards share out. */
  shares?: Shared;
  /** It says what is learnt, not how it is computed: nothing else may stand in for it to make a plan fit. */
  objective?: true;
  /** Settings that are worth trying when a plan must fit; absent: the defaults, where every argument has one. An axis has the plan's `n`. */
  usual?: readonly Use['args'][];
}

/** A use with every default filled in: one object for each use, which searches ask for again and again. */
export const complete = (spec: Spec, use: Use): Use => completing(spec)(use);

const completing = remembered((spec: Spec) =>
  remembered((use: Use): Use => {
    const args: Use['args'] = {};
    for (const { name, type, default: usual } of spec.args) {
      const value = use.args[name] ?? usual;
      if (value !== undefined)
        args[name] = type.kind === 'technique' && typeof value === 'string' ? { name: value, args: {} } : value;
    }
    return { name: spec.name, args };
  }),
);
