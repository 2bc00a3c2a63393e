/** A language client for the built server over stdio, as an editor would be. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  createProtocolConnection,
  type Diagnostic,
  type InitializeResult,
  type Position,
  type ProtocolConnection,
  type PublishDiagnosticsParams,
  StreamMessageReader,
  StreamMessageWriter,
} from 'vscode-languageserver-protocol/node';
import { TextDocument } from 'vscode-languageserver-textdocument';

export const root = fileURLToPath(new URL('../..', import.meta.url));
const bundle = join(root, 'dist/server.mjs');

/** Builds the bundle once a test run, so that the tests see the sources; with `--minify` as packages have it. */
export function build(...flags: '--minify'[]): void {
  const { status, stderr } = spawnSync(process.execPath, ['esbuild.mjs', '--only=server', ...flags], {
    cwd: root,
    encoding: 'utf8',
  });
  if (status !== 0 || !existsSync(bundle)) throw new Error(`The server does not build: ${stderr}`);
}

export interface Client {
  connection: ProtocolConnection;
  process: ChildProcess;
  initialized: InitializeResult;
  /** Every publication of diagnostics so far. */
  published: PublishDiagnosticsParams[];
  open(uri: string, text: string, version?: number): void;
  change(uri: string, version: number, text: string): void;
  /** Replaces a part of the text, as typing does. */
  edit(uri: string, version: number, span: { start: number; end: number }, text: string): void;
  /** The place of an offset in the newest text. */
  position(uri: string, offset: number): Position;
  /** Diagnostics of a version, once they are there. */
  diagnostics(uri: string, version: number): Promise<Diagnostic[]>;
  /** Ends the server as an editor does; resolves to its exit code. */
  stop(): Promise<number | null>;
}

/** `node` are flags for the server's process. */
export async function start(folder?: string, node: readonly string[] = []): Promise<Client> {
  const child = spawn(process.execPath, [...node, bundle, '--stdio'], { stdio: ['pipe', 'pipe', 'inherit'] });
  const connection = createProtocolConnection(new StreamMessageReader(child.stdout), new StreamMessageWriter(child.stdin));
  const published: PublishDiagnosticsParams[] = [];
  const waiting: (() => void)[] = [];
  connection.onNotification('textDocument/publishDiagnostics', (params: PublishDiagnosticsParams) => {
    published.push(params);
    for (const wake of waiting.splice(0)) wake();
  });
  connection.onRequest('client/registerCapability', () => null);
  connection.onRequest('workspace/codeLens/refresh', () => null);
  connection.listen();
  const rootUri = folder ? new URL(`file://${folder}`).toString() : null;
  const initialized = await connection.sendRequest<InitializeResult>('initialize', {
    processId: process.pid,
    rootUri,
    workspaceFolders: rootUri ? [{ uri: rootUri, name: 'test' }] : null,
    capabilities: { workspace: { didChangeWatchedFiles: { dynamicRegistration: true } } },
  });
  await connection.sendNotification('initialized', {});
  const documents = new Map<string, TextDocument>();
  const put = (uri: string, version: number, text: string) =>
    documents.set(uri, TextDocument.create(uri, 'memplan', version, text));
  const documentOf = (uri: string): TextDocument => {
    const document = documents.get(uri);
    if (!document) throw new Error(`${uri} is not open`);
    return document;
  };
  return {
    connection,
    process: child,
    initialized,
    published,
    open(uri, text, version = 1) {
      put(uri, version, text);
      void connection.sendNotification('textDocument/didOpen', { textDocument: { uri, languageId: 'memplan', version, text } });
    },
    change(uri, version, text) {
      put(uri, version, text);
      void connection.sendNotification('textDocument/didChange', { textDocument: { uri, version }, contentChanges: [{ text }] });
    },
    edit(uri, version, span, text) {
      const document = documentOf(uri);
      const change = { range: { start: document.positionAt(span.start), end: document.positionAt(span.end) }, text };
      TextDocument.update(document, [change], version);
      void connection.sendNotification('textDocument/didChange', { textDocument: { uri, version }, contentChanges: [change] });
    },
    position: (uri, offset) => documentOf(uri).positionAt(offset),
    async diagnostics(uri, version) {
      for (;;) {
        const found = published.findLast((one) => one.uri === uri && one.version === version);
        if (found) return found.diagnostics;
        await new Promise<void>((resolve) => waiting.push(resolve));
      }
    },
    async stop() {
      const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
      await connection.sendRequest('shutdown');
      await connection.sendNotification('exit');
      return ended;
    },
  };
}
