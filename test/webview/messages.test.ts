import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { waysOf } from '../../src/planner/ways';
import { readMessage } from '../../webview/messages';
import { card, plan } from '../tape/plans';
import { broken, empty, events, fit, reply, timeline, uri } from './canned';

describe('what the extension sends is let in', () => {
  test.each([
    { type: 'plans', reply, selected: 'full' },
    { type: 'plans', reply: broken, selected: null },
    { type: 'plans', reply: empty, selected: null },
    { type: 'estimating', version: 2 },
    { type: 'select', plan: 'full' },
    { type: 'cursor', line: null },
    { type: 'cursor', line: 12 },
    { type: 'run-started', plan: 'full', uri },
    { type: 'run-ended', plan: 'full', outcome: 'error', message: 'No adapter.' },
    { type: 'view', view: 'timeline' },
    { type: 'timeline', plan: 'full', version: 3, timeline },
    { type: 'problem', message: 'The server stopped.' },
    ...events.map((event) => ({ type: 'run-event', plan: 'full', event })),
  ])('$type', (message) => expect(readMessage(message)).toEqual(message));
});

test('every way to fit that the planner knows is let in', () => {
  const cards = plan({}, { device: card, lists: { parallel: [{ name: 'data', args: { n: 4 } }] } });
  const [point] = fit.points;
  const slots = ['optimizer', 'backward', 'loss', 'offload', 'parallel'] as const;
  const points = slots.flatMap((slot) => waysOf(cards, slot)).map((changes) => ({ ...point, changes }));
  expect(new Set(points.flatMap(({ changes }) => changes.map(({ kind }) => kind)))).toEqual(
    new Set(['technique', 'list', 'number']),
  );
  const message = { type: 'fit', reply: { ...fit, points } };
  expect(readMessage(message)).toEqual(message);
});

test('anything else is dropped without an exception', () => {
  const anything = fc.property(fc.anything({ withNullPrototype: true }), (value) => {
    expect(readMessage(value)).toBeNull();
  });
  fc.assert(anything, { numRuns: 2000 });
  for (const type of ['constructor', '__proto__', 'toString', 'hasOwnProperty']) expect(readMessage({ type })).toBeNull();
});

/** Every path to a leaf of `value`. */
function leaves(value: unknown, path: string[] = []): string[][] {
  if (typeof value !== 'object' || value === null) return [path];
  return Object.entries(value).flatMap(([key, child]) => leaves(child, [...path, key]));
}

function corrupt(value: unknown, path: string[], by: unknown): unknown {
  const copy = structuredClone(value) as Record<string, unknown>;
  let at = copy;
  for (const key of path.slice(0, -1)) at = at[key] as Record<string, unknown>;
  at[path[path.length - 1] as string] = by;
  return copy;
}

test('a reply with a wrong leaf that the page draws is refused', () => {
  const message = { type: 'plans', reply, selected: 'full' };
  // The page does not read these: their type is the server's own affair.
  const unread = /(^|\.)(line|slot|peakAt|phase|each|op)(\.|$)|waterfall\.\d+\.peakAt/;
  const paths = leaves(message).filter((path) => !unread.test(path.join('.')));
  for (const path of paths) expect(readMessage(corrupt(message, path, { not: 'this' })), path.join('.')).toBeNull();
  expect(paths.length).toBeGreaterThan(100);
});

test('sizes that are negative, infinite or no numbers are refused', () => {
  for (const bad of [-1, Number.POSITIVE_INFINITY, Number.NaN, '5']) {
    expect(
      readMessage(corrupt({ type: 'plans', reply, selected: null }, ['reply', 'plans', '0', 'estimate', 'capacity'], bad)),
    ).toBeNull();
  }
});

test('a timeline whose columns do not fit one another is refused', () => {
  const message = { type: 'timeline', plan: 'full', version: 3, timeline };
  const { starts, kind, bytes } = timeline;
  for (const wrong of [
    { bytes: new Float64Array(5) },
    { op: [1, 2] },
    { layer: new Int32Array(1) },
    { ops: [7] },
    { kinds: [{ category: 'none', name: 'x' }] },
    { starts: starts.toReversed() },
    { starts: starts.with(-1, 5) },
    { kind: kind.with(3, timeline.kinds.length) },
    { bytes: bytes.with(3, Number.NaN) },
  ])
    expect(readMessage({ ...message, timeline: { ...timeline, ...wrong } })).toBeNull();
});
