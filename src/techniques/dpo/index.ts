import { number, word } from '../arguments';
import { adaptersToSwitchOff, anyOf, BLOCKS_HAVE_NO_LOSS, decodersOnly } from '../relations';
import { type Argument, arxiv } from '../spec';
import type { Technique } from '../technique';
import { preferenceRecipe, type Reference } from './memory';
import { referenceRule, withObjective } from './webgpu';

export const CHUNK: Argument = {
  name: 'chunk',
  type: { kind: 'count', tokens: true, min: 0 },
  default: 0,
  doc: 'Tokens of one chunk of logits, which are made again in backward; 0 makes all at once.',
};

const REFERENCE: Argument = {
  name: 'reference',
  type: { kind: 'choice', of: ['model', 'adapters-off', 'precomputed'] },
  default: 'model',
  doc: "Where the reference's log-probabilities come from: a second model, the same without its adapters, or a run beforehand.",
};

export const dpo: Technique = {
  spec: {
    name: 'dpo',
    slot: 'loss',
    exact: true,
    summary: 'Direct preference optimization: a chosen and a rejected answer for each row of the batch.',
    formula:
      'twice the rows; logits, their log-probabilities and two gradients of them; with a second model, its weights and its logits',
    cost: 'the reference runs forward too, unless it has run before',
    args: [
      { name: 'beta', type: { kind: 'number', min: 0 }, default: 0.1, doc: 'Weight of the distance to the reference.' },
      REFERENCE,
      CHUNK,
    ],
    objective: true,
    usual: [],
    excludes: [BLOCKS_HAVE_NO_LOSS],
    citation: arxiv('2305.18290', 'Direct Preference Optimization: Your Language Model is Secretly a Reward Model'),
  },
  refuses: anyOf(decodersOnly('DPO'), adaptersToSwitchOff),
  rewrite: (recipe, args) =>
    preferenceRecipe(recipe, {
      // Chosen and rejected answers are stacked.
      rows: 2,
      reference: word(args, 'reference') as Reference,
      when: 'after',
      chunk: number(args, 'chunk'),
      scaled: false,
    }),
  webgpu: (recipe, args) =>
    withObjective(
      recipe,
      { kind: 'dpo', beta: number(args, 'beta'), reference: referenceRule(word(args, 'reference') as Reference) },
      number(args, 'chunk'),
    ),
};
