import { number } from '../arguments';
import { BACKBONE_IS_NOT_DIFFERENTIATED, ladder } from '../ladder';
import { besideBackbone, sideModel } from '../ladder/memory';
import { arxiv } from '../spec';
import type { Technique } from '../technique';

export const qst: Technique = {
  spec: {
    name: 'qst',
    slot: 'train',
    exact: false,
    summary: 'A side network beside a 4-bit model, with ladders of low rank.',
    formula: 'as a ladder, with rank · (hidden + hidden/reduction) parameters a rung',
    cost: 'as a ladder, and the model is dequantized at every use',
    args: [
      {
        name: 'reduction',
        type: { kind: 'count', min: 1, max: 4096 },
        default: 16,
        doc: "The model's width over the side network's.",
      },
      { name: 'rank', type: { kind: 'count', min: 1, max: 65536 }, default: 16, doc: 'Rank of the ladders.' },
    ],
    usual: [],
    needs: [{ slot: 'weights', names: ['nf4'], why: 'QST is side-tuning of a 4-bit model; without quantization it is `ladder`' }],
    excludes: BACKBONE_IS_NOT_DIFFERENTIATED,
    citation: arxiv('2401.07159', 'Quantized Side Tuning: Fast and Memory-Efficient Tuning of Quantized Large Language Models'),
  },
  ...(ladder.refuses ? { refuses: ladder.refuses } : {}),
  rewrite: (recipe, args) => {
    const model = sideModel(recipe.model, number(args, 'reduction'));
    return besideBackbone(recipe, { model, low: number(args, 'rank'), gates: model.hidden });
  },
};
