import { bytesPer } from '../../plan/dtypes';
import { partsBytes } from '../../tape/pytorch/parameters';
import type { Place } from '../../tape/types';
import { word } from '../arguments';
import { toDrive, toHost } from '../cards';
import { NO_HOST_ENGINE, placeArgument } from '../host';
import { arxiv } from '../spec';
import type { Technique } from '../technique';

/** DeepSpeed's CPU-Adam on two Xeon Platinum 8168: 2.57 s for 10¹⁰ parameters (arXiv:2101.06840, Table 4). */
const HOST_SECONDS = 2.57e-10;

export const offloadOptimizer: Technique = {
  spec: {
    name: 'optimizer',
    slot: 'offload',
    exact: true,
    summary: "The optimizer's states lie in the host's memory or on a drive, and the host makes the step.",
    formula:
      'states leave the card; gradients go down and updated weights come up, 2 · parameters · bytes a step; from a drive states are read and written back each step',
    cost: "traffic over the host's link, and a step at the host's speed: 0.26 s for a thousand million parameters of the card's part",
    args: [
      placeArgument("Where the states lie. DeepSpeed's `offload_optimizer` moves gradients too: state `gradients` besides."),
    ],
    excludes: [
      NO_HOST_ENGINE,
      {
        slot: 'optimizer',
        names: ['none', 'lomo', 'adalomo', 'mezo', 'sparse-mezo', 'qzo'],
        why: 'it keeps no states that could leave',
      },
      { slot: 'optimizer', names: ['adamw8bit'], why: 'bitsandbytes steps on the card only; `paged` is how its states leave it' },
    ],
    cautions: [
      {
        slot: 'optimizer',
        names: ['lion', 'sgd', 'adafactor', 'came', 'sm3'],
        why: 'its states are small: little leaves the card for what goes over the link',
      },
    ],
    citation: arxiv('2101.06840', 'ZeRO-Offload: Democratizing Billion-Scale Model Training'),
  },
  rewrite: (recipe, args) => {
    const place = word(args, 'to') as Place;
    return {
      ...recipe,
      states: (weight, dtype) => recipe.states(weight, dtype).map((state) => ({ ...state, place })),
      pytorch: {
        ...recipe.pytorch,
        optimizerStep: (step, parameters) => {
          const { trace } = step;
          const down = step.recipe.pytorch.reduction?.away ? 0 : bytesPer(recipe.gradients ?? recipe.compute);
          const bytes = parameters.reduce((sum, group) => sum + group.count * (group.bytes + group.elements * down), 0);
          const seconds = HOST_SECONDS * parameters.reduce((sum, { count, elements }) => sum + count * elements, 0);
          trace.op({ op: 'host.step', label: 'optimizer.host', traffic: toHost(bytes), seconds });
          if (place !== 'nvme') return;
          const states = parameters.reduce(
            (sum, { name, count, dtype }) => sum + count * partsBytes(recipe.states(step.weight(name), dtype)),
            0,
          );
          trace.op({ op: 'drive.swap', label: 'optimizer.states', traffic: toDrive(2 * states) });
        },
      },
    };
  },
};
