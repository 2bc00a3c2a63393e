import { number, word } from '../arguments';
import { CHUNK } from '../dpo';
import { preferenceRecipe, type Reference } from '../dpo/memory';
import { referenceRule, withObjective } from '../dpo/webgpu';
import { adaptersToSwitchOff, anyOf, BLOCKS_HAVE_NO_LOSS, decodersOnly } from '../relations';
import { arxiv } from '../spec';
import type { Technique } from '../technique';
import { CLIP, DISTANCE } from './webgpu';

export const grpo: Technique = {
  spec: {
    name: 'grpo',
    slot: 'loss',
    exact: true,
    summary: 'Group relative policy optimization: each row is one sampled answer, weighted by its advantage.',
    formula: 'logits and their scaled copy, log-probabilities and two gradients of them; with a second model, its weights',
    cost: 'sampling aside; the reference runs forward before the step, where there is one',
    args: [
      { name: 'temperature', type: { kind: 'number', min: 0.01 }, default: 1, doc: 'What logits are divided by, out of place.' },
      {
        name: 'reference',
        type: { kind: 'choice', of: ['none', 'model', 'adapters-off', 'precomputed'] },
        default: 'none',
        doc: "Where the reference's log-probabilities come from; none without a weight on the distance to it.",
      },
      CHUNK,
    ],
    objective: true,
    usual: [],
    excludes: [BLOCKS_HAVE_NO_LOSS],
    citation: arxiv('2402.03300', 'DeepSeekMath: Pushing the Limits of Mathematical Reasoning in Open Language Models'),
  },
  refuses: anyOf(decodersOnly('GRPO'), adaptersToSwitchOff),
  rewrite: (recipe, args) =>
    preferenceRecipe(recipe, {
      rows: 1,
      reference: word(args, 'reference') as Reference,
      when: 'before',
      chunk: number(args, 'chunk'),
      scaled: true,
    }),
  webgpu: (recipe, args) =>
    withObjective(
      recipe,
      {
        kind: 'grpo',
        temperature: number(args, 'temperature'),
        distance: word(args, 'reference') === 'none' ? 0 : DISTANCE,
        clip: CLIP,
        reference: referenceRule(word(args, 'reference') as Reference),
      },
      number(args, 'chunk'),
    ),
};
