/** Every technique the product knows: one line each. */
import { isListSlot, type Plan, type Slot, TECHNIQUE_SLOTS, type TechniqueSlot, type Use } from '../plan/types';
import { activationOffload } from './activation-offload';
import { adafactor } from './adafactor';
import { adalomo } from './adalomo';
import { adamMini } from './adam-mini';
import { adamw } from './adamw';
import { adamwFp8 } from './adamw-fp8';
import { adamw8bit } from './adamw8bit';
import { allocators } from './allocator';
import { apollo } from './apollo';
import { apolloMini } from './apollo-mini';
import { attentionKernels } from './attention';
import { badam } from './badam';
import { bitfit } from './bitfit';
import { came } from './came';
import { checkpoint } from './checkpoint';
import { chunked } from './chunked';
import { columnRowSampling } from './column-row-sampling';
import { compacter } from './compacter';
import { context } from './context';
import { cosmos } from './cosmos';
import { crossEntropy } from './cross-entropy';
import { cutCrossEntropy } from './cut-cross-entropy';
import { data } from './data';
import { dora } from './dora';
import { dpo } from './dpo';
import { efficientQat } from './efficient-qat';
import { engines } from './engine';
import { exact } from './exact';
import { expert } from './expert';
import { fira } from './fira';
import { forwardOnly } from './forward-only';
import { fp8Activations } from './fp8';
import { frozen } from './frozen';
import { frugal } from './frugal';
import { fsdp } from './fsdp';
import { full } from './full';
import { galore } from './galore';
import { gradientTypes } from './gradients';
import { grpo } from './grpo';
import { int2Activations } from './int2';
import { int4Activations } from './int4';
import { int8Activations } from './int8';
import { ladder } from './ladder';
import { lion } from './lion';
import { lisa } from './lisa';
import { lomo } from './lomo';
import { lora } from './lora';
import { loraFa } from './lora-fa';
import { loram } from './loram';
import { lqLora } from './lq-lora';
import { lrQat } from './lr-qat';
import { mezo } from './mezo';
import { muon } from './muon';
import { naturalGalore } from './natural-galore';
import { none } from './none';
import { offloadGradients } from './offload-gradients';
import { offloadOptimizer } from './offload-optimizer';
import { offloadWeights } from './offload-weights';
import { owlore } from './owlore';
import { peqa } from './peqa';
import { pipeline } from './pipeline';
import { precisions } from './precision';
import { fp8 } from './precision/fp8';
import { qGalore } from './q-galore';
import { qst } from './qst';
import { qzo } from './qzo';
import { reversible } from './reversible';
import { s2ft } from './s2ft';
import { seco } from './seco';
import { sequenceChunkedMlp } from './sequence-chunked-mlp';
import { sgd } from './sgd';
import { sm3 } from './sm3';
import { spam } from './spam';
import { sparseMezo } from './sparse-mezo';
import type { Spec } from './spec';
import { standard } from './standard';
import { streambp } from './streambp';
import type { Technique } from './technique';
import { tensor } from './tensor';
import { weightTypes } from './weights';
import { zero } from './zero';

export const techniques: readonly Technique[] = [
  ...precisions,
  fp8,
  ...weightTypes,
  full,
  lora,
  dora,
  loraFa,
  loram,
  lqLora,
  s2ft,
  compacter,
  peqa,
  efficientQat,
  lrQat,
  ladder,
  qst,
  lisa,
  owlore,
  badam,
  bitfit,
  frozen,
  ...gradientTypes,
  adamw,
  adamw8bit,
  adamwFp8,
  sgd,
  galore,
  lion,
  adafactor,
  came,
  adamMini,
  muon,
  sm3,
  apollo,
  apolloMini,
  qGalore,
  naturalGalore,
  fira,
  frugal,
  cosmos,
  spam,
  lomo,
  adalomo,
  mezo,
  sparseMezo,
  qzo,
  none,
  standard,
  checkpoint,
  streambp,
  forwardOnly,
  seco,
  reversible,
  sequenceChunkedMlp,
  exact,
  int8Activations,
  int4Activations,
  int2Activations,
  fp8Activations,
  columnRowSampling,
  activationOffload,
  ...attentionKernels,
  crossEntropy,
  chunked,
  cutCrossEntropy,
  dpo,
  grpo,
  data,
  zero,
  fsdp,
  tensor,
  pipeline,
  context,
  expert,
  offloadOptimizer,
  offloadGradients,
  offloadWeights,
  ...allocators,
  ...engines,
];

/** What a slot holds where a plan does not state it. `weights` and `gradients` then follow the precision. */
export const DEFAULT_USE: { readonly [slot in TechniqueSlot]?: Use } = {
  precision: { name: 'bf16', args: {} },
  train: { name: 'full', args: {} },
  optimizer: { name: 'adamw', args: {} },
  backward: { name: 'standard', args: {} },
  activations: { name: 'exact', args: {} },
  attention: { name: 'flash', args: {} },
  loss: { name: 'cross-entropy', args: {} },
  allocator: { name: 'cuda-caching', args: {} },
  engine: { name: 'pytorch', args: {} },
};

const bySlot = new Map(
  [...new Set(techniques.map(({ spec }) => spec.slot))].map((slot) => [
    slot,
    new Map(techniques.filter(({ spec }) => spec.slot === slot).map((technique) => [technique.spec.name, technique])),
  ]),
);

export const allSpecs: readonly Spec[] = techniques.map((technique) => technique.spec);
export const specsOf = (slot: Slot): Spec[] => allSpecs.filter((spec) => spec.slot === slot);
export const findTechnique = (slot: Slot, name: string): Technique | undefined => bySlot.get(slot)?.get(name);
export const findSpec = (slot: Slot, name: string): Spec | undefined => findTechnique(slot, name)?.spec;

type Techniques = Pick<Plan, 'slots' | 'lists'>;

/** The techniques that a plan states in a slot. */
export function statedIn({ slots, lists }: Techniques, slot: Slot): readonly Use[] {
  if (isListSlot(slot)) return lists[slot] ?? [];
  const use = slots[slot];
  return use ? [use] : [];
}

/** Those that it has there: what is stated, or else the slot's default. */
export function usesIn(plan: Techniques, slot: Slot): readonly Use[] {
  const stated = statedIn(plan, slot);
  const standard = isListSlot(slot) ? undefined : DEFAULT_USE[slot];
  return stated.length === 0 && standard ? [standard] : stated;
}

/** Slots in the order in which techniques rewrite a recipe: each may build on what stands before it. */
export const REWRITE_ORDER: readonly TechniqueSlot[] = TECHNIQUE_SLOTS;
