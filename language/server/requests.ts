/** Requests of the extension for what a file says: its plans with their estimates, and a plan that is to run. */
import { type CancellationToken, type Connection, LSPErrorCodes, ResponseError } from 'vscode-languageserver';
import { heaviest } from '../../src/planner/ranks';
import { changesOf } from '../../src/planner/timeline';
import {
  ESTIMATE_REQUEST,
  type EstimateParams,
  type EstimateReply,
  RUN_REQUEST,
  type RunRequestParams,
  type RunRequestReply,
} from '../../src/protocol';
import { panelView } from './estimates';
import { fingerprintOf } from './fingerprint';
import { breathe, TURN_MS } from './schedule';
import { Lines } from './span';
import { verdictsOn } from './verdicts';
import type { View, Workspace } from './workspace';

/** Seconds until a run is given up. */
const RUN_TIMEOUT = 600;

export function registerRequests(connection: Connection, workspace: Workspace): void {
  connection.onRequest(ESTIMATE_REQUEST, async (params: EstimateParams, token: CancellationToken) => {
    for (;;) {
      const view = workspace.view(params.uri);
      if (!view)
        return new ResponseError(LSPErrorCodes.RequestFailed, 'There is no such file, or it lies outside what may be read');
      const reply = await estimated(workspace, view, params, token);
      if (token.isCancellationRequested) return new ResponseError(LSPErrorCodes.RequestCancelled, 'cancelled');
      if (reply) return reply;
    }
  });

  connection.onRequest(RUN_REQUEST, ({ uri, plan: name }: RunRequestParams): RunRequestReply => {
    const found = workspace.view(uri)?.analysis.plans.find((plan) => plan.name === name);
    if (!found) return { ok: false, message: `There is no plan \`${name}\` in this file` };
    const { plan, run, problem } = found;
    if (!plan) return { ok: false, message: `Plan \`${name}\` cannot run: ${problem ?? 'it has errors'}` };
    if (!run) return { ok: false, message: `The \`run\` block of plan \`${name}\` has errors` };
    return {
      ok: true,
      request: { type: 'run', plan, run, adapter: 'auto', timeout: RUN_TIMEOUT },
      fingerprint: fingerprintOf(found),
    };
  });
}

/** Undefined where an edit came in between: what was estimated is no longer what is written. */
async function estimated(
  workspace: Workspace,
  view: View,
  { uri, plan: only, timeline = false, explain = true }: EstimateParams,
  token: CancellationToken,
): Promise<EstimateReply | undefined> {
  const { analysis, document } = view;
  const lines = new Lines(analysis.text);
  let began = performance.now();
  const reply: EstimateReply = { uri, version: document.version, plans: [], errors: 0 };
  for (const plan of analysis.plans) {
    if (only !== undefined && plan.name !== only) continue;
    // Each breath lets a stretch of a search in: not more of them than keystrokes need.
    if (performance.now() - began > TURN_MS) {
      await breathe();
      began = performance.now();
    }
    if (token.isCancellationRequested || workspace.isStale(view)) return undefined;
    const shown = panelView(analysis, plan, workspace.cache, lines);
    const known = shown.estimate && plan.plan;
    reply.plans.push({
      ...shown,
      ...(known && explain ? workspace.cache.explained(known) : {}),
      ...(known && timeline ? { timeline: changesOf(heaviest(known).whole()) } : {}),
    });
  }
  const problems = [...analysis.problems, ...analysis.plans.flatMap((plan) => verdictsOn(analysis, plan, workspace.cache))];
  return { ...reply, errors: problems.filter(({ severity }) => severity === 'error').length };
}
