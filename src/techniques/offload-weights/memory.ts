import { UNSHARDED } from '../../tape/in-flight';
import { weightsOnCard } from '../../tape/pytorch/parameters';
import type { Gathering, PytorchRules } from '../../tape/pytorch/rules';
import type { Recipe } from '../../tape/recipe';
import type { Tensor } from '../../tape/trace';
import type { Place } from '../../tape/types';
import { toDrive, toHost } from '../cards';
import { wholeBytes } from '../fsdp/memory';

/** Weights lie outside the card; a unit's come for its pass, and the next unit's on the way (ZeRO-Infinity, arXiv:2104.07857). */
export const weightsAway = (recipe: Recipe, place: Place): Recipe => ({
  ...recipe,
  stored: (weight) => recipe.stored(weight).map((part) => ({ ...part, place })),
  pytorch: {
    ...recipe.pytorch,
    gathering: broughtUp(recipe, recipe.pytorch.gathering, place),
    afterStep: (step) => {
      recipe.pytorch.afterStep?.(step);
      if (place !== 'nvme') return;
      const updated = weightsOnCard(recipe)
        .filter(({ weight }) => recipe.trains(weight))
        .reduce((sum, { weight, count }) => sum + count * wholeBytes(recipe, weight), 0);
      if (updated > 0) step.trace.op({ op: 'to_drive', label: 'weights', traffic: toDrive(updated) });
    },
  },
});

function broughtUp(recipe: Recipe, base: PytorchRules['gathering'], place: Place): Gathering {
  return {
    stays: base?.stays ?? false,
    root: base?.root ?? recipe.model.tiedEmbeddings,
    holdsInputs: base?.holdsInputs ?? false,
    gather: (step, unit, pass) => {
      const { trace } = step;
      const bytes = unit.weights.reduce((sum, weight) => sum + wholeBytes(recipe, weight), 0);
      if (bytes === 0) return [];
      // What other cards have a part of is gathered after a card's own part came up.
      const brought = (name: string): Tensor => trace.tensor(name, [bytes], 'int8', 'weights');
      const own = base ? [] : [brought(UNSHARDED), ...(unit.name === 'layer' ? [brought('next')] : [])];
      if (place === 'nvme') trace.op({ op: 'from_drive', label: `weights.${unit.name}`, traffic: toDrive(bytes) });
      trace.op({ op: 'from_host', label: `weights.${unit.name}`, writes: own, traffic: toHost(bytes) });
      return [...own, ...(base?.gather(step, unit, pass) ?? [])];
    },
  };
}
