/**
 * Weights and gradients that move unit by unit: what a card holds a part of, or what lies in the host's memory, comes whole
 * for a unit's pass and goes after it, and a unit's gradients are reduced when its backward is done. The units are the
 * embedding, each layer, and the head with the final norm.
 */
import type { Weight } from '../../plan/weights';
import type { Buffer } from '../recipe';
import type { Tensor } from '../trace';
import type { PytorchStep } from './context';
import type { Unit, UnitName } from './rules';

export interface Units {
  /** Runs a unit's forward, in the forward pass or again in backward, with its weights there. */
  forward<R>(unit: UnitName, run: () => R): R;
  /** Before the backward of what forward left. */
  beforeBackward(): void;
  /** After the backward of a layer, or of the embedding: weights go, gradients are reduced. */
  afterBackward(): void;
  /** Runs the head's forward and, later, its backward. */
  head(run: () => () => Tensor | null): () => Tensor | null;
  /** A parameter's finished gradient; takes over the reference. */
  take(parameter: Tensor, gradient: Tensor): void;
}

/** Where in the model the step is. */
export interface Here {
  /** Of a layer: its stretch and offset; empty outside the layers. */
  place: string;
  /** Layers that run again before one of them is differentiated. */
  stride: number;
}

export function makeBuffers({ trace, recipe }: Pick<PytorchStep, 'trace' | 'recipe'>, when: Buffer['lives']): Tensor[] {
  return recipe.buffers
    .filter(({ lives }) => lives === when)
    .map(({ name, shape, dtype, category, pieces }) => {
      const buffer = Object.assign(trace.tensor(name, shape, dtype, category), { pieces });
      trace.op({ op: 'buffer', label: name, writes: [buffer], moved: 0 });
      return buffer;
    });
}

export function unitsOf(
  step: PytorchStep,
  here: () => Here,
  weightsOf: (unit: UnitName) => Weight[],
  keep: (parameter: Tensor, kept: Tensor) => void,
): Units {
  const { trace } = step;
  const { gathering, reduction, gradientsInParts } = step.recipe.pytorch;
  let pass: 'forward' | 'backward' = 'forward';
  let inHead = false;
  /** What is there for the unit in backward. */
  let present: Tensor[] | null = null;
  /** What stays from forward to backward, by place. */
  const stayed = new Map<string, Tensor[]>();
  /** Finished gradients that are not reduced yet, by parameter and place. */
  const pending = new Map<string, { parameter: Tensor; gradient: Tensor; place: string }>();

  const units = new Map<UnitName, Unit>();
  const unitOf = (name: UnitName): Unit => {
    let unit = units.get(name);
    if (!unit) {
      unit = { name, weights: weightsOf(name) };
      units.set(name, unit);
    }
    return unit;
  };
  const gather = (unit: UnitName): Tensor[] => gathering?.gather(step, unitOf(unit), pass) ?? [];
  const arrive = (unit: UnitName): Tensor[] => {
    const { place } = here();
    const found = stayed.get(place);
    stayed.delete(place);
    return found ?? gather(unit);
  };
  const leave = (): void => {
    if (present) trace.release(...present);
    present = null;
    if (!reduction || pending.size === 0) return;
    // Those of the root unit wait for the end of backward.
    const { place } = here();
    const entries = [...pending.values()].filter((entry) => place === '' || entry.place === place);
    for (const { parameter, place: at } of entries) pending.delete(`${parameter.id}:${at}`);
    if (entries.length === 0) return;
    const kept = reduction.reduce(step, entries);
    entries.forEach(({ parameter }, index) => {
      keep(parameter, kept[index] as Tensor);
    });
  };

  return {
    forward: (unit, run) => {
      if (!gathering || (gathering.root && unit === 'head')) return run();
      if (pass === 'backward') {
        if (here().stride > 1 && !stayed.has(here().place)) {
          // A segment's layers run one after the other before any of them is differentiated.
          const whole = gather(unit);
          const result = run();
          trace.release(...whole);
          return result;
        }
        if (here().stride === 1) present ??= arrive(unit);
        return run();
      }
      const whole = gather(unit);
      const result = run();
      if (unit === 'embed' && gathering.root) step.holdUntilBackwardEnds(...whole);
      else if (unit === 'layer' && gathering.stays) stayed.set(here().place, whole);
      else trace.release(...whole);
      return result;
    },
    beforeBackward: () => {
      if (!gathering || present || inHead) return;
      const { place } = here();
      if (place) present = arrive('layer');
      else if (!gathering.root) present = gather('embed');
    },
    afterBackward: () => {
      if (inHead) return;
      leave();
      if (!here().place) pass = 'forward';
    },
    head: (run) => {
      const whole = gathering && !gathering.root ? gather('head') : [];
      const backward = run();
      return () => {
        pass = 'backward';
        inHead = true;
        step.holdUntilBackwardEnds(...makeBuffers(step, 'backward'));
        const gradient = backward();
        inHead = false;
        present = whole;
        if (!gathering?.root) leave();
        else present = null;
        return gradient;
      };
    },
    take: (parameter, gradient) => {
      if (!reduction) return keep(parameter, gradient);
      // What comes in parts is reduced once it is whole: with the layer's last part.
      if (reduction.at === 'parameter' && !gradientsInParts) {
        const [kept] = reduction.reduce(step, [{ parameter, gradient }]);
        return keep(parameter, kept as Tensor);
      }
      const place = parameter.perLayer ? here().place : '';
      const known = pending.get(`${parameter.id}:${place}`);
      if (!known) pending.set(`${parameter.id}:${place}`, { parameter, gradient, place });
      else {
        trace.op({ op: 'aten.add_', label: 'accumulate', reads: [known.gradient, gradient], writes: [known.gradient] });
        trace.release(gradient);
      }
    },
  };
}
