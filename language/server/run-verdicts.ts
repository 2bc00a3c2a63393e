/** What runs on this machine have proved: told by the extension when a run has ended, kept for lenses and hovers. */
import type { VerdictParams } from '../../src/protocol';
import type { PlanAnalysis } from './analyze';
import { canonical } from './files';
import { fingerprintOf } from './fingerprint';

/** Verdicts that are kept. */
const MOST = 500;

export interface RunVerdict extends VerdictParams {
  /** The plan or its proxy has changed since. */
  changed: boolean;
}

export class RunVerdicts {
  readonly #verdicts = new Map<string, VerdictParams>();

  /** Takes a verdict in; false where it is none. Messages come from another process, and are read as such. */
  put(params: VerdictParams): boolean {
    if (!isVerdict(params)) return false;
    const key = keyOf(params.uri, params.plan);
    this.#verdicts.delete(key);
    this.#verdicts.set(key, params);
    if (this.#verdicts.size > MOST) this.#verdicts.delete(this.#verdicts.keys().next().value ?? '');
    return true;
  }

  /** The last verdict on a plan. */
  of(uri: string, plan: PlanAnalysis): RunVerdict | undefined {
    const found = this.#verdicts.get(keyOf(uri, plan.name));
    if (!found) return undefined;
    return { ...found, changed: found.fingerprint !== undefined && found.fingerprint !== fingerprintOf(plan) };
  }

  /** The last run whose checks named a technique, whichever plan it was of. */
  proved(technique: string): VerdictParams | undefined {
    const found = [...this.#verdicts.values()].filter(({ checks }) => checks.some((check) => check.technique === technique));
    return found.toSorted((a, b) => b.at - a.at)[0];
  }
}

const keyOf = (uri: string, plan: string): string => `${canonical(uri)} ${plan}`;
function isVerdict({ uri, plan, passed, failed, at, checks }: VerdictParams): boolean {
  return (
    typeof uri === 'string' &&
    typeof plan === 'string' &&
    [passed, failed, at].every((one) => Number.isFinite(one)) &&
    Array.isArray(checks) &&
    checks.every((check) => typeof check?.technique === 'string' && typeof check.passed === 'boolean')
  );
}

/** `just now`, `5 min ago`, `3 h ago`, `2 days ago`. */
export function age(at: number, now: number): string {
  const minutes = Math.floor(Math.max(0, now - at) / 60_000);
  if (minutes < 1) return 'just now';
  if (minutes < 60) return `${minutes} min ago`;
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return `${hours} h ago`;
  const days = Math.floor(hours / 24);
  return days === 1 ? 'yesterday' : `${days} days ago`;
}

/** `12 checks passed, 3 h ago`. */
export const outcomeText = ({ passed, failed, at }: VerdictParams, now: number): string =>
  `${failed > 0 ? `${failed} of ${countText(passed + failed)} failed` : `${countText(passed)} passed`}, ${age(at, now)}`;

export const countText = (checks: number): string => `${checks} ${checks === 1 ? 'check' : 'checks'}`;
