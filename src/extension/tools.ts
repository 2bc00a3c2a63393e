/** Tools for an assistant in the editor: it answers with the numbers of the planner. They read and change nothing. */
import * as vscode from 'vscode';
import { ESTIMATE_REQUEST, type EstimateReply, FIT_REQUEST, type FitReply, type PlanView } from '../protocol';
import { type ToolInput, toolInput } from './tool-input';
import type { Send } from './trials';

type Answer = (uri: vscode.Uri, plan: PlanView) => unknown;

export function createTools(send: Send): vscode.Disposable {
  const tool = (name: string, words: string, answer: (token: vscode.CancellationToken) => Answer): vscode.Disposable =>
    vscode.lm.registerTool<ToolInput>(name, {
      prepareInvocation: () => ({ invocationMessage: words }),
      async invoke({ input }, token) {
        const asked = toolInput(input);
        const uri = await documentOf(asked);
        const reply = await send<EstimateReply>(ESTIMATE_REQUEST, { uri: uri.toString() }, token);
        const plans = reply.plans.filter(({ name: one }) => asked.plan === undefined || one === asked.plan);
        if (plans.length === 0) {
          const names = reply.plans.map((plan) => plan.name).join(', ');
          throw new Error(
            asked.plan === undefined ? 'The file has no plan.' : `There is no plan ${asked.plan}; there are: ${names}.`,
          );
        }
        const answers = [];
        for (const plan of plans) {
          answers.push(
            plan.estimate ? await answer(token)(uri, plan) : { plan: plan.name, problem: plan.problem ?? 'It has errors.' },
          );
        }
        return new vscode.LanguageModelToolResult([
          new vscode.LanguageModelTextPart(JSON.stringify({ unit: 'bytes', plans: answers })),
        ]);
      },
    });

  return vscode.Disposable.from(
    tool('memplan_estimate', vscode.l10n.t('Estimating the plan'), () => (_, { name, estimate }) => {
      if (!estimate) return undefined;
      const { model, device, peak, usable, fits, peakAt, categories, waterfall, time } = estimate;
      return { plan: name, model, device, peak, usable, fits, peakAt, categories, waterfall, time };
    }),
    tool('memplan_fit', vscode.l10n.t('Looking for ways to make the plan fit'), (token) => async (uri, { name }) => {
      const found = await send<FitReply>(FIT_REQUEST, { uri: uri.toString(), plan: name }, token);
      const { usable, now, points, considered, floor } = found;
      return { plan: name, usable, now, considered, floor, points: points.map(({ changes: _, ...point }) => point) };
    }),
    tool(
      'memplan_explain',
      vscode.l10n.t('Reading what is alive at the peak'),
      () =>
        (_, { name, ledger, reasons, estimate }) => ({
          plan: name,
          peak: estimate?.peak,
          peakAt: estimate?.peakAt,
          ledger: ledger?.lines,
          holds: ledger?.holds,
          reasons,
        }),
    ),
  );
}

/** The document that is meant. A file is one of the workspace: nothing outside it is read for an assistant. */
async function documentOf({ file, text }: ToolInput): Promise<vscode.Uri> {
  if (text !== undefined) return (await vscode.workspace.openTextDocument({ language: 'memplan', content: text })).uri;
  if (file !== undefined) {
    const [folder] = vscode.workspace.workspaceFolders ?? [];
    if (!folder) throw new Error('No folder is open; give the plan as text.');
    const uri = vscode.Uri.joinPath(folder.uri, file);
    await vscode.workspace.openTextDocument(uri);
    return uri;
  }
  const open = vscode.window.visibleTextEditors.find(({ document }) => document.languageId === 'memplan');
  if (!open) throw new Error('No .memplan file is open; give `file` or `text`.');
  return open.document.uri;
}
