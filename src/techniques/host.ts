/** What leaves the card: to the host's memory, or through it to a drive. */
import type { Argument, Relation } from './spec';

export const placeArgument = (doc: string): Argument => ({
  name: 'to',
  type: { kind: 'choice', of: ['cpu', 'nvme'] },
  default: 'cpu',
  doc,
});

export const NO_HOST_ENGINE: Relation = {
  slot: 'engine',
  names: ['webgpu'],
  why: "Memplan's own engine keeps everything on the card",
};
