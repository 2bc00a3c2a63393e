/** Runs in the extension host of a browser, over a workspace that lies on no disk. */
import * as vscode from 'vscode';
import { MARK, runSteps, type Step } from '../checks';
import { codeOf, diagnosticsOf, until } from '../suite/editor';

const folder = vscode.Uri.from({ scheme: 'tmp', path: '/plans' });
const at = (name: string) => vscode.Uri.joinPath(folder, name);
const write = (name: string, text: string) => vscode.workspace.fs.writeFile(at(name), new TextEncoder().encode(text));

function assert(holds: unknown, what: string): asserts holds {
  if (!holds) throw new Error(what);
}

const CONFIG = {
  model_type: 'llama',
  num_hidden_layers: 2,
  hidden_size: 256,
  num_attention_heads: 4,
  num_key_value_heads: 4,
  intermediate_size: 688,
  vocab_size: 1000,
};
const PLAN = `import "base.memplan"
model tiny from "./config.json"
plan small { model tiny  device card  sequence 512 }
plan large extends small { model llama  sequence 128k }
`;

const steps: Step[] = [
  [
    'the extension runs in a worker of the browser, in a workspace on no disk',
    async () => {
      assert(vscode.env.uiKind === vscode.UIKind.Web && vscode.env.remoteName === undefined, 'there is no server');
      assert(typeof process === 'undefined' || !process.versions?.node, 'there is no Node');
      assert(vscode.workspace.workspaceFolders?.[0]?.uri.scheme === 'tmp', 'the workspace is virtual');
    },
  ],
  [
    'a plan that imports a file and reads a configuration, both on no disk, is understood',
    async () => {
      await write('base.memplan', 'model llama from "meta-llama/Llama-3.1-8B"\ndevice card from "RTX 4090"\n');
      await write('config.json', JSON.stringify(CONFIG));
      await write('plan.memplan', PLAN);
      await vscode.window.showTextDocument(await vscode.workspace.openTextDocument(at('plan.memplan')));
      const found = await diagnosticsOf(at('plan.memplan'), (list) => list.some((one) => codeOf(one) === 'exceeds-memory'));
      const errors = found.filter(({ severity }) => severity === vscode.DiagnosticSeverity.Error);
      assert(errors.length === 1 && errors[0]?.message.includes('large'), errors.map(({ message }) => message).join('\n'));
    },
  ],
  [
    'a change of the configuration changes the answer',
    async () => {
      await write('config.json', JSON.stringify({ ...CONFIG, model_type: 'unheard-of' }));
      await diagnosticsOf(at('plan.memplan'), (list) => list.some(({ message }) => message.includes('unheard-of')));
      await write('config.json', JSON.stringify(CONFIG));
      await diagnosticsOf(at('plan.memplan'), (list) => !list.some(({ message }) => message.includes('unheard-of')));
    },
  ],
  [
    'a file outside the workspace is not read',
    async () => {
      await vscode.workspace.fs.writeFile(
        vscode.Uri.from({ scheme: 'tmp', path: '/secret.json' }),
        new TextEncoder().encode('{}'),
      );
      await write('outside.memplan', 'model a from "../secret.json"\n');
      await vscode.workspace.openTextDocument(at('outside.memplan'));
      await diagnosticsOf(at('outside.memplan'), (list) => list.some(({ message }) => message.includes('outside the workspace')));
    },
  ],
  [
    'lenses, hover and completion answer',
    async () => {
      const lenses = await vscode.commands.executeCommand<vscode.CodeLens[]>(
        'vscode.executeCodeLensProvider',
        at('plan.memplan'),
        9,
      );
      assert(
        lenses.some(({ command }) => command?.command === 'memplan.estimate'),
        'Estimate stands above a plan',
      );
      const position = new vscode.Position(2, 41);
      const list = await vscode.commands.executeCommand<vscode.CompletionList>(
        'vscode.executeCompletionItemProvider',
        at('plan.memplan'),
        position,
      );
      assert(list.items.length > 3, `${list.items.length} completions`);
    },
  ],
  [
    'a run is refused, and says why',
    async () => {
      const outcome = await vscode.commands.executeCommand('memplan.runOnGpu', {
        uri: at('plan.memplan').toString(),
        plan: 'small',
      });
      assert(outcome === 'error', String(outcome));
    },
  ],
  [
    'Estimate opens the panel',
    async () => {
      await vscode.commands.executeCommand('memplan.estimate', { uri: at('plan.memplan').toString(), plan: 'small' });
      await until('the panel', [vscode.window.tabGroups.onDidChangeTabs], () =>
        vscode.window.tabGroups.all.flatMap(({ tabs }) => tabs).some(({ input }) => input instanceof vscode.TabInputWebview)
          ? true
          : undefined,
      );
    },
  ],
];

export async function run(): Promise<void> {
  const log = (line: string) => console.log(`${MARK}${line}`);
  const { passed, failed } = await runSteps('In the extension host of a browser', steps, { log });
  // The page outside looks at the panel now, and ends the run.
  console.log(`${MARK}counts ${passed} ${failed}`);
  await new Promise(() => undefined);
}
