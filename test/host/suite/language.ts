import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import type { Step } from '../checks';
import { codeOf, diagnosticsOf, open, openText, until, uriOf } from './editor';

const example = () => uriOf('long-context.memplan');
const lineOf = (document: vscode.TextDocument, text: string) => document.positionAt(document.getText().indexOf(text));

export const languageSteps: Step[] = [
  [
    'plan full carries exceeds-memory, from memplan, inside its block',
    async () => {
      const { document } = await open('long-context.memplan');
      const list = await diagnosticsOf(example(), (all) => all.some((one) => codeOf(one) === 'exceeds-memory'));
      const [error] = list.filter((one) => codeOf(one) === 'exceeds-memory');
      assert.ok(error);
      assert.equal(error.source, 'memplan');
      assert.equal(error.severity, vscode.DiagnosticSeverity.Error);
      assert.ok(document.getText(error.range).trim() !== '' && error.range.isSingleLine, 'it stands on words');
      const block = new vscode.Range(lineOf(document, 'plan full'), lineOf(document, 'plan longform'));
      assert.ok(block.contains(error.range), `line ${error.range.start.line + 1}`);
      assert.match(error.message, /GiB/);
    },
  ],
  [
    'Estimate and Run on GPU stand above each plan',
    async () => {
      const lenses = await vscode.commands.executeCommand<vscode.CodeLens[]>('vscode.executeCodeLensProvider', example(), 20);
      for (const name of ['full', 'longform', 'adapter']) {
        const { document } = await open('long-context.memplan');
        const line = lineOf(document, `plan ${name}`).line;
        const commands = lenses.filter((lens) => lens.range.start.line === line).map((lens) => lens.command?.command);
        assert.ok(commands.includes('memplan.estimate') && commands.includes('memplan.runOnGpu'), `${name}: ${commands}`);
      }
    },
  ],
  [
    'completion in a slot offers its techniques',
    async () => {
      const { document } = await openText('plan a {\n  optimizer \n}');
      const list = await vscode.commands.executeCommand<vscode.CompletionList>(
        'vscode.executeCompletionItemProvider',
        document.uri,
        new vscode.Position(1, 12),
      );
      const labels = list.items.map(({ label }) => (typeof label === 'string' ? label : label.label));
      for (const name of ['adamw', 'adamw8bit', 'galore', 'sgd'])
        assert.ok(labels.includes(name), `${name} in ${labels.slice(0, 20)}`);
    },
  ],
  [
    'hover on a technique tells what it is',
    async () => {
      const { document } = await open('long-context.memplan');
      const hovers = await vscode.commands.executeCommand<vscode.Hover[]>(
        'vscode.executeHoverProvider',
        example(),
        lineOf(document, 'galore('),
      );
      const text = hovers
        .flatMap(({ contents }) => contents.map((content) => (typeof content === 'string' ? content : content.value)))
        .join('\n');
      assert.match(text, /galore/i);
    },
  ],
  [
    'the outline names models, devices and plans',
    async () => {
      const symbols = await vscode.commands.executeCommand<vscode.DocumentSymbol[]>(
        'vscode.executeDocumentSymbolProvider',
        example(),
      );
      const names = symbols.map(({ name }) => name);
      for (const name of ['llama', 'card', 'full', 'longform', 'adapter']) assert.ok(names.includes(name), `${name} in ${names}`);
    },
  ],
  [
    'a misspelt technique is underlined at its word, with the nearest one',
    async () => {
      const text = 'plan a {\n  optimizer galoer\n}';
      const { document } = await openText(text);
      const list = await diagnosticsOf(document.uri, (all) => all.some(({ message }) => message.includes('galoer')));
      const found = list.find(({ message }) => message.includes('galoer'));
      assert.equal(document.getText(found?.range), 'galoer');
      assert.match(found?.message ?? '', /galore/);
    },
  ],
  [
    'a mended file loses its errors',
    async () => {
      const editor = await open('long-context.memplan');
      const end = editor.document.lineAt(editor.document.lineCount - 1).range.end;
      await editor.edit((edit) => edit.insert(end, '\nplan broken extends full { optimizer nothing }\n'));
      await diagnosticsOf(example(), (all) => all.some(({ message }) => message.includes('nothing')));
      await vscode.commands.executeCommand('undo');
      await diagnosticsOf(example(), (all) => !all.some(({ message }) => message.includes('nothing')));
      await until('an unchanged file', [vscode.workspace.onDidSaveTextDocument], () => true);
    },
  ],
  [
    'a language server that is started anew answers as before',
    async () => {
      const editor = await open('long-context.memplan');
      const end = editor.document.lineAt(editor.document.lineCount - 1).range.end;
      await vscode.commands.executeCommand('memplan.restartServer');
      await editor.edit((edit) => edit.insert(end, '\nplan again extends full { optimizer nothing }\n'));
      await diagnosticsOf(example(), (all) => all.some(({ message }) => message.includes('nothing')));
      await vscode.commands.executeCommand('undo');
      await diagnosticsOf(example(), (all) => all.length > 0 && !all.some(({ message }) => message.includes('nothing')));
    },
  ],
];
