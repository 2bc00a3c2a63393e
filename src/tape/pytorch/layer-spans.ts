/**
 * Layers that several tapes have between different ends: the stages of a pipeline, or plans that differ by their loss. One tape
 * writes them; the others take its nodes over, each in the place where it would have written its own.
 */
import type { Recipe } from '../recipe';
import type { Tensor, Trace } from '../trace';
import type { TapeNode } from '../types';
import { learnsBefore } from './stretches';

/** What one run of a writer of layers wrote, and what it returned. */
interface Span {
  nodes: readonly TapeNode[];
  entering: Tensor | null;
  result: unknown;
}

/** A tape's spans in the order in which they were written, and its tensors, which their nodes name by id. */
export interface WrittenLayers {
  tensors: readonly Tensor[];
  spans: readonly Span[];
  like: string;
}

/** Where a lowering writes layers and nothing else. */
export interface LayerWriter {
  /** Returns what `run` returns. */
  span<R>(run: () => R): R;
  /** The same of a pass through the layers: `run` takes over what enters them, the result is the caller's. */
  pass<T extends Tensor | null>(entering: Tensor, run: (entering: Tensor) => T): T;
}

/** What tells a card's layers from those of another card of the same plan: how many they are, and what their first one keeps. */
const likeness = (recipe: Recipe): string => `${recipe.model.layers} ${learnsBefore(recipe)}`;

/** Layers as they are wanted here, if those that were written are. */
export const alikeFor = (recipe: Recipe, written: WrittenLayers | null | undefined): WrittenLayers | null =>
  written?.like === likeness(recipe) ? written : null;

/** Writes spans and keeps them. `written`: what others may take over; null where more than the spans is the layers'. */
export function writingLayers(trace: Trace, recipe: Recipe): LayerWriter & { written(): WrittenLayers | null } {
  const spans: Span[] = [];
  const keep = <R>(entering: Tensor | null, run: () => R): R => {
    const { value, nodes } = trace.nodesOf(run);
    spans.push({ nodes, entering, result: value });
    return value;
  };
  return {
    span: (run) => keep(null, run),
    pass: (entering, run) => keep(entering, () => run(entering)),
    written: () => {
      // What ends after a span's last op is noted there: it must be a repeat, to which nothing is added.
      const closed = spans.every(({ nodes }) => nodes.at(-1)?.kind !== 'op');
      const alone = recipe.model.encoderLayers === 0 && recipe.added(recipe.model).shared.length === 0;
      return spans.some(({ entering }) => entering) && closed && alone
        ? { tensors: trace.tensors, spans, like: likeness(recipe) }
        : null;
    },
  };
}

/** Takes spans over, one after the other. `fits`: all of them were wanted, and what entered them is what entered those written. */
export function takingLayers(trace: Trace, { spans }: WrittenLayers): LayerWriter & { fits(): boolean } {
  let next = 0;
  let alike = true;
  const take = (): Span => {
    const span = spans[next++];
    if (!span) throw new Error('tape: more layers are taken over than were written');
    return span;
  };
  return {
    span: <R>() => {
      const { nodes, result } = take();
      trace.put(nodes);
      return result as R;
    },
    pass: <T extends Tensor | null>(entering: Tensor) => {
      const { nodes, entering: before, result } = take();
      if (!before) throw new Error('tape: a pass through layers is taken over where none was written');
      alike &&= TRAITS.every((trait) => entering[trait] === before[trait]);
      trace.put(enteredBy(trace, nodes, before, entering));
      entering.refs = 0;
      return (result && own(trace, (result as Tensor).id, { refs: 1 })) as T;
    },
    fits: () => alike && next === spans.length,
  };
}

/** What layers can tell of a tensor that enters them. */
const TRAITS = ['bytes', 'dtype', 'category', 'requiresGrad'] as const;

/** This trace's own copy of a tensor that is shared with another one. */
function own(trace: Trace, id: number, changes: Partial<Tensor>): Tensor {
  const made = { ...(trace.tensors[id] as Tensor), ...changes };
  trace.tensors[id] = made;
  return made;
}

/** The same nodes, entered by another tensor than before: its name goes on inside, and beyond a repeat that only adds to it. */
function enteredBy(trace: Trace, nodes: readonly TapeNode[], before: Tensor, entering: Tensor): TapeNode[] {
  const { name } = entering;
  let through: number | undefined = before.id;
  return nodes.map((node) => {
    if (node.kind !== 'repeat' || through === undefined) return node;
    const carry = node.carry.map((one) => {
      if (one.initial !== through) return one;
      own(trace, one.in, { name });
      through = one.out === one.in ? one.result : undefined;
      if (through !== undefined) own(trace, through, { name });
      return one.initial === before.id ? { ...one, initial: entering.id } : one;
    });
    return { ...node, carry };
  });
}
