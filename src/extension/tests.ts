/**
 * The Test Explorer: files, their plans, the techniques of each, and under those the checks that a run has made. Running one
 * runs its plan on the GPU, as the command does.
 */
import * as vscode from 'vscode';
import type { EstimateReply, PlanView, RunEvent } from '../protocol';
import type { Estimates } from './estimates';
import { planFiles } from './plan-files';
import type { Runs } from './runs';

const BYTES = 'bytes';

export function createTests(estimates: Estimates, runs: Runs): vscode.Disposable {
  const controller = vscode.tests.createTestController('memplan', 'Memplan');

  const show = (reply: EstimateReply): void => {
    const uri = vscode.Uri.parse(reply.uri);
    if (reply.plans.length === 0) {
      controller.items.delete(reply.uri);
      return;
    }
    const file =
      controller.items.get(reply.uri) ?? controller.createTestItem(reply.uri, uri.path.split('/').pop() ?? reply.uri, uri);
    controller.items.add(file);
    file.children.replace(reply.plans.map((plan) => planItem(controller, file, uri, plan)));
  };

  const discover = async (): Promise<void> => {
    for (const uri of await planFiles()) {
      if (estimates.get(uri) || controller.items.get(uri.toString())) continue;
      const reply = await estimates.refresh(uri).catch(() => undefined);
      if (reply) show(reply);
    }
  };
  controller.resolveHandler = (item) => (item ? undefined : discover());
  controller.refreshHandler = discover;

  const profile = controller.createRunProfile(
    vscode.l10n.t('Run on GPU'),
    vscode.TestRunProfileKind.Run,
    async (request, token) => {
      const run = controller.createTestRun(request);
      try {
        for (const plan of plansOf(controller, request)) {
          if (token.isCancellationRequested) run.skipped(plan);
          else await runPlan(controller, run, plan, runs, token);
        }
      } finally {
        run.end();
      }
    },
    true,
  );
  const watcher = vscode.workspace.createFileSystemWatcher('**/*.memplan', true, true, false);
  return vscode.Disposable.from(
    controller,
    profile,
    watcher,
    watcher.onDidDelete((uri) => controller.items.delete(uri.toString())),
    estimates.onDidChange(show),
  );
}

/** The item of a plan, and of each technique; what it had under it from a run stays. */
function planItem(controller: vscode.TestController, file: vscode.TestItem, uri: vscode.Uri, view: PlanView): vscode.TestItem {
  const id = `${file.id}#${view.name}`;
  const item = file.children.get(id) ?? controller.createTestItem(id, view.name, uri);
  const { line, column, endLine, endColumn } = view.place;
  item.range = new vscode.Range(line - 1, column - 1, endLine - 1, endColumn - 1);
  // Absent is not undefined here: a plan that was mended has no error any more.
  item.error = view.estimate ? undefined : view.problem;
  const techniques =
    view.estimate?.waterfall.filter(({ slot }) => slot !== 'plain').map(({ label }) => label.replace(/\(.*/, '')) ?? [];
  const wanted = [...new Set([...techniques, BYTES])];
  item.children.replace(wanted.map((name) => childOf(controller, item, name)));
  return item;
}

function childOf(controller: vscode.TestController, parent: vscode.TestItem, name: string): vscode.TestItem {
  const id = `${parent.id}/${name}`;
  const child = parent.children.get(id) ?? controller.createTestItem(id, name, parent.uri);
  child.range = parent.range;
  parent.children.add(child);
  return child;
}

/** The plans that a request means: those named, those of files named, those around a technique that is named. */
function plansOf(controller: vscode.TestController, { include, exclude }: vscode.TestRunRequest): vscode.TestItem[] {
  const excluded = new Set(exclude?.map(({ id }) => id));
  const plans = new Map<string, vscode.TestItem>();
  const visit = (item: vscode.TestItem): void => {
    if (excluded.has(item.id)) return;
    if (!item.id.includes('#')) {
      item.children.forEach((child) => void visit(child));
      return;
    }
    let plan = item;
    while (plan.parent?.id.includes('#')) plan = plan.parent;
    plans.set(plan.id, plan);
  };
  if (include) include.forEach(visit);
  else controller.items.forEach((item) => void visit(item));
  return [...plans.values()];
}

async function runPlan(
  controller: vscode.TestController,
  run: vscode.TestRun,
  plan: vscode.TestItem,
  runs: Runs,
  token: vscode.CancellationToken,
): Promise<void> {
  const { uri } = plan;
  if (!uri) return;
  const name = plan.label;
  const started = Date.now();
  const failed = new Set<vscode.TestItem>();
  const judged = new Set<vscode.TestItem>();
  let said: string | undefined;
  run.started(plan);

  const judge = (technique: string, check: string, passed: boolean, words: string): void => {
    const group = childOf(controller, plan, technique);
    const item = childOf(controller, group, check);
    judged.add(group);
    if (passed) run.passed(item);
    else {
      failed.add(group);
      run.failed(item, new vscode.TestMessage(words));
    }
  };
  const hear = (event: RunEvent): void => {
    if (event.type === 'check') judge(event.technique, event.name, event.passed, checkWords(event));
    if (event.type === 'memory') {
      const { label, predicted, measured } = event;
      judge(BYTES, label, predicted === measured, vscode.l10n.t('{0} bytes were counted, {1} predicted.', measured, predicted));
    }
  };
  const listeners = [
    token.onCancellationRequested(() => runs.cancel(uri)),
    runs.onMessage(({ uri: at, message }) => {
      if (at.toString() !== uri.toString()) return;
      if (message.type === 'run-event') hear(message.event);
      if (message.type === 'run-ended') said = message.message;
    }),
  ];
  try {
    const outcome = await runs.start(uri, name);
    const took = Date.now() - started;
    for (const group of judged) {
      if (failed.has(group)) run.failed(group, new vscode.TestMessage(vscode.l10n.t('A check of {0} failed.', group.label)));
      else run.passed(group);
    }
    // A technique that brings no check of its own is not proved by silence.
    plan.children.forEach((group) => {
      if (!judged.has(group)) run.skipped(group);
    });
    if (outcome === 'passed') run.passed(plan, took);
    else if (outcome === 'failed') run.failed(plan, new vscode.TestMessage(vscode.l10n.t('A check failed.')), took);
    else if (outcome === 'cancelled') run.skipped(plan);
    else run.errored(plan, new vscode.TestMessage(said ?? vscode.l10n.t('The run was not started.')), took);
  } finally {
    for (const listener of listeners) listener.dispose();
  }
}

const checkWords = ({ measured, limit, unit, why }: Extract<RunEvent, { type: 'check' }>): string =>
  vscode.l10n.t('Measured {0}, the limit is {1}: {2}', `${measured}${unit ? ` ${unit}` : ''}`, limit, why);
