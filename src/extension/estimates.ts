/**
 * The newest estimate of each file. Pulled, never pushed: while a request is under way a further change only marks the
 * file, and one more request follows. Whoever shows estimates listens here.
 */
import * as vscode from 'vscode';
import { ESTIMATE_REQUEST, type EstimateParams, type EstimateReply } from '../protocol';

export interface Estimates {
  get(uri: vscode.Uri): EstimateReply | undefined;
  /** Asks again; resolves with the newest reply, or rejects in words. */
  refresh(uri: vscode.Uri): Promise<EstimateReply>;
  /** The server looked at the file again. A request that is under way will be answered of what it saw. */
  follow(uri: vscode.Uri): Promise<void>;
  /** One plan with every moment of its step. */
  timeline(uri: vscode.Uri, plan: string): Promise<EstimateReply>;
  forget(uri: vscode.Uri): void;
  /** Tells whoever shows a file that its estimate is out of reach for now. */
  interrupt(message: string): void;
  readonly onDidChange: vscode.Event<EstimateReply>;
  readonly onDidFail: vscode.Event<{ uri: vscode.Uri; message: string }>;
}

interface Entry {
  reply?: EstimateReply;
  /** The last answer without its reasons, as text: one that says the same again is not told. */
  bare?: string;
  pending?: Promise<EstimateReply>;
  dirty: boolean;
  why?: NodeJS.Timeout;
}

/** After this pause in typing the reasons are asked for, which take as long as the estimate itself. */
const PAUSE_MS = 150;

export function createEstimates(send: <T>(method: string, params: EstimateParams) => Promise<T>): Estimates & vscode.Disposable {
  const entries = new Map<string, Entry>();
  const changed = new vscode.EventEmitter<EstimateReply>();
  const failed = new vscode.EventEmitter<{ uri: vscode.Uri; message: string }>();

  const pull = async (uri: vscode.Uri, entry: Entry): Promise<EstimateReply> => {
    try {
      let reply: EstimateReply;
      do {
        entry.dirty = false;
        reply = await send<EstimateReply>(ESTIMATE_REQUEST, { uri: uri.toString(), explain: false });
      } while (entry.dirty);
      const bare = JSON.stringify(reply);
      if (entry.reply && entry.bare === bare) return entry.reply;
      Object.assign(entry, { reply, bare });
      changed.fire(reply);
      clearTimeout(entry.why);
      entry.why = setTimeout(() => void explain(uri, entry).catch(() => undefined), PAUSE_MS);
      return reply;
    } catch (error) {
      const message = vscode.l10n.t('The estimate failed: {0}', error instanceof Error ? error.message : String(error));
      delete entry.bare;
      failed.fire({ uri, message });
      throw new Error(message);
    } finally {
      delete entry.pending;
    }
  };

  /** The same estimate with its reasons, where the text is still the same. */
  const explain = async (uri: vscode.Uri, entry: Entry): Promise<void> => {
    const { bare } = entry;
    await entry.pending;
    if (entry.bare !== bare) return;
    const reply = await send<EstimateReply>(ESTIMATE_REQUEST, { uri: uri.toString() });
    await entry.pending;
    if (entry.bare !== bare || reply.version !== entry.reply?.version) return;
    entry.reply = reply;
    changed.fire(reply);
  };

  return {
    get: (uri) => entries.get(uri.toString())?.reply,
    refresh(uri) {
      const key = uri.toString();
      const entry = entries.get(key) ?? { dirty: false };
      entries.set(key, entry);
      entry.dirty = true;
      entry.pending ??= pull(uri, entry);
      return entry.pending;
    },
    async follow(uri) {
      if (!entries.get(uri.toString())?.pending) await this.refresh(uri);
    },
    timeline: (uri, plan) => send<EstimateReply>(ESTIMATE_REQUEST, { uri: uri.toString(), plan, timeline: true, explain: false }),
    forget: (uri) => void entries.delete(uri.toString()),
    interrupt(message) {
      for (const [key, entry] of entries) {
        delete entry.bare;
        failed.fire({ uri: vscode.Uri.parse(key), message });
      }
    },
    onDidChange: changed.event,
    onDidFail: failed.event,
    dispose() {
      for (const { why } of entries.values()) clearTimeout(why);
      changed.dispose();
      failed.dispose();
    },
  };
}
