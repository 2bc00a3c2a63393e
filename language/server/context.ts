/** What every part of the analysis shares: names, problems, occurrences. */
import { nearest } from '../../src/plan/nearest';
import type { Device } from '../../src/plan/types';
import type { FileReader, Modules } from './modules';
import type { Declared, Kind, Occurrence } from './names';
import type { Code, Fix, Problem } from './problems';
import type { Span } from './span';

/** A node of a tree, and the file that it stands in. */
export interface Located<T> {
  node: T;
  uri: string;
}

export class Context {
  readonly problems = new Map<string, Problem[]>();
  readonly occurrences: Occurrence[] = [];
  /** Results of parts that several others use, so that each is computed, and complains, once. */
  readonly memo = new Map<object, unknown>();
  readonly #seen = new Set<string>();
  readonly #noted = new Set<string>();
  #depth = 0;

  constructor(
    readonly modules: Modules,
    readonly reader: FileReader,
    /** Puts to a plan's device what was measured of it. */
    readonly measured: (device: Device) => Device = (device) => device,
  ) {}

  /** Remembers where a name is written, each place once. */
  note(occurrence: Occurrence): void {
    const key = `${occurrence.uri} ${occurrence.span.start}`;
    if (this.#noted.has(key)) return;
    this.#noted.add(key);
    this.occurrences.push(occurrence);
  }

  report(uri: string, problem: Problem): void {
    const key = `${uri} ${problem.code} ${problem.span.start} ${problem.span.end} ${problem.message}`;
    if (this.#seen.has(key)) return;
    this.#seen.add(key);
    const list = this.problems.get(uri);
    if (list) list.push(problem);
    else this.problems.set(uri, [problem]);
  }

  error(uri: string, code: Code, message: string, span: Span, more: Partial<Problem> = {}): undefined {
    this.report(uri, { severity: 'error', code, message, span, ...more });
    return undefined;
  }

  /** An error about a word that is none of `choices`, naming the nearest, or else what there is to choose from. */
  unknown(uri: string, code: Code, sentence: string, word: string, span: Span, choices: readonly string[]): undefined {
    const close = nearest(word, choices);
    const fixes: Fix[] = close ? [{ title: `Change to \`${close}\``, span, text: close }] : [];
    return this.error(uri, code, `${sentence}. ${suggestion(close, choices)}`.trim(), span, { fixes });
  }

  find(uri: string, kind: Kind, name: string): Declared | undefined {
    return this.modules.get(uri)?.visible[kind].get(name);
  }

  names(uri: string, kind: Kind): string[] {
    return [...(this.modules.get(uri)?.visible[kind].keys() ?? [])];
  }

  /** A declaration by the name that is written at `span`; noted for navigation, reported where there is none. */
  resolve(uri: string, kind: Kind, name: string, span: Span): Declared | undefined {
    const target = this.find(uri, kind, name);
    if (target) this.note({ uri, span, target });
    else {
      const other = (['model', 'device', 'plan', 'let'] as const).find((one) => one !== kind && this.find(uri, one, name));
      if (other) this.error(uri, 'unknown-name', `\`${name}\` is a ${other}, and a ${kind} is wanted here`, span);
      else this.unknown(uri, 'unknown-name', `No ${kind} is named \`${name}\``, name, span, this.names(uri, kind));
    }
    return target;
  }

  /** Runs `compute` once for a node; a node that needs itself is a cycle, and a chain that is too long is cut. */
  once<T>(node: object, compute: () => T, otherwise: (why: 'cycle' | 'deep') => T): T {
    const known = this.memo.get(node);
    if (known === RUNNING) return otherwise('cycle');
    if (known !== undefined) return (known as { value: T }).value;
    if (this.#depth >= DEEPEST) return otherwise('deep');
    this.memo.set(node, RUNNING);
    this.#depth++;
    const value = compute();
    this.#depth--;
    this.memo.set(node, { value });
    return value;
  }
}

/** Longest chain of declarations that build on one another: each takes some of the stack. */
export const DEEPEST = 100;
const RUNNING = Symbol('running');

const suggestion = (close: string | undefined, choices: readonly string[]): string => {
  if (close) return `Did you mean \`${close}\`?`;
  if (choices.length === 0) return '';
  const shown = choices.slice(0, 12).map((choice) => `\`${choice}\``);
  return `Known: ${shown.join(', ')}${choices.length > shown.length ? ', …' : ''}`;
};
