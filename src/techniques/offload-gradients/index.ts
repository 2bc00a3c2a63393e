import { bytesPer } from '../../plan/dtypes';
import { inGradientType } from '../../tape/pytorch/step';
import { toHost } from '../cards';
import { NO_HOST_ENGINE } from '../host';
import { arxiv } from '../spec';
import type { Technique } from '../technique';

export const offloadGradients: Technique = {
  spec: {
    name: 'gradients',
    slot: 'offload',
    exact: true,
    summary: "Gradients go to the host's memory as they are made.",
    formula:
      'a gradient is on the card until it is copied; what is kept of it lies on the host. With ZeRO 4 bytes for the step on the host, and 2 more in stage 3 or where micro-batches are summed (DeepSpeed)',
    cost: 'gradients go down once a micro-batch, behind backward',
    args: [
      {
        name: 'to',
        type: { kind: 'choice', of: ['cpu'] },
        default: 'cpu',
        doc: 'Where they lie.',
      },
    ],
    needs: [{ slot: 'offload', names: ['optimizer'], why: 'a step on the card would want them back' }],
    excludes: [NO_HOST_ENGINE],
    citation: arxiv('2101.06840', 'ZeRO-Offload: Democratizing Billion-Scale Model Training'),
  },
  rewrite: (recipe) => {
    const base = recipe.pytorch.reduction;
    return {
      ...recipe,
      pytorch: {
        ...recipe.pytorch,
        reduction: {
          ...base,
          at: base?.at ?? 'parameter',
          away: true,
          whole: false,
          reduce: (step, finished) => {
            const { trace } = step;
            const whole = base?.reduce(step, finished) ?? finished.map(({ gradient }) => gradient);
            return whole.map((made) => {
              const gradient = inGradientType(trace, recipe, made);
              const away = trace.tensor('host', gradient.shape, gradient.dtype, 'gradients', 0);
              const each = base?.hostBytes;
              const bytes = each === undefined ? gradient.bytes : (each * gradient.bytes) / bytesPer(gradient.dtype);
              away.host = { place: 'cpu', bytes };
              trace.op({ op: 'to_host', label: 'gradient', reads: [gradient], writes: [away], traffic: toHost(gradient.bytes) });
              trace.release(gradient);
              return away;
            });
          },
        },
      },
    };
  },
  refuses: ({ lists }) =>
    lists.parallel?.some((use) => use.name === 'fsdp' && use.args.sync === false)
      ? 'FSDP without `sync` keeps whole gradients on the card until the last micro-batch'
      : undefined,
};
