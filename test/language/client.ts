/** A language client for the built server over stdio, as an editor would be. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  createProtocolConnection,
  type Diagnostic,
  type InitializeResult,
  type ProtocolConnection,
  type PublishDiagnosticsParams,
  StreamMessageReader,
  StreamMessageWriter,
} from 'vscode-languageserver-protocol/node';

const root = fileURLToPath(new URL('../..', import.meta.url));
const bundle = join(root, 'dist/server.mjs');

/** Builds the bundle once a test run, so that the tests see the sources. */
export function build(): void {
  const { status, stderr } = spawnSync(process.execPath, ['esbuild.mjs', '--only=server'], { cwd: root, encoding: 'utf8' });
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
  /** Diagnostics of a version, once they are there. */
  diagnostics(uri: string, version: number): Promise<Diagnostic[]>;
  /** Ends the server as an editor does; resolves to its exit code. */
  stop(): Promise<number | null>;
}

export async function start(folder?: string): Promise<Client> {
  const child = spawn(process.execPath, [bundle, '--stdio'], { stdio: ['pipe', 'pipe', 'inherit'] });
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
  return {
    connection,
    process: child,
    initialized,
    published,
    open(uri, text, version = 1) {
      void connection.sendNotification('textDocument/didOpen', { textDocument: { uri, languageId: 'memplan', version, text } });
    },
    change(uri, version, text) {
      void connection.sendNotification('textDocument/didChange', { textDocument: { uri, version }, contentChanges: [{ text }] });
    },
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
