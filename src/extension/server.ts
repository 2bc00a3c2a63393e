/**
 * The language server as the rest of the extension sees it. Its client is most of the extension's code, so it is loaded and
 * started after activation has returned; what is asked before waits for it.
 */
import * as vscode from 'vscode';
import type { BaseLanguageClient } from 'vscode-languageclient';
import type { Client } from './host';
import type { Send } from './trials';

export type ServerState = 'starting' | 'running' | 'stopped';

export interface ServerChange {
  from: ServerState;
  to: ServerState;
}

export interface Server extends vscode.Disposable {
  readonly send: Send;
  notify(method: string, params: object): Promise<void>;
  readonly onDidChangeState: vscode.Event<ServerChange>;
  readonly state: ServerState;
  /** Starts it anew, whether it runs, has died too often, or never started; resolves when it runs. */
  restart(): Promise<void>;
  /** Rejects where the server does not start. */
  readonly started: Promise<unknown>;
  stop(): Promise<void>;
}

/** `prepare` gets the client before it is started. */
export function createServer(create: () => Promise<Client>, prepare: (client: BaseLanguageClient) => vscode.Disposable): Server {
  const changed = new vscode.EventEmitter<ServerChange>();
  const own: vscode.Disposable[] = [changed];
  const start = async (): Promise<BaseLanguageClient> => {
    await new Promise((resolve) => setTimeout(resolve));
    const { client, State } = await create();
    const named = (state: number): ServerState =>
      state === State.Running ? 'running' : state === State.Starting ? 'starting' : 'stopped';
    own.push(
      prepare(client),
      client.onDidChangeState(({ oldState, newState }) => changed.fire({ from: named(oldState), to: named(newState) })),
    );
    await client.start();
    return client;
  };
  let state: ServerState = 'starting';
  own.push(
    changed.event(({ to }) => {
      state = to;
    }),
  );
  const begin = (): Promise<BaseLanguageClient> => {
    const made = start();
    made.catch(() => changed.fire({ from: 'starting', to: 'stopped' }));
    return made;
  };
  let started = begin();
  return {
    async send<T>(method: string, params: object, token?: vscode.CancellationToken): Promise<T> {
      const client = await started;
      // An absent token would be sent as one more parameter.
      return token ? client.sendRequest<T>(method, params, token) : client.sendRequest<T>(method, params);
    },
    notify: async (method, params) => (await started).sendNotification(method, params),
    onDidChangeState: changed.event,
    get state() {
      return state;
    },
    async restart() {
      const client = await started.catch(() => null);
      if (client?.isRunning()) await client.stop();
      // A client whose start failed cannot be started again.
      if (
        client === null ||
        !(await client.start().then(
          () => true,
          () => false,
        ))
      ) {
        started = begin();
        await started;
      }
    },
    get started() {
      return started;
    },
    stop: () =>
      started.then(
        (client) => client.stop(),
        () => undefined,
      ),
    dispose: () => vscode.Disposable.from(...own).dispose(),
  };
}
