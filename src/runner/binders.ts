/** Every op that the runner executes: the engine's own, and what each technique brings. */
import { adafactorBinders } from '../techniques/adafactor/run';
import { adamMiniBinders } from '../techniques/adam-mini/run';
import { adamwBinders } from '../techniques/adamw/run';
import { adamwFp8Binders } from '../techniques/adamw-fp8/run';
import { adamw8bitBinders } from '../techniques/adamw8bit/run';
import { apolloBinders } from '../techniques/apollo/run';
import { columnRowBinders } from '../techniques/column-row-sampling/run';
import { cutCrossEntropyBinders } from '../techniques/cut-cross-entropy/run';
import { preferenceBinders } from '../techniques/dpo/run';
import { float8Binders } from '../techniques/fp8/run';
import { galoreBinders } from '../techniques/galore/run';
import { integerBinders } from '../techniques/int8/run';
import { lionBinders } from '../techniques/lion/run';
import { mezoBinders } from '../techniques/mezo/run';
import { muonBinders } from '../techniques/muon/run';
import { qGaloreBinders } from '../techniques/q-galore/run';
import { reversibleBinders } from '../techniques/reversible/run';
import { sgdBinders } from '../techniques/sgd/run';
import { weightBinders } from '../techniques/weights/run';
import { attentionBinders } from './ops/attention';
import type { Binders } from './ops/bind';
import { microBinders } from './ops/micro';
import { modelBinders } from './ops/model';

export const binders: Binders = {
  ...modelBinders,
  ...attentionBinders,
  ...microBinders,
  ...adamwBinders,
  ...adamw8bitBinders,
  ...adamwFp8Binders,
  ...sgdBinders,
  ...lionBinders,
  ...adafactorBinders,
  ...adamMiniBinders,
  ...muonBinders,
  ...mezoBinders,
  ...apolloBinders,
  ...galoreBinders,
  ...qGaloreBinders,
  ...columnRowBinders,
  ...integerBinders,
  ...float8Binders,
  ...preferenceBinders,
  ...reversibleBinders,
  ...cutCrossEntropyBinders,
  ...weightBinders,
};
