import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import type { Step } from '../checks';
import { open, openText, until, uriOf } from './editor';

const extension = () => {
  const found = vscode.extensions.getExtension('memplan.memplan');
  assert.ok(found, 'the extension is installed');
  return found;
};

/** What benchmarks want to know of the first activation. */
export const figures = { activation: Number.NaN, before: true };

/** Milliseconds that the host itself counted for loading the code and for activating: its marks, by name. */
function activation(): number {
  const { MonacoPerformanceMarks } = globalThis as {
    MonacoPerformanceMarks?: { getMarks(): { name: string; startTime: number }[] };
  };
  const marks = MonacoPerformanceMarks?.getMarks().filter(({ name }) => name.toLowerCase().endsWith('/memplan.memplan')) ?? [];
  const at = (mark: string) => marks.find(({ name }) => name.includes(mark))?.startTime ?? Number.NaN;
  return at('didLoadExtensionCode') - at('willLoadExtensionCode') + at('didActivateExtension') - at('willActivateExtension');
}

const panelTabs = () =>
  vscode.window.tabGroups.all
    .flatMap(({ tabs }) => tabs)
    .filter(({ input }) => input instanceof vscode.TabInputWebview && input.viewType.endsWith('memplan.panel'));

const argumentFor = (plan: string) => ({ uri: uriOf('long-context.memplan').toString(), plan });

export const extensionSteps: Step[] = [
  [
    'nothing is activated before a .memplan file is opened',
    async () => {
      await vscode.window.showTextDocument(await vscode.workspace.openTextDocument({ language: 'plaintext', content: 'x' }));
      figures.before = extension().isActive;
      assert.equal(figures.before, false);
    },
  ],
  [
    'a .memplan file has the language and activates the extension',
    async () => {
      const { document } = await open('long-context.memplan');
      assert.equal(document.languageId, 'memplan');
      await until(
        'activation',
        [vscode.extensions.onDidChange, vscode.languages.onDidChangeDiagnostics],
        () => extension().isActive || undefined,
      );
      figures.activation = activation();
    },
  ],
  [
    'every command of the manifest has a handler, and no handler is missing from it',
    async () => {
      const declared = (extension().packageJSON.contributes.commands as { command: string }[]).map(({ command }) => command);
      const registered = (await vscode.commands.getCommands(true)).filter(
        (id) => /^memplan\./.test(id) && !/\.(focus|open|resetViewLocation|removeView|toggleVisibility)$/.test(id),
      );
      assert.deepEqual(registered.sort(), declared.sort());
    },
  ],
  [
    'Estimate opens one panel beside the file, and again the same one',
    async () => {
      await vscode.commands.executeCommand('memplan.estimate', argumentFor('longform'));
      assert.equal(panelTabs().length, 1);
      await vscode.commands.executeCommand('memplan.estimate', argumentFor('full'));
      assert.equal(panelTabs().length, 1);
      assert.notEqual(panelTabs()[0]?.group.viewColumn, vscode.ViewColumn.One);
    },
  ],
  [
    'Estimate without an argument takes the active file',
    async () => {
      await openText('plan a { sequence 4k }');
      await vscode.commands.executeCommand('memplan.estimate');
      assert.equal(panelTabs().length, 2);
    },
  ],
  [
    'arguments that are none are refused without harm',
    async () => {
      for (const argument of [
        5,
        'x',
        { uri: 7 },
        { uri: 'not a uri', plan: {} },
        { uri: 'file:///nowhere/at/all.memplan', plan: 'a' },
      ]) {
        await vscode.commands.executeCommand('memplan.estimate', argument);
      }
      assert.equal(extension().isActive, true);
    },
  ],
  [
    'a plan with errors is not run, and says why',
    async () => {
      const { document } = await openText('plan a { sequence none }');
      const outcome = await vscode.commands.executeCommand('memplan.runOnGpu', { uri: document.uri.toString(), plan: 'a' });
      assert.equal(outcome, 'error');
    },
  ],
];
