/** Readings of a plan's tape for the tests of techniques, and models of the papers. */
import type { Model, Plan, TechniqueSlot, Use } from '../../src/plan/types';
import { elements, type Weight, weightsOf } from '../../src/plan/weights';
import type { Bytes, Phase } from '../../src/planner/types';
import { simulate } from '../../src/tape/simulate';
import type { OpNode } from '../../src/tape/types';
import { unroll } from '../../src/tape/unroll';
import { tapeOf } from '../../src/techniques/recipe-of';
import { model, plan } from '../tape/plans';

export { elements } from '../../src/plan/weights';
export { plan, small, use } from '../tape/plans';

export const llama7B: Model = model({
  layers: 32,
  hidden: 4096,
  heads: 32,
  kvHeads: 32,
  headDim: 128,
  ffn: 11008,
  vocab: 32000,
});
export const llama8B: Model = model({
  layers: 32,
  hidden: 4096,
  heads: 32,
  kvHeads: 8,
  headDim: 128,
  ffn: 14336,
  vocab: 128256,
});

type Stated = { [slot in TechniqueSlot]?: string | Use };

/** A plan of one short row, so that what persists outweighs what passes. */
export const short = (of: Model, stated: Stated): Plan => plan(stated, { model: of, batch: 1, sequence: 8 });

/** What lives from step to step, by category. */
export const persistent = (of: Plan): Bytes => simulate(tapeOf(of)).persistent;
export const states = (of: Plan): number => persistent(of).optimizer;
export const peak = (of: Plan): number => simulate(tapeOf(of)).peak;
export const highest = (of: Plan, phase: Phase): number =>
  simulate(tapeOf(of)).instants.find((instant) => instant.phase === phase)?.allocated ?? 0;

/** Every op of the written-out tape. */
export function ops(of: Plan): { node: OpNode; phase: string; layer: number | undefined }[] {
  const found: { node: OpNode; phase: string; layer: number | undefined }[] = [];
  unroll(tapeOf(of), ({ node, phase, layer }) => found.push({ node, phase, layer }));
  return found;
}

/** Bytes of tensors that live only while the first op with this label runs. */
export function temporaries(of: Plan, label: RegExp): number {
  const tape = tapeOf(of);
  const op = ops(of).find(({ node }) => label.test(node.label))?.node;
  if (!op) throw new Error(`no op is labelled ${label}`);
  return op.allocs.filter((id) => op.frees.includes(id)).reduce((sum, id) => sum + (tape.tensors[id]?.bytes ?? 0), 0);
}

/** Highest bytes of live tensors whose name matches, over the step. */
export function mostOf(of: Plan, name: RegExp, phases: readonly string[] = ['forward', 'backward', 'optimizer']): number {
  const tape = tapeOf(of);
  const live = new Map<number, number>();
  let most = 0;
  unroll(tape, ({ node, phase, storage }) => {
    for (const id of node.allocs)
      if (name.test(tape.tensors[id]?.name ?? '')) live.set(storage(id), tape.tensors[id]?.bytes ?? 0);
    if (phases.includes(phase))
      most = Math.max(
        most,
        [...live.values()].reduce((sum, bytes) => sum + bytes, 0),
      );
    for (const id of node.frees) live.delete(storage(id));
  });
  return most;
}

/** Sum over a model's weights, each as often as it is there. */
export function over(of: Model, value: (weight: Weight) => number): number {
  const { layer, outside } = weightsOf(of);
  const sum = (weights: readonly Weight[]) => weights.reduce((total, weight) => total + value(weight), 0);
  return of.layers * sum(layer) + sum(outside);
}

export const parameters = (of: Model): number => over(of, elements);
/** The layers' matrices, and the rest. */
export const matrices = (of: Model, value: (m: number, n: number) => number): number =>
  over(of, ({ role, shape: [m = 1, n = 1] }) => (role === 'linear' ? value(m, n) : 0));
export const others = (of: Model): number => over(of, (weight) => (weight.role === 'linear' ? 0 : elements(weight)));
