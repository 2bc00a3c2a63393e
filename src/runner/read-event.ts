/** A line of the runner is looked at before it is believed: the process runs drivers of others, and lines of theirs may get between. */
import { OP_CLASSES } from '../plan/types';
import type { RunEvent } from '../protocol';

type Check = (value: unknown) => boolean;

const text: Check = (value) => typeof value === 'string';
const truth: Check = (value) => typeof value === 'boolean';
const count: Check = (value) => Number.isSafeInteger(value) && (value as number) >= 0;
/** JSON writes what is no number as null. */
const figure: Check = (value) => typeof value === 'number' || value === null;
const finite: Check = (value) => typeof value === 'number' && Number.isFinite(value);
const oneOf =
  (...words: readonly string[]): Check =>
  (value) =>
    words.includes(value as string);
const isRecord = (value: unknown): value is { [key: string]: unknown } =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const list =
  (check: Check): Check =>
  (value) =>
    Array.isArray(value) && value.every(check);
const record =
  (fields: { [field: string]: Check }): Check =>
  (value) =>
    isRecord(value) && Object.entries(fields).every(([field, check]) => check(value[field]));

const stepBytes = record({ predicted: count, counted: count, buffers: count });
const sizes = ['layers', 'hidden', 'heads', 'kvHeads', 'ffn', 'vocab', 'sequence', 'batch', 'steps', 'seed'];

/** What each event must have; a `?` marks what it may have. */
const EVENTS: { readonly [type in RunEvent['type']]: { readonly [field: string]: Check } } = {
  adapter: { name: text, vendor: text, architecture: text, software: truth, features: list(text) },
  plan: {
    plan: text,
    techniques: list(text),
    scaled: list(record({ technique: text, argument: text, from: finite, to: finite, why: text })),
    unproved: list(record({ technique: text, why: text })),
    proxy: record({ plan: text, ...Object.fromEntries(sizes.map((field) => [field, count])) }),
  },
  progress: { stage: text, done: finite, total: finite },
  check: { technique: text, name: text, measured: figure, limit: figure, passed: truth, 'unit?': text, why: text },
  memory: { label: text, predicted: count, measured: count, 'process?': finite },
  kernels: {
    label: text,
    method: oneOf('timestamps', 'waits'),
    peaks: record({ device: text, flops: finite, bandwidth: finite }),
    kernels: list(record({ name: text, class: oneOf(...OP_CLASSES), calls: finite, seconds: finite, atPeaks: finite })),
  },
  saving: { technique: text, before: stepBytes, after: stepBytes },
  timing: { label: text, step: figure, steps: count },
  loss: { label: text, step: finite, loss: figure },
  error: { code: text, message: text },
  summary: { passed: count, failed: count },
};

/** Longer than any event: a plan's is some kilobytes. */
const LONGEST = 1024 * 1024;

/** The event that a line holds; null where it holds none. */
export function readEvent(line: string): RunEvent | null {
  if (!line.startsWith('{') || line.length > LONGEST) return null;
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return null;
  }
  return eventOf(value);
}

/** The same of a value that is read already, e.g. one that was stored. */
export function eventOf(value: unknown): RunEvent | null {
  if (!isRecord(value) || typeof value.type !== 'string' || !Object.hasOwn(EVENTS, value.type)) return null;
  const event: { [field: string]: unknown } = { type: value.type };
  for (const [written, check] of Object.entries(EVENTS[value.type as RunEvent['type']])) {
    const field = written.replace('?', '');
    const found = value[field];
    if (found === undefined && written !== field) continue;
    if (!check(found)) return null;
    event[field] = found === null ? Number.NaN : found;
  }
  return event as RunEvent;
}
