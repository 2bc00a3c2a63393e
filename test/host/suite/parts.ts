/** What the extension brings beside the language and the panel: tools, tasks, the report, the sample. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { homedir } from 'node:os';
import * as vscode from 'vscode';
import type { Step } from '../checks';
import { open, until, uriOf } from './editor';

interface Answer {
  plans: {
    plan: string;
    problem?: string;
    fits?: boolean;
    peak?: { allocated: number };
    ledger?: { bytes: number }[];
    considered?: number;
  }[];
}

async function ask(tool: string, input: object): Promise<Answer> {
  const { content } = await vscode.lm.invokeTool(tool, { input, toolInvocationToken: undefined });
  const [part] = content;
  assert.ok(part instanceof vscode.LanguageModelTextPart);
  return JSON.parse(part.value) as Answer;
}

const TEXT = `model m from "openai-community/gpt2"
device card from "RTX 4090"
plan small { model m  device card  sequence 512 }
`;

export const partsSteps: Step[] = [
  [
    'an assistant gets the planner’s numbers of a file, of one plan, and of a text',
    async () => {
      const all = await ask('memplan_estimate', { file: 'long-context.memplan' });
      assert.deepEqual(
        all.plans.map(({ plan }) => plan),
        ['full', 'longform', 'adapter'],
      );
      const [full] = all.plans;
      assert.ok((full?.peak?.allocated ?? 0) > 100 * 2 ** 30 && full?.fits === false);
      const explained = await ask('memplan_explain', { file: 'long-context.memplan', plan: 'full' });
      const sum = explained.plans[0]?.ledger?.reduce((total, { bytes }) => total + bytes, 0);
      const peak = full?.peak?.allocated ?? 0;
      // The largest tensors; what is left out is small.
      assert.ok(sum !== undefined && sum <= peak && sum > 0.95 * peak, `${sum} of ${peak} bytes`);
      const [small] = (await ask('memplan_estimate', { text: TEXT })).plans;
      assert.equal(small?.fits, true);
      const [found] = (await ask('memplan_fit', { text: TEXT, plan: 'small' })).plans;
      assert.ok((found?.considered ?? 0) > 0);
    },
  ],
  [
    'an assistant is told in words what is wrong, and reads nothing outside the workspace',
    async () => {
      await assert.rejects(ask('memplan_estimate', { file: '../../etc/passwd' }), /relative to the workspace/);
      await assert.rejects(ask('memplan_estimate', { file: 'long-context.memplan', plan: 'none' }), /full, longform, adapter/);
      const broken = await ask('memplan_estimate', { text: 'plan a { sequence none }' });
      assert.ok(broken.plans[0]?.problem);
    },
  ],
  [
    '`memplan check` is a task that runs, with a problem matcher',
    async () => {
      const [task] = await vscode.tasks.fetchTasks({ type: 'memplan' });
      assert.ok(task, 'there is a task');
      assert.deepEqual(task.problemMatchers, ['$memplan']);
      const { execution } = task;
      assert.ok(execution instanceof vscode.ProcessExecution);
      // As the terminal would start it; not every host of a test has one.
      const { status, stdout } = spawnSync(execution.process, execution.args, {
        cwd: execution.options?.cwd,
        env: { ...process.env, ...execution.options?.env },
        encoding: 'utf8',
      });
      assert.equal(status, 1, 'an example does not fit');
      assert.match(stdout, /^long-context\.memplan:\d+:\d+: error exceeds-memory: /m);
    },
  ],
  [
    'the report says what is installed and names no private folder',
    async () => {
      await open('long-context.memplan');
      await vscode.commands.executeCommand('memplan.report');
      const text = await until('the report', [vscode.window.onDidChangeActiveTextEditor], () => {
        const { document } = vscode.window.activeTextEditor ?? {};
        return document?.languageId === 'markdown' ? document.getText() : undefined;
      });
      assert.match(text, /^# Memplan report/);
      assert.match(text, /alive at the peak/);
      for (const folder of [homedir(), uriOf('.').fsPath]) assert.ok(folder.length < 2 || !text.includes(folder), folder);
      await vscode.commands.executeCommand('workbench.action.closeActiveEditor');
    },
  ],
  [
    'the sample opens as a document of its own, without a mistake',
    async () => {
      await vscode.commands.executeCommand('memplan.openSample');
      const document = vscode.window.activeTextEditor?.document;
      assert.equal(document?.languageId, 'memplan');
      assert.equal(document?.isUntitled, true);
    },
  ],
];
