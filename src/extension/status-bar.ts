/** The cursor's plan against its card, in the status bar while a `.memplan` file is in front. */
import * as vscode from 'vscode';
import { planAt } from './cursor';
import type { Estimates } from './estimates';
import { readSettings } from './settings';
import { budgetSentence, budgetWords } from './words';

const ICONS = { fits: 'pass', tight: 'warning', exceeds: 'error' };

export function createStatusBar(estimates: Estimates): vscode.Disposable {
  const item = vscode.window.createStatusBarItem('memplan.budget', vscode.StatusBarAlignment.Right, 100);
  item.name = vscode.l10n.t('Memplan: plan against its card');
  const update = () => {
    const editor = vscode.window.activeTextEditor;
    if (editor?.document.languageId !== 'memplan' || !readSettings().statusBar) return item.hide();
    const { uri } = editor.document;
    const plan = planAt(estimates.get(uri), editor.selection.active.line + 1);
    if (!plan) return item.hide();
    const { estimate } = plan;
    item.text = estimate ? `$(${ICONS[estimate.fit]}) ${budgetWords(estimate)}` : `$(warning) ${plan.name}`;
    item.tooltip = estimate ? budgetSentence(estimate) : (plan.problem ?? vscode.l10n.t('This plan has errors.'));
    item.accessibilityInformation = { label: String(item.tooltip) };
    item.backgroundColor = estimate?.fit === 'exceeds' ? new vscode.ThemeColor('statusBarItem.errorBackground') : undefined;
    item.command = {
      title: vscode.l10n.t('Estimate'),
      command: 'memplan.estimate',
      arguments: [{ uri: uri.toString(), plan: plan.name }],
    };
    item.show();
  };
  const listeners = [
    estimates.onDidChange(update),
    vscode.window.onDidChangeActiveTextEditor(update),
    vscode.window.onDidChangeTextEditorSelection(update),
    vscode.workspace.onDidChangeConfiguration((event) => event.affectsConfiguration('memplan') && update()),
  ];
  update();
  return vscode.Disposable.from(item, ...listeners);
}
