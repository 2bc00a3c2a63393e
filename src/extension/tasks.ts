/** `memplan check` as a task, for builds: one for the workspace's files, and any that `tasks.json` names. */
import * as vscode from 'vscode';
import { planFilesIn } from './plan-files';

const TYPE = 'memplan';

interface Definition extends vscode.TaskDefinition {
  /** Paths relative to the workspace folder; all of its `.memplan` files where it is absent. */
  files?: unknown;
}

export function createTasks(context: vscode.ExtensionContext): vscode.Disposable {
  const command = context.asAbsolutePath('dist/cli.mjs');
  return vscode.tasks.registerTaskProvider(TYPE, {
    async provideTasks() {
      const folders = vscode.workspace.workspaceFolders ?? [];
      const tasks = await Promise.all(folders.map((folder) => taskOf(command, folder, { type: TYPE })));
      return tasks.flatMap((task) => task ?? []);
    },
    async resolveTask({ definition, scope }) {
      return typeof scope === 'object' ? taskOf(command, scope, definition) : undefined;
    },
  });
}

async function taskOf(command: string, folder: vscode.WorkspaceFolder, definition: Definition): Promise<vscode.Task | undefined> {
  if (folder.uri.scheme !== 'file') return undefined;
  const files =
    namedFiles(definition.files) ?? (await planFilesIn(folder.uri)).map((uri) => vscode.workspace.asRelativePath(uri, false));
  if (files.length === 0) return undefined;
  const execution = new vscode.ProcessExecution(process.execPath, [command, 'check', ...files], {
    cwd: folder.uri.fsPath,
    // Checking needs no GPU, so the editor's own executable will do.
    env: { ELECTRON_RUN_AS_NODE: '1' },
  });
  const task = new vscode.Task(definition, folder, 'check', 'memplan', execution, ['$memplan']);
  task.group = vscode.TaskGroup.Build;
  task.presentationOptions = { reveal: vscode.TaskRevealKind.Silent };
  return task;
}

/** Paths that a definition names; one that starts with a dash would be an option, and is none. */
function namedFiles(value: unknown): string[] | undefined {
  if (!Array.isArray(value)) return undefined;
  return value.filter((file): file is string => typeof file === 'string' && file !== '').map((file) => file.replace(/^-/, './-'));
}
