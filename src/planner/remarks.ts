/** What is to be said of a value that was found, beside the value. */
import { formatQuantity } from '../plan/format';
import type { Answer } from './answers';

/** `find`: the question, as `max sequence`; `limitedBy`: the text of the `require` that the next value breaks. */
type Found = Pick<Answer, 'uneven' | 'arranged' | 'host' | 'unit'> & { find: string; limitedBy?: string };

export const asksForMost = (find: string): boolean => find.startsWith('max');

/** What ends the search although the card would do, and how far the border is from even; each a clause that is added to a sentence, or nothing. */
export function remarksOn({ find, uneven, arranged, host, unit, limitedBy }: Found): { bound: string; border: string } {
  const most = asksForMost(find);
  const by = limitedBy === undefined ? host && 'the `host-memory`' : `\`require ${limitedBy}\``;
  const gap =
    uneven === undefined
      ? ''
      : `; not every ${most ? 'smaller' : 'larger'} value serves: ${formatQuantity(uneven, unit)} is the nearest found that does not`;
  const loose =
    arranged === undefined
      ? ''
      : `; ${most ? 'up to' : 'from'} ${formatQuantity(arranged, unit)} the tensors fit, and how the allocator places them decides`;
  return { bound: by ? `; the card would do: ${by} ends it` : '', border: gap + loose };
}
