/** What is known of keys, techniques, presets and figures, as Markdown. */
import { formatBytes, formatCount, formatShort } from '../../../src/plan/format';
import type { Device, Model, Slot } from '../../../src/plan/types';
import { parameterCount } from '../../../src/plan/weights';
import type { Figure } from '../../../src/planner/expression';
import { allSpecs, DEFAULT_USE } from '../../../src/techniques/registry';
import type { Argument, ArgumentType, Relation, Spec } from '../../../src/techniques/spec';
import { between } from '../conversions';
import { DEVICE_KEYS } from '../devices';
import { MODEL_KEYS } from '../models';
import { RUN_KEYS } from '../runs';
import type { BlockKind } from './cursor';

const PLAN_DOCS: { readonly [key: string]: string } = {
  model: 'The declared model that is trained.',
  device: 'The declared card that it is trained on.',
  batch: 'Sequences on one device in a micro-batch. Default 1.',
  sequence: 'Tokens of a sequence; `16k` is 16,384.',
  accumulate: 'Micro-batches for one optimizer step. Default 1.',
  precision: 'Type of computation, and autocast.',
  weights: 'How weights are stored. Default: as `precision` says.',
  train: 'Which parameters learn.',
  gradients: 'Type of stored gradients. Default: that of the weights.',
  optimizer: 'State and step of the optimizer.',
  backward: 'How gradients are produced.',
  activations: 'How tensors that backward needs are kept.',
  attention: 'Attention kernel.',
  loss: 'Head and loss.',
  parallel: 'How work is spread over devices: a list.',
  offload: 'What leaves the card while it is not needed: a list.',
  allocator: 'How a framework rounds what it allocates.',
  engine: 'Whose saved tensors and temporaries are modelled.',
};

export const STATEMENT_DOCS: { readonly [word: string]: string } = {
  require:
    'A condition on this plan’s figures. An error stands on its line when it does not hold.\n\n`require peak <= 23 GiB`, `require time <= 1.5 * full.time`',
  find: 'The largest or smallest value at which the plan fits its card and holds what it requires.\n\n`find max sequence`, `find max galore.rank`',
  sweep: 'One estimate for each value, drawn as a curve.\n\n`sweep sequence in [4k, 8k, 16k]`',
  compare: 'Peak and time beside those of another plan.\n\n`compare to full`',
};

export const DECLARATION_DOCS: { readonly [word: string]: string } = {
  import: 'Brings the declarations of another file.\n\n`import "base.memplan"`',
  let: 'Names a value.\n\n`let ctx = 32k`',
  model:
    'A model: a preset, a Hugging Face configuration, or a block with its dimensions.\n\n`model llama from "meta-llama/Llama-3.1-8B"`',
  device:
    'A card: a preset, whose properties a block may override, or a block.\n\n`device card from "RTX 4090" { reserve 600 MiB }`',
  plan: 'How a model is trained on a card. `extends` takes over what is not repeated.\n\n`plan longform extends full { … }`',
  run: 'The proxy of a plan that “Run on GPU” executes and verifies.',
};

export const FIGURE_DOCS: { readonly [figure in Figure]: string } = {
  peak: 'Highest live tensor bytes of a step, as `torch.cuda.max_memory_allocated` reports.',
  time: 'Estimated seconds for an optimizer step.',
  weights: 'Bytes of weights at the peak.',
  gradients: 'Bytes of gradients at the peak.',
  optimizer: 'Bytes of optimizer states at the peak.',
  activations: 'Bytes of activations kept for backward, at the peak.',
  logits: 'Bytes of logits and of what the loss makes of them, at the peak.',
  temporary: 'Bytes of temporaries at the peak.',
  host: "Bytes that the card which peaks keeps in its host's memory; none without `offload` or paged states.",
  'tokens-per-second': 'Estimated training throughput of all cards together.',
};

export function keyDoc(block: BlockKind, key: string): string | undefined {
  if (block === 'plan') return PLAN_DOCS[key];
  return { model: MODEL_KEYS, device: DEVICE_KEYS, run: RUN_KEYS }[block][key]?.doc;
}

/** Default of a slot, as it would be written. */
export const defaultOf = (slot: Slot): string | undefined =>
  (DEFAULT_USE as { [slot: string]: { name: string } | undefined })[slot]?.name;

export function typeText(type: ArgumentType): string {
  switch (type.kind) {
    case 'count':
    case 'number':
      return [type.kind === 'number' ? 'number' : type.tokens ? 'tokens' : 'count', between(type)].filter(Boolean).join(' ');
    case 'boolean':
      return 'true | false';
    case 'choice':
      return type.of.join(' | ');
    case 'list':
      return `list of ${type.of.join(', ')}`;
    case 'string':
      return type.examples ? type.examples.map((one) => `"${one}"`).join(' | ') : 'string';
    case 'technique':
      return type.of.join(' | ');
  }
}

export function valueText(value: Argument['default']): string {
  if (Array.isArray(value)) return `[${value.join(', ')}]`;
  return typeof value === 'number' && value >= 1024 && value % 1024 === 0 ? `${value / 1024}k` : String(value);
}

/** The default of an argument as it would be written; strings in quotes. */
export const defaultText = ({ type, default: value }: Argument): string =>
  type.kind === 'string'
    ? `"${value}"`
    : value === undefined
      ? ''
      : type.kind === 'count' && !type.tokens
        ? String(value)
        : valueText(value);

export const argumentDoc = (argument: Argument): string =>
  `${argument.doc}\n\n*${typeText(argument.type)}*${argument.default === undefined ? ' · required' : ` · default \`${defaultText(argument)}\``}`;

const relations = (verb: string, list: readonly Relation[] | undefined): string[] =>
  (list ?? []).map(
    ({ slot, names, why }) =>
      `- ${verb} \`${slot}\` ${names.map((name) => (name === '*' ? '(any)' : `\`${name}\``)).join(', ')}: ${why}`,
  );

/** All that the registry says of a technique. */
export function specDoc(spec: Spec): string {
  const args = spec.args.map(
    (one) =>
      `- \`${one.name}\`: ${one.doc} *${typeText(one.type)}*${one.default === undefined ? ', required' : `, default \`${defaultText(one)}\``}`,
  );
  const others = allSpecs.flatMap((other) =>
    (other.excludes ?? [])
      .filter(({ slot, names }) => slot === spec.slot && names.includes(spec.name))
      .map(({ why }) => `- excluded by \`${other.slot}\` \`${other.name}\`: ${why}`),
  );
  const related = [
    ...relations('excludes', spec.excludes),
    ...others,
    ...relations('needs', spec.needs),
    ...relations('with', spec.cautions),
  ];
  return [
    `**${spec.name}** · ${spec.slot}${spec.exact ? ' · exact' : ''}`,
    spec.summary,
    `**Bytes** ${spec.formula}`,
    `**Cost** ${spec.cost}`,
    args.length > 0 ? `**Arguments**\n\n${args.join('\n')}` : '',
    related.join('\n'),
    spec.citation ? `[${spec.citation.title}](${spec.citation.url}) · ${spec.citation.id}` : '',
  ]
    .filter(Boolean)
    .join('\n\n');
}

export function modelDoc(model: Model): string {
  const count = parameterCount(model);
  const experts = model.experts > 0 ? `, ${model.experts} experts of which ${model.activeExperts} active` : '';
  return [
    `**${model.name}** · ${model.source === 'block' ? 'model' : model.source} · ${model.family}`,
    `${formatShort(count)} parameters (${formatCount(count)})${experts}`,
    `layers ${model.layers} · hidden ${formatCount(model.hidden)} · heads ${model.heads} · kv-heads ${model.kvHeads} · head-dim ${model.headDim} · ffn ${formatCount(model.ffn)} · vocab ${formatCount(model.vocab)}${model.tiedEmbeddings ? ' · tied embeddings' : ''}`,
    `weights ${formatBytes(count * 2)} in bf16, ${formatBytes(count * 4)} in fp32`,
  ].join('\n\n');
}

export function deviceDoc(device: Device): string {
  return [
    `**${device.name}** · ${device.architecture}`,
    `memory ${formatBytes(device.memory)}, of which ${formatBytes(device.memory - device.reserve)} can be used (reserve ${formatBytes(device.reserve)})`,
    `bandwidth ${formatCount(Math.round(device.bandwidth / 1e9))} GB/s · ${formatCount(Math.round(device.flops / 1e12))} TFLOPS in 16 bit · interconnect ${formatCount(Math.round(device.interconnect / 1e8) / 10)} GB/s`,
  ].join('\n\n');
}
