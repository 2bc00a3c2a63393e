/** What of a step lies outside the card, and what goes over its links. */
import type { Place, Tape, TapeNode, Traffic } from '../tape/types';

/** Most bytes that lie in each place at one time. A repeat is walked once for what it leaves behind, as on the card. */
export function hostBytes(tape: Tape): Record<Place, number> {
  const live = { cpu: 0, nvme: 0 };
  const most = { cpu: 0, nvme: 0 };
  const add = (ids: readonly number[], sign: 1 | -1): void => {
    for (const id of ids) {
      const host = tape.tensors[id]?.host;
      if (!host) continue;
      live[host.place] += sign * host.bytes;
      most[host.place] = Math.max(most[host.place], live[host.place]);
    }
  };
  const walk = (body: readonly TapeNode[]): void => {
    for (const node of body) {
      if (node.kind === 'op') {
        add(node.allocs, 1);
        add(node.frees, -1);
      } else if (node.kind === 'repeat') {
        const before = { ...live };
        walk(node.body);
        if (node.count <= 1) continue;
        for (const place of ['cpu', 'nvme'] as const)
          live[place] = before[place] + (node.count - 1) * (live[place] - before[place]);
        walk(node.body);
      }
    }
  };
  walk(tape.body);
  return most;
}

/** Bytes of a step that a card sends to others, and to its host. */
export function trafficOf(tape: Tape): Record<Traffic['to'], number> {
  const sums = { cards: 0, host: 0 };
  const walk = (body: readonly TapeNode[], times: number): void => {
    for (const node of body) {
      if (node.kind === 'repeat') walk(node.body, times * node.count);
      else if (node.kind === 'op' && node.traffic) sums[node.traffic.to] += times * node.traffic.bytes;
    }
  };
  walk(tape.body, 1);
  return sums;
}

export const movesAnything = (tape: Tape): boolean => tape.tensors.some(({ host }) => host);
