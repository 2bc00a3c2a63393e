/** One request from its start to its summary. */
import { readFile, stat } from 'node:fs/promises';
import { basename } from 'node:path';
import shipped from '../../media/examples/corpus.txt';
import type { Plan, TechniqueSlot } from '../plan/types';
import { TECHNIQUE_SLOTS } from '../plan/types';
import type { RunRequest, VerifyRequest } from '../protocol';
import { verifyCase } from '../techniques/galore/trajectories';
import { readTrajectories, TrajectoryError } from '../techniques/galore/trajectory-file';
import { equalsOneBatch } from './checks/accumulate';
import type { CheckContext, Emit } from './checks/context';
import { equalsReference } from './checks/gradients';
import { checkOf } from './checks/registry';
import { batchAt, checkText } from './data';
import { type Opened, openDevice } from './device';
import { RunnerError } from './errors';
import { freezes } from './learning';
import { type ProxyRun, proxyOf, withSlots } from './proxy';
import { tellSavings } from './savings';
import { train } from './training';
import { initialWeights } from './weights';

/** Largest text that is read whole. */
const MOST_BYTES = 2 ** 28;

/** Answers a request; returns the exit status: 0 all passed, 1 a verification failed. Throws `RunnerError` where it cannot run. */
export async function answer(request: RunRequest | VerifyRequest, send: Emit, alive: () => void): Promise<0 | 1> {
  const verdicts = { passed: 0, failed: 0 };
  const emit: Emit = (event) => {
    if (event.type === 'check') verdicts[event.passed ? 'passed' : 'failed'] += 1;
    send(event);
  };
  // What needs no device is refused before one is opened.
  const prepared = request.type === 'run' ? await prepareRun(request) : readCases(request);
  const opened = await openDevice(request.adapter);
  const { name, vendor, architecture, software, features } = opened;
  emit({ type: 'adapter', name, vendor, architecture, software, features });
  try {
    // A device that goes ends what waits for it, whatever that is.
    if ('proxy' in prepared) await Promise.race([runPlan(opened, prepared, emit, alive), opened.lost]);
    else
      for (const [index, recorded] of prepared.cases.entries()) {
        alive();
        await Promise.race([verifyCase(opened, recorded, emit), opened.lost]);
        emit({ type: 'progress', stage: 'replaying trajectories', done: index + 1, total: prepared.cases.length });
      }
  } finally {
    opened.device.destroy();
  }
  send({ type: 'summary', ...verdicts });
  return verdicts.failed > 0 ? 1 : 0;
}

interface PreparedRun {
  proxy: ProxyRun;
  text: Uint8Array;
}

async function prepareRun({ plan, run }: RunRequest): Promise<PreparedRun> {
  const proxy = proxyOf(plan, run);
  const text = run.data === undefined ? new TextEncoder().encode(shipped) : await readText(run.data);
  checkText(text, run.data === undefined ? 'the text that ships' : basename(run.data), run.sequence, run.vocab);
  return { proxy, text };
}

async function readText(path: string): Promise<Uint8Array> {
  const name = basename(path);
  try {
    const found = await stat(path);
    if (!found.isFile()) throw new RunnerError('data', `${name} is no file: data should name a text.`);
    if (found.size > MOST_BYTES)
      throw new RunnerError('data', `${name} has ${found.size} bytes; ${MOST_BYTES} are read at most.`);
    return new Uint8Array(await readFile(path));
  } catch (error) {
    if (error instanceof RunnerError) throw error;
    const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    throw new RunnerError(
      'data',
      missing ? `The data file ${path} does not exist.` : `The data file ${path} cannot be read: ${(error as Error).message}.`,
    );
  }
}

function readCases({ cases }: VerifyRequest) {
  try {
    return { cases: readTrajectories(cases) };
  } catch (error) {
    if (error instanceof TrajectoryError) throw new RunnerError('file', error.message);
    throw error;
  }
}

async function runPlan(opened: Opened, { proxy, text }: PreparedRun, emit: Emit, alive: () => void): Promise<void> {
  const { plan, plain, settings, event } = proxy;
  const { seed, steps } = settings;
  emit(event);
  const initial = initialWeights(plan.model, seed);
  const batch = batchAt(text, 0, seed, plan.batch, plan.sequence, plan.model.vocab, plan.accumulate);
  const shared: CheckContext['shared'] = new Map();
  const contextFor = (slot: TechniqueSlot, technique: string): CheckContext => ({
    opened,
    // What is trained on answers is checked on text, but for the loss over answers itself; what is kept in 16 bits is checked by itself.
    plan: withSlots(plan, slot === 'loss' ? { precision: null } : { loss: null, precision: null }),
    slot,
    use: plan.slots[slot] ?? { name: technique, args: {} },
    seed,
    batch,
    weights: initial,
    shared,
    report: (check) => emit({ type: 'check', technique, ...check }),
  });
  const checks = proved(plan);
  const total = checks.length + 1;
  emit({ type: 'progress', stage: 'checking the engine', done: 0, total });
  alive();
  const engine = contextFor('backward', 'engine');
  await equalsReference({ ...engine, plan: plain }, {});
  if (plan.accumulate > 1) await equalsOneBatch({ ...contextFor('backward', 'accumulate'), plan: plain });
  for (const [index, { slot, name }] of checks.entries()) {
    alive();
    emit({ type: 'progress', stage: `checking ${name}`, done: index + 1, total });
    await checkOf(slot, name)?.(contextFor(slot, name));
  }
  const common = { opened, text, steps, seed, emit, alive };
  const base = await train({ ...common, plan: plain, label: 'plain', weights: initial, learningRate: proxy.plainLearningRate });
  if (Object.keys(plan.slots).every((slot) => slot === 'engine')) return;
  // A plan that freezes its weights starts from what the plain run learned, as it would from a trained model.
  const training = {
    ...common,
    plan,
    label: plan.name,
    weights: freezes(plan) ? base.weights : initial,
    learningRate: proxy.learningRate,
  };
  const { bytes } = await train(training);
  await tellSavings(training, base.bytes, bytes);
}

/** The plan's techniques that have checks of their own. */
function proved(plan: Plan): { slot: TechniqueSlot; name: string }[] {
  return TECHNIQUE_SLOTS.flatMap((slot) => {
    const name = plan.slots[slot]?.name;
    return name && checkOf(slot, name) ? [{ slot, name }] : [];
  });
}
