/** Requests of the panel that try, search and compare plans, and write what was tried. Each is given up when it is cancelled. */
import { type CancellationToken, type Connection, LSPErrorCodes, ResponseError } from 'vscode-languageserver';
import { apart } from '../../src/planner/apart';
import { type Edit, type Floor, fitSteps, type FitProgress as Turn } from '../../src/planner/fit';
import {
  type ChangeParams,
  FIT_PROGRESS,
  FIT_REQUEST,
  type FitChoice,
  type FitEdit,
  type FitProgress,
  type FitReply,
  REWRITE_REQUEST,
  type RewriteReply,
  SWEEPS_REQUEST,
  type SweepsParams,
  type SweepsReply,
  WHAT_IF_REQUEST,
  type WhatIfReply,
} from '../../src/protocol';
import { panelView } from './estimates';
import { breathe, taking } from './schedule';
import { Lines } from './span';
import { sweepSteps } from './sweeps';
import { rewrite, slotsOf, tried, turnsOf } from './what-if';
import type { View, Workspace } from './workspace';

/** Milliseconds between two words on how far a search is. */
const TELL_MS = 80;

const refused = (message: string) => new ResponseError<void>(LSPErrorCodes.RequestFailed, message);
const cancelled = () => new ResponseError<void>(LSPErrorCodes.RequestCancelled, 'cancelled');
const modified = () => new ResponseError<void>(LSPErrorCodes.ContentModified, 'The text has changed');

/** A plan of a file with what it says, or why there is none. */
function found(workspace: Workspace, { uri, plan: name }: { uri: string; plan: string }) {
  const view = workspace.view(uri);
  const plan = view?.analysis.plans.find((one) => one.name === name);
  if (!view || !plan) return refused(`There is no plan \`${name}\` in this file`);
  if (!plan.plan) return refused(plan.problem ?? `Plan \`${name}\` has errors`);
  return { view, plan, data: plan.plan };
}

const edited = ({ change: _, ...edit }: Edit): FitEdit => edit;

const floorOf = ({ peak, categories, edits, beyondHost }: Floor): FitReply['floor'] => ({
  peak,
  categories,
  edits: edits.map(edited),
  ...(beyondHost ? { beyondHost } : {}),
});

export function registerTrials(connection: Connection, workspace: Workspace): void {
  const wanted = (view: View, token: CancellationToken) => () => !token.isCancellationRequested && !workspace.isStale(view);

  connection.onRequest(WHAT_IF_REQUEST, async (params: ChangeParams, token: CancellationToken) => {
    // Lets a cancellation in that came right behind.
    await breathe();
    if (token.isCancellationRequested) return cancelled();
    const at = found(workspace, params);
    if (at instanceof ResponseError) return at;
    const { view, plan, data } = at;
    const trial = tried(data, params.changes);
    const reply: WhatIfReply = {
      uri: params.uri,
      version: view.document.version,
      view: panelView(view.analysis, { ...plan, plan: trial.plan }, workspace.cache, new Lines(view.analysis.text), false),
      turns: turnsOf(data, trial.plan),
      slots: slotsOf(data, trial.plan),
      problems: trial.problems,
    };
    return reply;
  });

  connection.onRequest(REWRITE_REQUEST, (params: ChangeParams): RewriteReply | ResponseError<void> => {
    const at = found(workspace, params);
    if (at instanceof ResponseError) return at;
    const { view, plan, data } = at;
    const trial = tried(data, params.changes);
    const lines = new Lines(view.analysis.text);
    const edits = trial.problems.length > 0 ? [] : rewrite(view.analysis, plan, data, trial.plan);
    return {
      version: view.document.version,
      edits: edits.map(({ span, text }) => ({ place: lines.place(span), text })),
      problems: trial.problems,
    };
  });

  connection.onRequest(SWEEPS_REQUEST, async (params: SweepsParams, token: CancellationToken) => {
    const at = found(workspace, params);
    if (at instanceof ResponseError) return at;
    const { view, plan } = at;
    const others = view.analysis.plans.filter(({ name }) => name !== plan.name && params.others.includes(name));
    const isWanted = wanted(view, token);
    const sweeps = await taking(sweepSteps(view.analysis, plan, others, workspace.cache), isWanted);
    if (!sweeps) return token.isCancellationRequested ? cancelled() : modified();
    const reply: SweepsReply = { uri: params.uri, version: view.document.version, plan: plan.name, sweeps };
    return reply;
  });

  connection.onRequest(FIT_REQUEST, async ({ uri, plan: name }: { uri: string; plan: string }, token: CancellationToken) => {
    const at = found(workspace, { uri, plan: name });
    if (at instanceof ResponseError) return at;
    const { view, data } = at;
    const made = workspace.cache.get(data);
    if ('failure' in made) return refused(`It cannot be estimated: ${made.failure}`);
    let last = performance.now();
    const tell = ({ done, total }: Turn): void => {
      if (performance.now() - last < TELL_MS) return;
      last = performance.now();
      const progress: FitProgress = { uri, plan: name, done, total };
      void connection.sendNotification(FIT_PROGRESS, progress);
    };
    const isWanted = wanted(view, token);
    const fits = await taking(
      workspace.cache.answer({ fit: data }, () => fitSteps(data)),
      isWanted,
      tell,
    );
    if (!fits) return token.isCancellationRequested ? cancelled() : modified();
    const { estimate } = made;
    const told = apart(fits.points);
    const reply: FitReply = {
      uri,
      version: view.document.version,
      plan: name,
      usable: estimate.usable,
      now: { device: estimate.peak.device, time: estimate.time.step },
      points: fits.points.map((point): FitChoice => {
        const { edits, exact } = point;
        const { peak, time } = point.estimate;
        const changes = edits.map(({ change }) => change);
        return { device: peak.device, time: time.step, exact, changes, edits: edits.map(edited), near: !told.includes(point) };
      }),
      considered: fits.considered,
      floor: fits.floor && floorOf(fits.floor),
    };
    return reply;
  });
}
