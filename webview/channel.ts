/** How the page talks to the extension. Tests put another one in its place. */
import { type FromWebview, VIEWS, type View } from '../src/protocol';

export interface Channel {
  post(message: FromWebview): void;
  listen(receive: (message: unknown) => void): void;
  /** What the page was given when it was written; nothing where an earlier life of it was: that may be old by now. */
  given(): unknown[];
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
    given: () => (readPage(api.getState()) === page() ? [] : readGiven()),
    listen: (receive) => window.addEventListener('message', (event) => receive(event.data)),
    save: (state) => api.setState({ ...state, page: page() }),
    restore: () => readSaved(api.getState()),
  };
}

/** No two pages that were written have the same nonce. */
const page = (): string => document.querySelector<HTMLMetaElement>('meta[property=csp-nonce]')?.content ?? '';
const readPage = (value: unknown): unknown =>
  typeof value === 'object' && value !== null && 'page' in value ? value.page : null;

function readGiven(): unknown[] {
  const messages: unknown = JSON.parse(document.getElementById('root')?.dataset.given ?? '[]');
  return Array.isArray(messages) ? messages : [];
}

function readSaved(value: unknown): Saved | null {
  if (typeof value !== 'object' || value === null) return null;
  const { uri, plan, view } = value as { [field in keyof Saved]?: unknown };
  const known = VIEWS.find((one) => one === view);
  if (typeof uri !== 'string' || known === undefined) return null;
  return { uri, plan: typeof plan === 'string' ? plan : null, view: known };
}
