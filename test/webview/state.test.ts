import { expect, test } from 'vitest';
import type { ToWebview } from '../../src/protocol';
import { current, initial, phase, reduce, running, type State, stale } from '../../webview/state';
import { broken, empty, events, reply, uri } from './canned';

const after = (...messages: ToWebview[]): State => messages.reduce(reduce, initial);
const plans = (changes: Partial<typeof reply> = {}, selected: string | null = 'longform'): ToWebview => ({
  type: 'plans',
  reply: { ...reply, ...changes },
  selected,
});
const started: ToWebview = { type: 'run-started', plan: 'longform', uri, version: 3 };
const ended = (outcome: 'passed' | 'failed' | 'cancelled' | 'error'): ToWebview => ({
  type: 'run-ended',
  plan: 'longform',
  outcome,
});

test('an estimate of an older text never replaces that of a newer one', () => {
  const state = after(plans({ version: 7 }), plans({ version: 6, plans: [] }));
  expect(state.reply?.version).toBe(7);
  expect(state.reply?.plans).toHaveLength(3);
});

test('another file may begin with a lower version', () => {
  expect(after(plans({ version: 7 }), plans({ uri: 'file:///b.memplan', version: 1 })).reply?.version).toBe(1);
});

test('the plan on show survives an edit, and gives way when it is gone', () => {
  expect(after(plans(), plans({ version: 4 }, null)).selected).toBe('longform');
  expect(after(plans(), plans({ version: 4, plans: reply.plans.slice(0, 1) }, null)).selected).toBe('full');
});

test('states of the page', () => {
  expect(phase(initial)).toBe('estimating');
  expect(phase(after(plans()))).toBe('rendered');
  expect(phase(after(plans(), { type: 'estimating', version: 4 }))).toBe('estimating');
  expect(phase(after({ type: 'plans', reply: empty, selected: null }))).toBe('empty');
  expect(phase(after({ type: 'plans', reply: { ...empty, errors: 1 }, selected: null }))).toBe('error');
  expect(phase(after({ type: 'plans', reply: broken, selected: 'full' }))).toBe('error');
  expect(phase(after({ type: 'plans', reply: broken, selected: 'longform' }))).toBe('rendered');
  expect(phase(after({ type: 'problem', message: 'The server stopped.' }))).toBe('error');
  expect(phase(after(plans(), started))).toBe('running');
  expect(phase(after(plans(), started, ended('cancelled')))).toBe('rendered');
});

test('a run gathers what it reports and ends once', () => {
  const state = after(
    plans(),
    started,
    ...events.map((event): ToWebview => ({ type: 'run-event', plan: 'longform', event })),
    ended('failed'),
  );
  expect(running(state)).toBe(false);
  expect(state.run).toMatchObject({ outcome: 'failed', summary: { passed: 3, failed: 1 } });
  expect(state.run?.checks).toHaveLength(4);
  expect(state.run?.loss).toHaveLength(42);
});

test('events of another plan’s run are not mixed in', () => {
  const state = after(plans(), started, { type: 'run-event', plan: 'full', event: { type: 'summary', passed: 1, failed: 0 } });
  expect(state.run?.summary).toBeNull();
});

test('a result is stale once the file changed after the run began', () => {
  expect(stale(after(plans(), started))).toBe(false);
  expect(stale(after(plans(), started, ended('passed'), plans({ version: 4 })))).toBe(true);
});

test('with a fingerprint, a result is stale only once its own plan changed', () => {
  const marked = (fingerprint: string, version = 3): ToWebview =>
    plans({ version, plans: reply.plans.map((plan) => (plan.name === 'longform' ? { ...plan, fingerprint } : plan)) });
  const ran = { ...started, fingerprint: 'a' } as ToWebview;
  expect(stale(after(marked('a'), ran, ended('passed'), marked('a', 9)))).toBe(false);
  expect(stale(after(marked('a'), ran, ended('passed'), marked('b', 9)))).toBe(true);
  // As after a reload of the window: the run comes back before the file's first estimate.
  expect(stale(after(ran, ended('passed'), marked('a', 1)))).toBe(false);
  expect(stale(after(ran, ended('passed'), marked('b', 1)))).toBe(true);
});

test('choosing a plan changes what is on show', () => {
  expect(current(after(plans(), { type: 'select', plan: 'adapter' }))?.name).toBe('adapter');
});

test('while a plan has errors its last picture stays; another plan’s never stands in for it', () => {
  const whole = after(plans({}, 'full'));
  const broke = reduce(whole, { type: 'plans', reply: broken, selected: 'full' });
  expect(broke.drawn?.version).toBe(3);
  expect(phase(broke)).toBe('error');
  expect(after(plans({}, 'longform'), { type: 'plans', reply: broken, selected: 'full' }).drawn).toBeNull();
  expect(after({ type: 'plans', reply: broken, selected: 'full' }).drawn).toBeNull();
});
