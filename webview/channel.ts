/** How the page talks to the extension. Tests put another one in its place. */
import type { FromWebview, View } from '../src/protocol';

export interface Channel {
  post(message: FromWebview): void;
  listen(receive: (message: unknown) => void): void;
  /** What survives a reload of the window. */
  save(state: Saved): void;
}

export interface Saved {
  uri: string;
  plan: string | null;
  view: View;
}

interface VsCodeApi {
  postMessage(message: unknown): void;
  setState(state: unknown): void;
}
declare function acquireVsCodeApi(): VsCodeApi;

export function vscodeChannel(): Channel {
  const api = acquireVsCodeApi();
  return {
    post: (message) => api.postMessage(message),
    listen: (receive) => window.addEventListener('message', (event) => receive(event.data)),
    save: (state) => api.setState(state),
  };
}
