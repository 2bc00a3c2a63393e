/**
 * What three peers' formulas say of the same plans, written anew from their papers and documentation, in bytes. Where a
 * peer has no word for frozen or quantized weights, it is given the benefit: states and gradients of what learns only,
 * weights at their stored size.
 */
import type { Plan } from '../../src/plan/types';
import { parameterCount } from '../../src/plan/weights';
import { trainedParameters } from '../../src/planner/parameters';
import { recipeOf, useOf } from '../../src/techniques/recipe-of';

interface Facts {
  plan: Plan;
  parameters: number;
  trained: number;
  /** Bytes of a stored weight of the layers. */
  weightBytes: number;
  checkpointed: boolean;
  eager: boolean;
  mixed: boolean;
}

function factsOf(plan: Plan): Facts {
  const precision = useOf(plan, 'precision')?.name ?? 'bf16';
  const stored = plan.slots.weights?.name;
  const wide = precision === 'fp32' || precision.startsWith('amp');
  return {
    plan,
    parameters: parameterCount(plan.model),
    trained: trainedParameters(recipeOf(plan)),
    weightBytes: stored === 'nf4' || stored === 'int4' ? 0.5 : stored === 'int8' ? 1 : wide ? 4 : 2,
    checkpointed: plan.slots.backward?.name === 'checkpoint' || plan.slots.backward?.name === 'streambp',
    eager: plan.slots.attention?.name === 'eager',
    mixed: precision !== 'fp32',
  };
}

/** s·b·h, the unit of every formula. */
const unit = ({ plan }: Facts): number => plan.sequence * plan.batch * plan.model.hidden;
/** a·s/h */
const scores = ({ plan }: Facts): number => (plan.model.heads * plan.sequence) / plan.model.hidden;

/**
 * Korthikanti et al., "Reducing Activation Recomputation in Large Transformer Models" (arXiv:2205.05198), as Megatron-LM's
 * theoretical report counts: s·b·h·(34 + 5·a·s/h) a layer with stored scores, 34 without, 2 with full recomputation and
 * one layer at work; 18 bytes a parameter that learns (2 weight, 4 main gradient, 12 optimizer).
 */
function megatron(facts: Facts): number {
  const layer = unit(facts) * (34 + (facts.eager ? 5 * scores(facts) : 0));
  const { layers } = facts.plan.model;
  const activations = facts.checkpointed ? 2 * unit(facts) * layers + layer : layer * layers;
  return facts.weightBytes * facts.parameters + 16 * facts.trained + activations;
}

/**
 * EleutherAI's calculator (cookbook, calc_transformer_mem.py): its own parameter count with two MLP matrices and equal key
 * heads, gradients in 4 bytes, optimizer 12 bytes, and (16·2 + 2) bytes of s·b·h a layer, to which it adds 5·a·s/h unless
 * checkpointed.
 */
function eleuther(facts: Facts): number {
  const { plan, parameters, trained } = facts;
  const { layers, hidden, ffn, vocab } = plan.model;
  const counted =
    2 * vocab * hidden +
    hidden * plan.sequence +
    8 * hidden * layers +
    2 * hidden +
    4 * layers * hidden ** 2 +
    2 * layers * hidden * ffn;
  const learns = trained === parameters ? counted : trained;
  const activations = unit(facts) * layers * (34 + (facts.checkpointed ? 0 : 5 * scores(facts)));
  return Math.min(facts.weightBytes, facts.mixed ? 2 : 4) * counted + 16 * learns + activations;
}

/**
 * DeepSpeed's documentation of model states for one GPU ("Memory Requirements", ZeRO-2 without offload): 4 bytes a
 * parameter and 16 for its share of the states. Activations are left to the user.
 */
const deepspeed = ({ weightBytes, parameters, trained }: Facts): number =>
  trained === parameters ? 20 * parameters : weightBytes * parameters + 18 * trained;

export const PEERS: readonly { name: string; bytes(plan: Plan): number }[] = [
  { name: 'Megatron 34sbh', bytes: (plan) => megatron(factsOf(plan)) },
  { name: 'EleutherAI', bytes: (plan) => eleuther(factsOf(plan)) },
  { name: 'DeepSpeed states', bytes: (plan) => deepspeed(factsOf(plan)) },
];
