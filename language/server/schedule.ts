/** Looks at changed documents again: soon, one at a time, never for a version that is already gone. */
import type { View, Workspace } from './workspace';

/** Keystrokes nearer than this are looked at together. */
const PAUSE_MS = 1;

/** Lets waiting messages in. */
export const breathe = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** How long nobody types before searches begin: they would only be in the way of the next key. */
const IDLE_MS = 120;
/** When a document was last touched, whichever it was. */
let touched = 0;
/** Until nobody types in any document. */
export async function idle(): Promise<void> {
  do await new Promise((resolve) => setTimeout(resolve, Math.max(0, touched + IDLE_MS - performance.now())));
  while (performance.now() < touched + IDLE_MS);
}

/** Longest stretch of work during which a keystroke waits. */
export const TURN_MS = 8;

/** Runs stepwise work to its end, letting messages in between; undefined where it is no longer wanted. */
export async function taking<T, Y>(
  turns: Generator<Y, T>,
  isWanted: () => boolean,
  onTurn: (at: Y) => void = () => {},
): Promise<T | undefined> {
  let began = performance.now();
  for (;;) {
    const { done, value } = turns.next();
    if (done) return value;
    if (performance.now() - began < TURN_MS) continue;
    onTurn(value);
    await breathe();
    if (!isWanted()) return undefined;
    began = performance.now();
  }
}

export interface Steps {
  /** What is known at once; then what takes estimates; then what takes searches. Each is skipped once the document has changed. */
  run(view: View, isCurrent: () => boolean): Promise<void>;
}

export class Schedule {
  readonly #waiting = new Map<string, NodeJS.Timeout>();
  readonly #generation = new Map<string, number>();

  constructor(
    private readonly workspace: Workspace,
    private readonly steps: Steps,
    private readonly failed: (error: unknown) => void,
  ) {}

  touch(uri: string): void {
    touched = performance.now();
    const generation = (this.#generation.get(uri) ?? 0) + 1;
    this.#generation.set(uri, generation);
    clearTimeout(this.#waiting.get(uri));
    this.#waiting.set(
      uri,
      setTimeout(() => {
        this.#waiting.delete(uri);
        this.#look(uri, generation).catch(this.failed);
      }, PAUSE_MS),
    );
  }

  forget(uri: string): void {
    clearTimeout(this.#waiting.get(uri));
    this.#waiting.delete(uri);
    this.#generation.delete(uri);
  }

  async #look(uri: string, generation: number): Promise<void> {
    const view = this.workspace.view(uri);
    if (!view) return;
    const isCurrent = () => this.#generation.get(uri) === generation;
    await this.steps.run(view, isCurrent);
  }
}
