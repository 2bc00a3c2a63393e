/** How the page talks to the extension. Tests put another one in its place. */
import { type FromWebview, VIEWS, type View } from '../src/protocol';

export interface Channel {
  post(message: FromWebview): void;
  listen(receive: (message: unknown) => void): void;
  /** What survives a reload of the window. */
  save(state: Saved): void;
  /** What was kept when the page was last there: after a reload, or in another window. */
  restore(): Saved | null;
}

export interface Saved {
  uri: string;
  plan: string | null;
  view: View;
}

interface VsCodeApi {
  postMessage(message: unknown): void;
  setState(state: unknown): void;
  getState(): unknown;
}
declare function acquireVsCodeApi(): VsCodeApi;

export function vscodeChannel(): Channel {
  const api = acquireVsCodeApi();
  return {
    post: (message) => api.postMessage(message),
    listen: (receive) => window.addEventListener('message', (event) => receive(event.data)),
    save: (state) => api.setState(state),
    restore: () => readSaved(api.getState()),
  };
}

function readSaved(value: unknown): Saved | null {
  if (typeof value !== 'object' || value === null) return null;
  const { uri, plan, view } = value as { [field in keyof Saved]?: unknown };
  const known = VIEWS.find((one) => one === view);
  if (typeof uri !== 'string' || known === undefined) return null;
  return { uri, plan: typeof plan === 'string' ? plan : null, view: known };
}
