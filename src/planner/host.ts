/** What of a step lies outside the card, and what goes over its links. */
import type { Plan } from '../plan/types';
import type { Place, Tape, TapeNode, Traffic } from '../tape/types';
import type { Estimate } from './types';

const NONE: Record<Place, number> = { cpu: 0, nvme: 0, managed: 0 };
const PLACES = Object.keys(NONE) as Place[];

/** Most bytes that lie in each place at one time. A repeat is walked once for what it leaves behind, as on the card. */
function hostBytes(tape: Tape): Record<Place, number> {
  const live = { ...NONE };
  const most = { ...NONE };
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
        for (const place of PLACES) live[place] = before[place] + (node.count - 1) * (live[place] - before[place]);
        walk(node.body);
      }
    }
  };
  walk(tape.body);
  return most;
}

/** Bytes of a step that a card sends to others, that cross the link to its host, and that a drive behind it reads and writes. */
export function trafficOf(tape: Tape): Record<Traffic['to'], number> {
  const sums = { cards: 0, host: 0, drive: 0 };
  const walk = (body: readonly TapeNode[], times: number): void => {
    for (const node of body) {
      if (node.kind === 'repeat') walk(node.body, times * node.count);
      else if (node.kind === 'op' && node.traffic) sums[node.traffic.to] += times * node.traffic.bytes;
    }
  };
  walk(tape.body, 1);
  // A card's part of a ring may be no whole number of bytes.
  return { cards: Math.round(sums.cards), host: Math.round(sums.host), drive: Math.round(sums.drive) };
}

/**
 * Bytes of managed memory that a card has no room for beside its peak: the driver keeps their pages on the host, and brings them
 * when an update wants them.
 */
export const pagedOut = (managed: number, peak: number, { device }: Plan): number =>
  Math.min(managed, Math.max(0, managed + peak - (device.memory - device.reserve)));

/** Bytes of managed memory that a step keeps. */
export const managedBytes = (tape: Tape): number =>
  tape.tensors.some(({ host }) => host?.place === 'managed') ? hostBytes(tape).managed : 0;

/** What lies outside the card, and bytes that cross its host's link in a step; undefined where nothing does. */
export function hostOf(tape: Tape, paged: number): Estimate['host'] {
  if (!tape.tensors.some(({ host }) => host)) return undefined;
  const { cpu, nvme } = hostBytes(tape);
  const { host, drive } = trafficOf(tape);
  return cpu + nvme + paged > 0
    ? { cpu: cpu + paged, nvme, moved: host + 2 * paged, ...(drive > 0 ? { drive } : {}) }
    : undefined;
}
