/**
 * The border of the page: nothing that comes in is believed before it was looked at.
 * Checks go as deep as the page reads, so that a malformed message is dropped and never breaks a picture.
 */
import { type Category, type Change, type RunEvent, type Timeline, type ToWebview, VIEWS, type View } from '../src/protocol';
import { STACK } from './layout/waterfall';

type Fields = Record<string, unknown>;
type Guard = (value: unknown) => boolean;

const object = (value: unknown): value is Fields => typeof value === 'object' && value !== null && !Array.isArray(value);
const text: Guard = (value) => typeof value === 'string';
const finite: Guard = (value) => typeof value === 'number' && Number.isFinite(value);
/** JSON has no NaN: a measurement that failed may arrive as null. */
const measure: Guard = (value) => value === null || typeof value === 'number';
const size: Guard = (value) => finite(value) && (value as number) >= 0;
const truth: Guard = (value) => typeof value === 'boolean';
const optional =
  (guard: Guard): Guard =>
  (value) =>
    value === undefined || guard(value);
const nullable =
  (guard: Guard): Guard =>
  (value) =>
    value === null || guard(value);
const list =
  (guard: Guard): Guard =>
  (value) =>
    Array.isArray(value) && value.every(guard);
const typed =
  (kind: typeof Uint32Array | typeof Int32Array | typeof Uint8Array | typeof Float64Array): Guard =>
  (value) =>
    value instanceof kind;
const record =
  (shape: { [field: string]: Guard }): Guard =>
  (value) =>
    object(value) && Object.entries(shape).every(([field, guard]) => guard(value[field]));

const place = record({ line: size, column: size, endLine: size, endColumn: size });
const categories = record(Object.fromEntries(STACK.map((category: Category) => [category, size])));
const moment = record({ phase: text, op: text, layer: optional(finite) });
const estimate = record({
  name: text,
  model: text,
  device: text,
  capacity: size,
  usable: finite,
  peak: record({
    allocated: size,
    reserved: size,
    device: size,
    range: (value) => list(size)(value) && (value as number[]).length === 2,
  }),
  fits: truth,
  fit: (value) => value === 'fits' || value === 'tight' || value === 'exceeds',
  peakAt: moment,
  instants: list(record({ phase: text, allocated: size })),
  categories,
  waterfall: list(record({ label: text, slot: text, before: size, after: size, categories, time: finite })),
  time: record({ step: finite, tokensPerSecond: finite, calibrated: optional(record({ adapter: text, software: truth })) }),
  parameters: record({ total: size, trainable: size }),
  cards: optional(record({ count: size, peaks: text, sent: size })),
  ranks: optional(list(record({ name: text, count: size, peak: size, peakAt: moment, categories }))),
  host: optional(record({ cpu: size, nvme: size, moved: size, drive: optional(size) })),
});
const reason = record({
  formula: text,
  cost: text,
  source: text,
  changes: list(record({ category: text, name: text, before: text, after: text, bytes: finite })),
});
const line = record({ category: text, name: text, shape: list(finite), dtype: text, count: finite, bytes: size, source: text });
const plan = record({
  reasons: optional(list(reason)),
  ledger: optional(record({ lines: list(line), holds: list(text) })),
  name: text,
  place,
  estimate: optional(estimate),
  problem: optional(text),
  fingerprint: optional(text),
  places: list(nullable(place)),
});
const use: Guard = (value) => record({ name: text, args: object })(value);
const reply = record({ uri: text, version: finite, plans: list(plan), errors: size });
const proxy = record({ layers: finite, hidden: finite, sequence: finite, batch: finite, steps: finite });

const stepBytes = record({ predicted: size, counted: size, buffers: size });

const events: { [type in RunEvent['type']]: Guard } = {
  adapter: record({ name: text, vendor: text, architecture: text, software: truth }),
  plan: record({
    plan: text,
    techniques: list(text),
    scaled: list(record({ technique: text, argument: text, from: finite, to: finite, why: text })),
    unproved: list(record({ technique: text, why: text })),
    proxy,
  }),
  progress: record({ stage: text, done: size, total: size }),
  check: record({
    technique: text,
    name: text,
    measured: measure,
    limit: measure,
    passed: truth,
    unit: optional(text),
    why: text,
  }),
  memory: record({ label: text, predicted: size, measured: size, process: optional(size) }),
  saving: record({ technique: text, before: stepBytes, after: stepBytes }),
  timing: record({ label: text, step: size, steps: size }),
  kernels: record({
    label: text,
    method: (value) => value === 'timestamps' || value === 'waits',
    peaks: record({ device: text, flops: size, bandwidth: size }),
    kernels: list(record({ name: text, class: text, calls: size, seconds: size, atPeaks: size })),
  }),
  loss: record({ label: text, step: size, loss: finite }),
  error: record({ code: text, message: text }),
  summary: record({ passed: size, failed: size }),
};
const event: Guard = (value) => object(value) && typeof value.type === 'string' && (lookup(events, value.type)?.(value) ?? false);

const timeline: Guard = (value) => {
  const columns = record({
    kinds: list(record({ category: (one) => STACK.includes(one as Category), name: text })),
    ops: list(text),
    op: typed(Uint32Array),
    layer: typed(Int32Array),
    phase: typed(Uint8Array),
    starts: typed(Uint32Array),
    kind: typed(Uint32Array),
    bytes: typed(Float64Array),
  });
  if (!columns(value)) return false;
  const { kinds, op, layer, phase, starts, kind, bytes } = value as Timeline;
  return (
    layer.length === op.length &&
    phase.length === op.length &&
    starts.length === op.length + 1 &&
    starts.every((start, point) => start >= (starts[point - 1] ?? 0)) &&
    starts[op.length] === kind.length &&
    bytes.length === kind.length &&
    kind.every((one) => one < kinds.length) &&
    bytes.every(Number.isFinite)
  );
};

const changes: { [kind in Change['kind']]: Guard } = {
  number: record({ path: text, value: finite }),
  technique: record({ slot: text, use }),
  list: record({ slot: text, uses: list(use) }),
};
const change: Guard = (value) =>
  object(value) && (Object.entries(changes).find(([kind]) => kind === value.kind)?.[1](value) ?? false);
const whatIf = record({
  uri: text,
  version: finite,
  view: plan,
  turns: list(
    record({ path: text, value: finite, written: nullable(finite), min: finite, max: finite, tokens: truth, usual: truth }),
  ),
  slots: list(record({ slot: text, value: text, written: text, options: list(record({ name: text, use })) })),
  problems: list(text),
});
const sweeps = record({
  uri: text,
  version: finite,
  plan: text,
  sweeps: list(
    record({
      path: text,
      unit: optional(text),
      place: nullable(place),
      curves: list(
        record({
          plan: text,
          usable: finite,
          points: list(record({ value: finite, device: size, fits: truth })),
          crossing: nullable(record({ value: finite, device: size })),
        }),
      ),
    }),
  ),
});
const edit = record({ slot: text, from: nullable(text), to: text, exact: truth, bytes: finite, seconds: finite });
const fit = record({
  uri: text,
  version: finite,
  plan: text,
  usable: finite,
  now: record({ device: size, time: finite }),
  points: list(record({ device: size, time: finite, exact: truth, changes: list(change), edits: list(edit), near: truth })),
  considered: size,
  floor: nullable(record({ peak: size, categories, edits: list(edit), beyondHost: optional(record({ peak: size, cpu: size })) })),
});
const QUESTIONS = ['what-if', 'sweeps', 'fit', 'apply'];

const messages: { [type in ToWebview['type']]: Guard } = {
  estimating: record({ version: finite }),
  plans: record({ reply, selected: nullable(text) }),
  select: record({ plan: text }),
  cursor: record({ line: nullable(size) }),
  'run-started': record({ plan: text, uri: text, version: optional(finite), fingerprint: optional(text) }),
  'run-event': record({ plan: text, event }),
  'run-ended': record({
    plan: text,
    outcome: (value) => ['passed', 'failed', 'cancelled', 'error'].includes(value as string),
    message: optional(text),
  }),
  view: record({ view: (value) => VIEWS.includes(value as View) }),
  timeline: record({ plan: text, version: finite, timeline }),
  'what-if': record({ plan: text, id: finite, reply: whatIf }),
  sweeps: record({ reply: sweeps }),
  'fit-wanted': record({ plan: text }),
  'fit-progress': record({ plan: text, done: size, total: size }),
  fit: record({ reply: fit }),
  unanswered: record({ plan: text, question: (value) => QUESTIONS.includes(value as string), message: text }),
  applied: record({ plan: text }),
  hello: record({}),
  problem: record({ message: text, restart: optional(truth) }),
};

function lookup<T extends string>(table: { [type in T]: Guard }, type: string): Guard | undefined {
  return Object.hasOwn(table, type) ? table[type as T] : undefined;
}

/** The message, or null where `value` is none. */
export function readMessage(value: unknown): ToWebview | null {
  if (!object(value) || typeof value.type !== 'string') return null;
  return lookup(messages, value.type)?.(value) ? (value as ToWebview) : null;
}
