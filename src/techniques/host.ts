/** What leaves the card: to the host's memory, or through it to a drive. */
import type { Argument } from './spec';

export const placeArgument = (doc: string): Argument => ({
  name: 'to',
  type: { kind: 'choice', of: ['cpu', 'nvme'] },
  default: 'cpu',
  doc,
});
