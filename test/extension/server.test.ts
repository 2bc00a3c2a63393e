/** The language server's client is started late, and anew where it is lost. */
import { expect, test, vi } from 'vitest';
import { createServer } from '../../src/extension/server';

vi.mock('vscode', () => {
  class EventEmitter<T> {
    listeners: ((event: T) => void)[] = [];
    event = (listen: (event: T) => void) => {
      this.listeners.push(listen);
      return { dispose: () => undefined };
    };
    fire(event: T) {
      for (const listen of this.listeners) listen(event);
    }
    dispose() {}
  }
  return { EventEmitter, Disposable: { from: () => ({ dispose: () => undefined }) } };
});

const State = { Stopped: 1, Starting: 3, Running: 2 };

/** A client that fails as often as it is told to. */
function fake(failures: number) {
  let listen = (_: { oldState: number; newState: number }) => {};
  let state = State.Stopped;
  const to = (next: number) => {
    const old = state;
    state = next;
    listen({ oldState: old, newState: next });
  };
  return {
    starts: 0,
    stops: 0,
    onDidChangeState: (listener: typeof listen) => {
      listen = listener;
      return { dispose: () => undefined };
    },
    isRunning: () => state === State.Running,
    die: () => to(State.Stopped),
    sendRequest: async (method: string) => method,
    async start() {
      this.starts += 1;
      if (this.starts <= failures) throw new Error('no such file');
      to(State.Starting);
      to(State.Running);
    },
    async stop() {
      this.stops += 1;
      to(State.Stopped);
    },
  };
}

const serverOf = (clients: ReturnType<typeof fake>[]) => {
  const left = [...clients];
  return createServer(
    async () => ({ client: left.shift(), State }) as never,
    () => ({ dispose: () => undefined }),
  );
};

test('one that runs is stopped first, one that died is started', async () => {
  const client = fake(0);
  const server = serverOf([client]);
  await server.started;
  expect(server.state).toBe('running');
  await server.restart();
  expect([client.starts, client.stops, server.state]).toEqual([2, 1, 'running']);
  client.die();
  expect(server.state).toBe('stopped');
  await server.restart();
  expect([client.starts, client.stops, server.state]).toEqual([3, 1, 'running']);
});

test('one that never started gives way to another, which answers from then on', async () => {
  const second = fake(0);
  const server = serverOf([fake(1), second]);
  await expect(server.started).rejects.toThrow('no such file');
  expect(server.state).toBe('stopped');
  await server.restart();
  expect([second.starts, server.state, await server.send('memplan/estimate', {})]).toEqual([1, 'running', 'memplan/estimate']);
});

test('where it cannot be started, that is told', async () => {
  const server = serverOf([fake(9), fake(9)]);
  await server.started.catch(() => undefined);
  await expect(server.restart()).rejects.toThrow('no such file');
  expect(server.state).toBe('stopped');
});
