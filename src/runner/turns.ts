/** Lets a run decide in which steps the lazy ops of its weights run, by what the device found in earlier ones. */
import type { Weight } from '../plan/weights';
import { keyOf } from '../tape/linear';
import type { OptimizerRule } from '../tape/webgpu/rules';
import type { StepState } from './ops/bind';
import type { Program } from './program';

export interface TurnTaking {
  /** What a step is told. */
  of(step: number): Pick<StepState, 'due'>;
  /** Reads what the turns of a step found. */
  lookBack(step: number): Promise<void>;
}

export function takeTurns(
  program: Program,
  places: readonly { weight: Weight; layer: number | undefined }[],
  rule: OptimizerRule | null,
): TurnTaking {
  const turns = rule?.turns?.();
  if (!turns) return { of: () => ({}), lookBack: async () => undefined };
  const taking = places
    .filter(({ weight, layer }) => program.has(`${weight.name}.${turns.part}`, layer))
    .map(({ weight, layer }) => ({
      storage: program.find(`${weight.name}.${turns.part}`, layer),
      key: keyOf(weight.name, layer),
    }));
  return {
    of: (step) => ({ due: (weight) => turns.due(weight, step) }),
    lookBack: async (step) => {
      for (const { storage, key } of taking.filter((one) => turns.due(one.key, step))) {
        const [value = 0] = new Float32Array(await program.read(storage));
        turns.seen(key, step, value);
      }
    },
  };
}
