/** Batches of answers made of a text's: what comes second in each sample is the answer, what comes first its prompt. */
import type { Plan } from '../plan/types';
import type { ObjectiveRule } from '../tape/webgpu/rules';
import { recipeOf } from '../techniques/recipe-of';
import { type Batch, joined, parted, sorted } from './data';
import type { Opened } from './device';
import { withSlots } from './proxy';
import { uniforms } from './random';
import { createTrainer, IGNORED } from './trainer';
import type { WeightSource } from './weights';

/** Share of blanks in English text, and how much it differs from answer to answer. */
const [USUAL, SPREAD] = [0.17, 0.05];
const BLANK = 32;

/** Bytes of one sample: its tokens and the last target. */
const bytesOf = ({ tokens, targets }: Batch, sample: number, batch: number, sequence: number): number[] => [
  ...Array.from({ length: sequence }, (_, position) => tokens[position * batch + sample] as number),
  targets[(sequence - 1) * batch + sample] as number,
];

/** A batch of sequences of one more byte than positions, whose first half is a prompt and has no targets. */
function answersOf(samples: readonly number[][], sequence: number, vocab: number): Batch {
  const batch = samples.length;
  const tokens = new Uint32Array(batch * sequence);
  const targets = new Uint32Array(batch * sequence).fill(IGNORED);
  samples.forEach((bytes, sample) => {
    for (let position = 0; position < sequence; position++) {
      tokens[position * batch + sample] = bytes[position] as number;
      if (position + 1 >= prompt(sequence)) targets[position * batch + sample] = bytes[position + 1] as number;
    }
  });
  return { tokens, targets, ...sorted(tokens, vocab) };
}

const prompt = (sequence: number): number => Math.ceil(sequence / 2);

/** Chosen answers are the text's own, rejected ones the same bytes in another order. */
function pairsOf(batch: Batch, size: number, sequence: number, vocab: number, seed: number): Batch {
  const next = uniforms(seed);
  const chosen = Array.from({ length: size }, (_, sample) => bytesOf(batch, sample, size, sequence));
  const rejected = chosen.map((bytes) => {
    const mixed = bytes.slice();
    for (let at = mixed.length - 1; at > prompt(sequence); at--) {
      const other = prompt(sequence) + Math.floor(next() * (at + 1 - prompt(sequence)));
      [mixed[at], mixed[other]] = [mixed[other] as number, mixed[at] as number];
    }
    return mixed;
  });
  return answersOf([...chosen, ...rejected], sequence, vocab);
}

/** Each sample is an answer whose reward is its share of blanks: advantages are how far that is from the usual one, in spreads. */
function rewardedOf(batch: Batch, size: number, sequence: number, vocab: number): Batch {
  const samples = Array.from({ length: size }, (_, sample) => bytesOf(batch, sample, size, sequence));
  const made = answersOf(samples, sequence, vocab);
  const advantage = samples.map((bytes) => {
    const answer = bytes.slice(prompt(sequence));
    const share = answer.filter((byte) => byte === BLANK).length / answer.length;
    return Math.max(-3, Math.min(3, (share - USUAL) / SPREAD));
  });
  return { ...made, advantages: Float32Array.from(made.tokens, (_, row) => advantage[row % size] as number) };
}

/** A batch of answers for an objective, from one of text; the reference's log-probabilities are still to come. */
export function toAnswers(objective: ObjectiveRule, batch: Batch, plan: Plan, seed: number): Batch {
  const { sequence, model } = plan;
  return joined(
    parted(batch, plan.accumulate).map((part, index) =>
      objective.kind === 'dpo'
        ? pairsOf(part, plan.batch, sequence, model.vocab, seed + 1_000_003 * index)
        : rewardedOf(part, plan.batch, sequence, model.vocab),
    ),
  );
}

export interface Scorer {
  /** The batch with what the reference gives each of its targets; as it is where the reference runs in the step. */
  score(batch: Batch): Promise<Batch>;
  destroy(): void;
}

/** The reference of a plan: its model with given weights, run forward only. */
export async function scorerOf(opened: Opened, plan: Plan, weights: WeightSource, seed: number): Promise<Scorer> {
  const recipe = recipeOf(withSlots(plan, { optimizer: { name: 'none', args: {} }, activations: null }));
  const { objective } = recipe.webgpu;
  if (objective && objective.kind !== 'score' && objective.reference !== 'input')
    return { score: async (batch) => batch, destroy: () => undefined };
  const temperature = objective && objective.kind !== 'dpo' ? objective.temperature : 1;
  const trainer = await createTrainer(
    opened,
    {
      ...recipe,
      webgpu: { ...recipe.webgpu, objective: { kind: 'score', temperature }, forwardOnly: ({ pass, loss }) => pass(loss) },
    },
    weights,
    seed,
  );
  return {
    score: async (batch) => {
      await trainer.step(0, batch, 0);
      const scores = new Float32Array(await trainer.program.read(trainer.program.find('loss')));
      return { ...batch, reference: scores.slice(0, batch.tokens.length) };
    },
    destroy: () => trainer.destroy(),
  };
}
