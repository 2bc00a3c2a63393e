/** What is to be said of a value that was found, beside the value, and of two plans beside one another. */
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

/** Step time and speed of a plan and of the one that it is compared with. */
interface Speeds {
  step: number;
  otherStep: number;
  tokensPerSecond: number;
  otherTokensPerSecond: number;
}

/** The share of the other plan's time; that of a token (`each`) where steps of the two are not as many tokens. */
export function relativeTime({ step, otherStep, tokensPerSecond, otherTokensPerSecond }: Speeds): {
  share: number;
  each: boolean;
} {
  const share = otherTokensPerSecond / tokensPerSecond;
  return { share, each: Math.abs(share / (step / otherStep) - 1) > 1e-9 };
}
