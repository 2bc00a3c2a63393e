/** A short name for all that a run of a plan depends on: its data and its proxy. No cryptography: two are compared, no one is fooled. */
import type { PlanAnalysis } from './analyze';

/** Equal for equal plans and proxies; FNV-1a over their text, twice 32 bits. */
export function fingerprintOf({ plan, run }: Pick<PlanAnalysis, 'plan' | 'run'>): string {
  // What a card was measured to reach changes estimates, not what runs.
  const text = JSON.stringify([plan && { ...plan, device: { ...plan.device, measured: undefined } }, run]);
  return [0x811c9dc5, 0x9dc5811c].map((seed) => fnv(text, seed).toString(16).padStart(8, '0')).join('');
}

function fnv(text: string, seed: number): number {
  let hash = seed;
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  return hash >>> 0;
}
