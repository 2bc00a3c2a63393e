/** What "run on GPU" proves, by slot and technique. */
import type { TechniqueSlot } from '../../plan/types';
import { check as checkpoint } from '../../techniques/checkpoint/check';
import { check as chunked } from '../../techniques/chunked/check';
import { check as cutCrossEntropy } from '../../techniques/cut-cross-entropy/check';
import { check as galore } from '../../techniques/galore/check';
import { check as int8 } from '../../techniques/int8/check';
import { check as streambp } from '../../techniques/streambp/check';
import type { TechniqueCheck } from './context';

const CHECKS: { [slot in TechniqueSlot]?: { [name: string]: TechniqueCheck } } = {
  backward: { checkpoint, streambp },
  loss: { chunked, 'cut-cross-entropy': cutCrossEntropy },
  activations: { int8 },
  optimizer: { galore },
};

export const checkOf = (slot: TechniqueSlot, name: string): TechniqueCheck | undefined => CHECKS[slot]?.[name];
