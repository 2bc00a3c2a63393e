/** What "run on GPU" proves, by slot and technique. */
import type { TechniqueSlot } from '../../plan/types';
import { check as adafactor } from '../../techniques/adafactor/check';
import { check as adamMini } from '../../techniques/adam-mini/check';
import { check as adamw } from '../../techniques/adamw/check';
import { check as adamwFp8 } from '../../techniques/adamw-fp8/check';
import { check as adamw8bit } from '../../techniques/adamw8bit/check';
import { check as apollo } from '../../techniques/apollo/check';
import { check as apolloMini } from '../../techniques/apollo-mini/check';
import { check as checkpoint } from '../../techniques/checkpoint/check';
import { check as chunked } from '../../techniques/chunked/check';
import { check as columnRowSampling } from '../../techniques/column-row-sampling/check';
import { check as cutCrossEntropy } from '../../techniques/cut-cross-entropy/check';
import { check as dpo } from '../../techniques/dpo/check';
import { check as forwardOnly } from '../../techniques/forward-only/check';
import { check as fp8 } from '../../techniques/fp8/check';
import { check as galore } from '../../techniques/galore/check';
import { check as grpo } from '../../techniques/grpo/check';
import { check as int2 } from '../../techniques/int2/check';
import { check as int4 } from '../../techniques/int4/check';
import { check as int8 } from '../../techniques/int8/check';
import { check as lion } from '../../techniques/lion/check';
import { check as lomo } from '../../techniques/lomo/check';
import { check as lora } from '../../techniques/lora/check';
import { check as mezo } from '../../techniques/mezo/check';
import { check as muon } from '../../techniques/muon/check';
import { checkKept } from '../../techniques/precision/check';
import { check as qGalore } from '../../techniques/q-galore/check';
import { check as reversible } from '../../techniques/reversible/check';
import { check as sgd } from '../../techniques/sgd/check';
import { check as streambp } from '../../techniques/streambp/check';
import { checkGroups, checkHalves, check as nf4 } from '../../techniques/weights/check';
import type { TechniqueCheck } from './context';

const CHECKS: { [slot in TechniqueSlot]?: { [name: string]: TechniqueCheck } } = {
  backward: { checkpoint, streambp, reversible, 'forward-only': forwardOnly },
  loss: { chunked, 'cut-cross-entropy': cutCrossEntropy, dpo, grpo },
  activations: { int8, int4, int2, fp8, 'column-row-sampling': columnRowSampling },
  optimizer: {
    adamw,
    adamw8bit,
    'adamw-fp8': adamwFp8,
    sgd,
    lion,
    muon,
    adafactor,
    'adam-mini': adamMini,
    lomo,
    galore,
    mezo,
    apollo,
    'apollo-mini': apolloMini,
    'q-galore': qGalore,
  },
  weights: { nf4, int8: checkGroups(8), int4: checkGroups(4), fp16: checkHalves('fp16'), bf16: checkHalves('bf16') },
  train: { lora },
  precision: { 'amp-fp16': checkKept('fp16'), 'amp-bf16': checkKept('bf16') },
};

export const checkOf = (slot: TechniqueSlot, name: string): TechniqueCheck | undefined => CHECKS[slot]?.[name];
