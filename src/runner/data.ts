/** Batches of bytes of a text: every byte is a token, and the target is the byte that follows. */
import { RunnerError } from './errors';
import { hashText, uniforms } from './random';

/** Rows are position-major: row = position · batch + sample. */
export interface Batch {
  tokens: Uint32Array<ArrayBuffer>;
  targets: Uint32Array<ArrayBuffer>;
  /** Rows sorted by token, and where each word's rows begin. */
  order: Uint32Array<ArrayBuffer>;
  starts: Uint32Array<ArrayBuffer>;
  /** Of a batch of answers: what the reference gives each row's target, and each row's advantage. */
  reference?: Float32Array<ArrayBuffer>;
  advantages?: Float32Array<ArrayBuffer>;
}

/** Refuses what cannot be trained on, in words. */
export function checkText(bytes: Uint8Array, name: string, sequence: number, vocab: number): void {
  if (vocab < 256) throw new RunnerError('vocab', `vocab ${vocab} cannot hold the 256 values of a byte: use vocab 256 or more.`);
  if (bytes.length === 0) throw new RunnerError('data', `${name} is empty: there is nothing to train on.`);
  if (bytes.length < 2 * sequence)
    throw new RunnerError('data', `${name} has ${bytes.length} bytes; a sequence of ${sequence} needs at least ${2 * sequence}.`);
  const sample = bytes.subarray(0, 65_536);
  const control = sample.reduce((count, byte) => count + (byte === 0 || (byte < 9 && byte > 0) ? 1 : 0), 0);
  if (control > sample.length / 100) throw new RunnerError('data', `${name} looks like a binary file, not a text.`);
}

/**
 * The batch of one step, its micro-batches one after another. Steps count from 0; step −1 is the one that losses are compared
 * on, from the last tenth of the text.
 */
export function batchAt(
  bytes: Uint8Array,
  step: number,
  seed: number,
  batch: number,
  sequence: number,
  vocab: number,
  microBatches = 1,
): Batch {
  const parts = Array.from({ length: microBatches }, (_, micro) =>
    microBatchAt(bytes, step, hashText(`${seed} batch ${step}${micro === 0 ? '' : ` ${micro}`}`), batch, sequence, vocab),
  );
  return joined(parts);
}

const PARTS = ['tokens', 'targets', 'order', 'starts', 'reference', 'advantages'] as const;

/** Batches one after another, as a step of several micro-batches takes them. */
export function joined(parts: readonly Batch[]): Batch {
  const [first] = parts;
  if (!first) throw new Error('data: no batch');
  if (parts.length === 1) return first;
  const whole: Batch = { ...first };
  for (const name of PARTS) {
    const length = first[name]?.length;
    if (length === undefined) continue;
    const all =
      name === 'reference' || name === 'advantages'
        ? new Float32Array(length * parts.length)
        : new Uint32Array(length * parts.length);
    for (const [index, part] of parts.entries()) all.set(part[name] as typeof all, index * length);
    Object.assign(whole, { [name]: all });
  }
  return whole;
}

/** The batches that `joined` made one of. */
export const parted = (batch: Batch, count: number): Batch[] =>
  Array.from({ length: count }, (_, index) => {
    const part: Batch = { ...batch };
    for (const name of PARTS) {
      const all = batch[name];
      if (all) Object.assign(part, { [name]: all.slice((index * all.length) / count, ((index + 1) * all.length) / count) });
    }
    return part;
  });

function microBatchAt(bytes: Uint8Array, step: number, seed: number, batch: number, sequence: number, vocab: number): Batch {
  const heldOut = Math.max(sequence + 1, Math.floor(bytes.length / 10));
  const training = Math.max(sequence + 1, bytes.length - heldOut);
  const [from, length] = step < 0 ? [bytes.length - heldOut, heldOut] : [0, training];
  const next = uniforms(seed);
  const tokens = new Uint32Array(batch * sequence);
  const targets = new Uint32Array(batch * sequence);
  for (let sample = 0; sample < batch; sample++) {
    const start = from + Math.floor(next() * (length - sequence));
    for (let position = 0; position < sequence; position++) {
      tokens[position * batch + sample] = bytes[start + position] as number;
      targets[position * batch + sample] = bytes[start + position + 1] as number;
    }
  }
  return { tokens, targets, ...sorted(tokens, vocab) };
}

/** Rows in order of their token (a counting sort). */
export function sorted(tokens: Uint32Array, vocab: number): Pick<Batch, 'order' | 'starts'> {
  const starts = new Uint32Array(vocab + 1);
  for (const token of tokens) starts[token + 1] = (starts[token + 1] as number) + 1;
  for (let word = 0; word < vocab; word++) starts[word + 1] = (starts[word + 1] as number) + (starts[word] as number);
  const next = starts.slice();
  const order = new Uint32Array(tokens.length);
  tokens.forEach((token, row) => {
    const at = next[token] as number;
    order[at] = row;
    next[token] = at + 1;
  });
  return { order, starts };
}
