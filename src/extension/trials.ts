/**
 * Questions of a panel that the server answers: what if, sweeps, ways to fit; and the writing of changes.
 * A newer question of a kind cancels the one before it.
 */
import * as vscode from 'vscode';
import {
  FIT_REQUEST,
  type FitReply,
  type FromWebview,
  type Place,
  REWRITE_REQUEST,
  type RewriteReply,
  SWEEPS_REQUEST,
  type SweepsReply,
  type ToWebview,
  WHAT_IF_REQUEST,
  type WhatIfReply,
} from '../protocol';

export type Send = <T>(method: string, params: object, token?: vscode.CancellationToken) => Promise<T>;
export type Question = Extract<FromWebview, { type: 'what-if' | 'sweeps' | 'fit' | 'cancel-fit' | 'apply' }>;
type Kind = 'what-if' | 'sweeps' | 'fit';

/** Answers the questions of the panel of `uri` by `post`. */
export function createTrials(send: Send, uri: vscode.Uri, post: (message: ToWebview) => void): (question: Question) => void {
  const open = new Map<Kind, vscode.CancellationTokenSource>();

  const ask = async <T>(question: Kind, plan: string, method: string, params: object, answer: (reply: T) => ToWebview) => {
    open.get(question)?.cancel();
    const source = new vscode.CancellationTokenSource();
    open.set(question, source);
    try {
      const reply = await send<T>(method, { uri: uri.toString(), plan, ...params }, source.token);
      if (open.get(question) === source) post(answer(reply));
    } catch (error) {
      // One that gave way to a newer question says nothing: the newer one will.
      if (open.get(question) !== source) return;
      post({ type: 'unanswered', plan, question, message: source.token.isCancellationRequested ? '' : words(error) });
    } finally {
      if (open.get(question) === source) open.delete(question);
      source.dispose();
    }
  };

  return (question) => {
    switch (question.type) {
      case 'what-if': {
        const { plan, id, changes } = question;
        return void ask<WhatIfReply>('what-if', plan, WHAT_IF_REQUEST, { changes }, (reply) => ({
          type: 'what-if',
          plan,
          id,
          reply,
        }));
      }
      case 'sweeps':
        return void ask<SweepsReply>('sweeps', question.plan, SWEEPS_REQUEST, { others: question.others }, (reply) => ({
          type: 'sweeps',
          reply,
        }));
      case 'fit':
        return void ask<FitReply>('fit', question.plan, FIT_REQUEST, {}, (reply) => ({ type: 'fit', reply }));
      case 'cancel-fit':
        return open.get('fit')?.cancel();
      case 'apply':
        return void apply(send, uri, question).then(
          () => post({ type: 'applied', plan: question.plan }),
          (error: unknown) => post({ type: 'unanswered', plan: question.plan, question: 'apply', message: words(error) }),
        );
    }
  };
}

/** Writes changes as one edit, which one undo takes back; nothing where the text is no longer the one that was looked at. */
async function apply(
  send: Send,
  uri: vscode.Uri,
  { plan, version, changes }: Extract<Question, { type: 'apply' }>,
): Promise<void> {
  const document = await vscode.workspace.openTextDocument(uri);
  const reply = await send<RewriteReply>(REWRITE_REQUEST, { uri: uri.toString(), plan, changes });
  if (reply.problems.length > 0) throw new Error(reply.problems.join(' '));
  if (reply.version !== document.version || version !== document.version)
    throw new Error(vscode.l10n.t('The file was edited in the meantime; nothing was written.'));
  const edit = new vscode.WorkspaceEdit();
  for (const { place, text } of reply.edits) edit.replace(uri, rangeOf(place), text);
  if (!(await vscode.workspace.applyEdit(edit)))
    throw new Error(vscode.l10n.t('The file cannot be written; nothing was changed.'));
}

const rangeOf = ({ line, column, endLine, endColumn }: Place) =>
  new vscode.Range(line - 1, column - 1, endLine - 1, endColumn - 1);

const words = (error: unknown): string => (error instanceof Error ? error.message : String(error));
