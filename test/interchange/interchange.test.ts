import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { analyze } from '../../language/server/analyze';
import { exportPlan, importConfig, trainerNames } from '../../src/interchange/convert';
import { LIST_SLOTS, type Plan } from '../../src/plan/types';
import { findSpec } from '../../src/techniques/registry';
import { complete, type Spec } from '../../src/techniques/spec';

const HEAD = `model llama from "meta-llama/Llama-3.1-8B"
device card from "RTX 4090"
`;

function planOf(text: string): Plan {
  const { plans, problems } = analyze(text);
  const errors = problems.filter(({ severity }) => severity === 'error');
  expect(errors.map(({ message }) => message)).toEqual([]);
  const plan = plans.at(-1)?.plan;
  if (plan === undefined) throw new Error('no plan');
  return plan;
}

const plan = (body: string, model = HEAD) => planOf(`${model}plan p {\n  model llama\n  device card\n${body}\n}\n`);

const QLORA = `  batch 2
  sequence 4k
  accumulate 8
  weights nf4(double-quant: true)
  train lora(rank: 32, targets: [q, k, v, o, gate, up, down], alpha: 64, dropout: 0.05)
  optimizer adamw8bit(paged: true)
  backward checkpoint
  loss chunked(chunk: 1k)`;
const GALORE = `  batch 1
  sequence 2k
  optimizer galore(rank: 256, every: 100, inner: adamw8bit, layerwise: true)
  backward streambp(chunk: 1k)
  activations int8(group: 256)
  loss cut-cross-entropy
  attention eager`;

const exported = (of: Plan, to: string) => {
  const result = exportPlan(of, to);
  if (!result.ok) throw new Error(result.message);
  return result;
};
const imported = (text: string, from?: string) => {
  const result = importConfig(text, 'config', from);
  if (!result.ok) throw new Error(result.message);
  return result;
};

/** Compared with files that were read by eye; a new one is written once and then kept. */
function golden(name: string, text: string): void {
  const path = new URL(`../golden/interchange/${name}`, import.meta.url);
  if (!existsSync(path) && process.env.CI === undefined) writeFileSync(path, text);
  expect(text).toBe(readFileSync(path, 'utf8'));
}

describe.each(trainerNames)('%s', (trainer) => {
  const extension = trainer === 'deepspeed' ? 'json' : 'yaml';
  it('is written as it was', () => {
    golden(`qlora.${trainer}.${extension}`, exported(plan(QLORA), trainer).text);
    golden(`galore.${trainer}.${extension}`, exported(plan(GALORE), trainer).text);
  });

  it('says what it cannot', () => {
    const { notes } = exported(plan(GALORE), trainer);
    expect(notes.join('\n')).toContain('streambp');
    expect(notes.join('\n')).toContain('activations `int8`');
  });

  it('is recognized, and read into a plan without mistakes', () => {
    const { text } = imported(exported(plan(QLORA), trainer).text);
    expect(planOf(text).name).toBe('imported');
  });

  it('gives back what it can say', () => {
    const bodies = [
      QLORA,
      '  batch 4\n  sequence 1k',
      '  sequence 2k\n  precision fp32\n  optimizer sgd(momentum: 0.9)\n  backward checkpoint',
    ];
    const settings = (text: string) => text.replace(/^#.*\n/gm, '');
    for (const body of bodies) {
      const before = plan(body);
      const first = exported(before, trainer);
      const back = planOf(imported(first.text).text);
      const optimizer = back.slots.optimizer ?? before.slots.optimizer;
      const slots = optimizer === undefined ? back.slots : { ...back.slots, optimizer };
      // A second trip changes nothing any more: what the file says, the plan says, and the other way round.
      expect(settings(exported({ ...back, slots, model: before.model }, trainer).text)).toBe(settings(first.text));
    }
  });
});

describe.each(['trl', 'axolotl', 'llama-factory', 'torchtune'])('%s keeps every technique that it has', (trainer) => {
  it('through a round trip', () => {
    const before = plan(QLORA);
    const back = planOf(imported(exported(before, trainer).text).text);
    expect(back.model.name).toBe(before.model.name.replace('llama', 'base'));
    for (const slot of ['weights', 'train', 'backward'] as const) expect(back.slots[slot], slot).toEqual(before.slots[slot]);
    // Those on top of Hugging Face's Trainer have bitsandbytes keep 32-bit states of embedding tables.
    const wide = trainer === 'torchtune' ? {} : { 'wide-embeddings': true };
    expect(back.slots.optimizer).toEqual({ name: 'adamw8bit', args: { paged: true, ...wide } });
    expect(back.slots.loss?.name).toBe('chunked');
  });
});

it.each(['trl', 'axolotl', 'llama-factory', 'torchtune'])(
  '%s does not say of one kind of checkpoints what holds for another',
  (trainer) => {
    const notes = (backward: string) =>
      exported(plan(`  sequence 2k\n  backward ${backward}`), trainer).notes.filter((note) => note.includes('checkpoint'));
    expect(notes('checkpoint')).toEqual([]);
    for (const other of ['checkpoint(save: every-second-product)', 'checkpoint(selective: true)', 'checkpoint(one-in: 2)'])
      expect(notes(other).join()).toContain(other);
  },
);

describe('optimizers that trainers on Hugging Face know', () => {
  const known = [
    'adafactor',
    'lion',
    'lomo',
    'adalomo',
    'apollo(rank: 64)',
    'apollo-mini',
    'galore(rank: 64)',
    'adamw(fused: true)',
    'sgd(momentum: 0.9)',
  ];
  it.each(['trl', 'axolotl', 'llama-factory'].flatMap((trainer) => known.map((optimizer) => [trainer, optimizer] as const)))(
    '%s: %s',
    (trainer, optimizer) => {
      const before = plan(`  sequence 1k\n  optimizer ${optimizer}`);
      const { text, notes } = exported(before, trainer);
      expect(notes).toEqual([]);
      const { name, args } = before.slots.optimizer ?? { name: '', args: {} };
      expect(planOf(imported(text).text).slots.optimizer).toMatchObject({ name, args });
    },
  );
});

describe.each(['trl', 'axolotl', 'llama-factory'])('%s', (trainer) => {
  it('tells DoRA from LoRA', () => {
    const before = plan('  sequence 1k\n  train dora(rank: 8, targets: [q, k], alpha: 32, dropout: 0.1)');
    const after = planOf(imported(exported(before, trainer).text).text);
    expect(after.slots.train).toEqual(before.slots.train);
  });
});

describe('several cards', () => {
  const sharded = plan(
    '  sequence 4k\n  parallel [zero(stage: 3, n: 8), tensor(n: 2)]\n  offload [optimizer(cpu), gradients(cpu)]',
  );
  it('are written where the trainer knows them', () => {
    const { text, notes } = exported(sharded, 'deepspeed');
    expect(JSON.parse(text)).toMatchObject({ zero_optimization: { stage: 3, offload_optimizer: { device: 'cpu' } } });
    expect(notes.join()).toContain('no setting for parallel `tensor(n: 2)`');
    // DeepSpeed takes the gradients with the states.
    expect(notes.join()).not.toContain('gradients');
    expect(notes.join()).not.toContain('zero');
  });
  it.each([
    ['deepspeed', 'zero(stage: 3, n: 8, overlap-comm: true)', '[optimizer(nvme), gradients, weights(nvme)]'],
    ['deepspeed', 'zero(stage: 2, n: 8)', '[optimizer, gradients]'],
    ['accelerate', 'data(16)', '[]'],
    ['accelerate', 'zero(stage: 3, n: 16)', '[optimizer, gradients]'],
    ['accelerate', 'fsdp(16, reshard: false)', '[]'],
    ['accelerate', 'fsdp(4, version: 1)', '[optimizer, gradients, weights]'],
  ])('come back from %s: %s, %s', (trainer, parallel, offload) => {
    const before = plan(`  sequence 4k\n  parallel [${parallel}]\n  offload ${offload}`);
    const after = planOf(imported(exported(before, trainer).text).text);
    const filled = ({ lists }: Plan) =>
      LIST_SLOTS.map((slot) => (lists[slot] ?? []).map((use) => complete(findSpec(slot, use.name) as Spec, use)));
    expect(filled(after)).toEqual(filled(before));
  });
  it.each(trainerNames.filter((trainer) => trainer !== 'deepspeed'))('are a note in %s', (trainer) => {
    expect(exported(sharded, trainer).notes.join()).toContain('no setting for parallel `zero(stage: 3, n: 8)`');
  });
});

describe('files of others', () => {
  it('a QLoRA configuration of Axolotl, with its own words', () => {
    const { text, notes } = imported(`
base_model: NousResearch/Meta-Llama-3.1-8B
load_in_4bit: true
datasets:
  - path: some/data
    type: alpaca
adapter: qlora
sequence_len: 4096
sample_packing: true
lora_r: 32
lora_alpha: 16
lora_dropout: 0.05
lora_target_linear: true
gradient_accumulation_steps: 4
micro_batch_size: 2
optimizer: paged_adamw_8bit
bf16: auto
gradient_checkpointing: true
flash_attention: true
`);
    const read = planOf(text);
    expect(read.model.source).toBe('meta-llama/Llama-3.1-8B');
    expect(read).toMatchObject({ batch: 2, sequence: 4096, accumulate: 4 });
    expect(read.slots).toMatchObject({
      weights: { name: 'nf4', args: { 'double-quant': true } },
      train: { name: 'lora', args: { rank: 32, targets: ['q', 'k', 'v', 'o', 'gate', 'up', 'down'] } },
      optimizer: { name: 'adamw8bit', args: { paged: true } },
      backward: { name: 'checkpoint' },
      attention: { name: 'flash' },
    });
    expect(notes.join()).toContain('not read: datasets, sample_packing');
  });

  it('a ZeRO configuration of DeepSpeed: on how many cards is not said there', () => {
    const { notes, text } = imported(
      '{"train_micro_batch_size_per_gpu": 4, "bf16": {"enabled": true}, "zero_optimization": {"stage": 3, "offload_param": {"device": "none"}}}',
    );
    expect(notes.join()).toContain('on how many cards');
    expect(planOf(text).lists).toEqual({ parallel: [{ name: 'zero', args: { stage: 3, n: 8 } }] });
  });

  it('an FSDP configuration of Accelerate', () => {
    const { text } = imported(
      'distributed_type: FSDP\nnum_processes: 16\nfsdp_config:\n  fsdp_version: 2\n  fsdp_activation_checkpointing: true\n',
    );
    expect(planOf(text).lists.parallel).toEqual([{ name: 'fsdp', args: { n: 16 } }]);
    expect(planOf(text).slots.backward?.name).toBe('checkpoint');
  });

  it.each([
    ['', 'it holds no settings'],
    ['[1, 2]', 'it holds no settings'],
    ['a: [1', 'it is neither JSON nor YAML'],
    ['colour: blue', 'no configuration of a known trainer'],
  ])('%j is refused: %s', (text, words) => {
    const result = importConfig(text, 'x.yaml');
    expect(result.ok ? '' : result.message).toContain(`x.yaml: ${words.startsWith('no') ? 'it is ' : ''}${words}`);
  });

  it('an unknown trainer, with the nearest', () => {
    const result = exportPlan(plan('  sequence 1k'), 'axolot');
    expect(result).toEqual({ ok: false, message: 'there is no trainer axolot; did you mean axolotl?' });
  });

  it('wrong types and hostile values become notes, never a broken file', () => {
    const { text, notes } = imported(
      'base_model: "x\\"}\\nplan evil {"\nmicro_batch_size: -3\nlora_r: [1]\nadapter: lora\nsequence_len: 1e99',
    );
    expect(notes.join('\n')).toContain('micro_batch_size is -3');
    expect(notes.join('\n')).toContain('lora_r is [1]');
    expect(text).not.toMatch(/^plan evil/m);
    expect(analyze(text).problems.map(({ code }) => code)).toEqual(['unknown-model']);
  });

  it('reads anything without an exception, and what it writes has no mistakes but those of the configuration', () => {
    const key = fc.constantFrom(
      'base_model',
      'model_name_or_path',
      'stage',
      'micro_batch_size',
      'sequence_len',
      'lora_r',
      'adapter',
      'optimizer',
      'optim',
      'bf16',
      'load_in_4bit',
      'model',
      'loss',
      'tokenizer',
      'zero_optimization',
      'distributed_type',
      'lora_target_modules',
      'optim_args',
      'cutoff_len',
      'quantization_bit',
      '__proto__',
    );
    const value = fc.oneof(
      fc.jsonValue({ maxDepth: 2 }),
      fc.constantFrom('lora', 'galore_adamw', 'rank=1e9,scale=-1', 'auto', 4, 'torchtune.models.x'),
    );
    fc.assert(
      fc.property(fc.dictionary(key, value), (settings) => {
        const result = importConfig(JSON.stringify(settings), 'x');
        if (!result.ok) return;
        const codes = analyze(result.text)
          .problems.filter(({ severity }) => severity === 'error')
          .map(({ code }) => code);
        expect(
          codes.filter(
            (code) =>
              ![
                'unknown-model',
                'out-of-range',
                'not-a-count',
                'too-large',
                'bad-config',
                'needed-technique',
                'excluded-technique',
              ].includes(code),
          ),
        ).toEqual([]);
      }),
      { numRuns: 1000 },
    );
  });
});
