/** From a plan to its recipe and its tape: every slot's technique, or the slot's default, rewrites in turn. */
import { LIST_SLOTS, type ListSlot, type Plan, type Slot, type TechniqueSlot, type Use, type Value } from '../plan/types';
import { before } from '../plan/version';
import { ONE_CARD } from '../tape/cards';
import { FUSED, type LossEra, type PytorchOptions } from '../tape/pytorch/context';
import type { WrittenLayers } from '../tape/pytorch/layer-spans';
import { fullLogits } from '../tape/pytorch/loss';
import { lowerPytorch, type Written } from '../tape/pytorch/step';
import type { Recipe } from '../tape/recipe';
import type { Tape } from '../tape/types';
import { PLAIN_WEBGPU } from '../tape/webgpu/rules';
import { lowerWebgpu } from '../tape/webgpu/step';
import { DEFAULT_USE, findTechnique, REWRITE_ORDER, specsOf } from './registry';
import { complete, SHARED, type Shared } from './spec';
import { standardPytorch } from './standard/memory';
import type { Technique } from './technique';

/** The technique of a slot with complete arguments; undefined where the slot is empty and has no default. */
export function useOf(plan: Plan, slot: TechniqueSlot): Use | undefined {
  const use = plan.slots[slot] ?? DEFAULT_USE[slot];
  if (!use) return undefined;
  return { name: use.name, args: found(slot, use).args };
}

/** A stated technique, with complete arguments. */
function found(slot: Slot, use: Use): { technique: Technique; args: Use['args'] } {
  const technique = findTechnique(slot, use.name);
  if (!technique) throw new Error(`${slot} has no technique named ${use.name}`);
  return { technique, args: complete(technique.spec, use).args };
}

/** The plain recipe, every slot at its default, rewritten by the plan's stated techniques in the order of the slots. */
export function recipeOf(plan: Plan): Recipe {
  const webgpu = useOf(plan, 'engine')?.name === 'webgpu';
  const rewrite = (recipe: Recipe, slot: TechniqueSlot, use: Use): Recipe => {
    const { technique, args } = found(slot, use);
    const rewritten = technique.rewrite(recipe, args);
    return webgpu && technique.webgpu ? technique.webgpu(rewritten, args) : rewritten;
  };
  const slots = REWRITE_ORDER.map((slot) => ({ slot, standard: DEFAULT_USE[slot], stated: plan.slots[slot] }));
  const plain = slots.reduce((recipe, { slot, standard }) => (standard ? rewrite(recipe, slot, standard) : recipe), blank(plan));
  return slots.reduce((recipe, { slot, stated }) => (stated ? rewrite(recipe, slot, stated) : recipe), plain);
}

/** Before any technique; every part is set by one of the defaults. */
function blank(plan: Plan): Recipe {
  return {
    model: plan.model,
    batch: plan.batch,
    sequence: plan.sequence,
    accumulate: plan.accumulate,
    compute: 'fp32',
    autocast: false,
    parameters: 'fp32',
    gradients: null,
    stored: (weight) => [{ name: 'weight', shape: weight.shape, dtype: 'fp32' }],
    trains: () => true,
    adapters: null,
    added: () => ({ layer: [], outside: [], shared: [] }),
    active: null,
    states: () => [],
    layerwise: false,
    cards: ONE_CARD,
    share: (weight) => weight.shape,
    used: null,
    buffers: [],
    pytorch: { attention: 'sdpa', schedule: standardPytorch, loss: fullLogits, optimizerStep: () => {} },
    webgpu: PLAIN_WEBGPU,
  };
}

const inOrder = (slot: ListSlot): string[] =>
  specsOf(slot)
    .sort((a, b) => SHARED.indexOf(a.shares as Shared) - SHARED.indexOf(b.shares as Shared))
    .map(({ name }) => name);
/** Axes as they cut a recipe; what is offloaded, in any order. */
const ORDER: Readonly<Record<ListSlot, readonly string[]>> = { parallel: inOrder('parallel'), offload: inOrder('offload') };

/** The recipe of one card of a plan that is spread over several, or that keeps something outside of it. */
export function recipeOnCard(plan: Plan, stage = 0): Recipe {
  const recipe = recipeOf(plan);
  const staged = stage === 0 ? recipe : { ...recipe, cards: { ...recipe.cards, stage: { ...recipe.cards.stage, index: stage } } };
  return LIST_SLOTS.reduce((all, slot) => {
    const uses = [...(plan.lists[slot] ?? [])].sort((a, b) => ORDER[slot].indexOf(a.name) - ORDER[slot].indexOf(b.name));
    return uses.reduce((one, use) => {
      const { technique, args } = found(slot, use);
      return technique.rewrite(one, args);
    }, all);
  }, staged);
}

/** The tape of a plan's card: of the first stage, where there are several. */
export const tapeOf = (plan: Plan): Tape => lowerRecipe(plan, recipeOnCard(plan));

/** Writes a recipe, the plan's own or one made from it, for the plan's engine. */
export const lowerRecipe = (plan: Plan, recipe: Recipe): Tape => writeRecipe(plan, recipe).tape;

/** The same, with the layers of another card of the plan (or of a plan that differs by its loss alone) where its own are alike. */
export function writeRecipe(plan: Plan, recipe: Recipe, from?: WrittenLayers | null): Written {
  const engine = useOf(plan, 'engine') as Use;
  if (engine.name === 'webgpu') return { tape: lowerWebgpu(recipe), layers: null };
  return lowerPytorch(recipe, pytorchOptions(engine), from);
}

/** transformers moved the float32 copy into the loss in 4.46 and padded labels in place of shifted logits from 4.50 on. */
function lossEra(version: string): LossEra {
  if (before(version, 4, 46)) return 'output-float';
  if (before(version, 4, 50)) return 'loss-float-shift';
  return 'padded-labels';
}

const pytorchOptions = (engine: Use): PytorchOptions => ({
  lossEra: lossEra(String(engine.args.transformers)),
  holdOutput: engine.args['hold-output'] === true,
  holdGraph: engine.args['hold-graph'] === true,
  raiseOutput: engine.args['raise-output'] === true,
  kernels: engine.args.kernels === 'cpu' ? 'cpu' : 'cuda',
  castCache: true,
  mathRaises: !before(String(engine.args.torch), 2, 5),
  softmaxKeepsInput: before(String(engine.args.torch), 1, 11),
  compile: engine.args.compile === true,
  compileLoss: engine.args.compile === true && engine.args['compile-loss'] !== false,
  fused: FUSED.filter((part) => (engine.args.fused as Value[] | undefined)?.includes(part)),
  sequenceFirst: engine.args['sequence-first'] === true,
});
