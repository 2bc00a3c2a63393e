import { bytesPer } from '../../plan/dtypes';
import type { DType } from '../../plan/types';
import { elements } from '../../plan/weights';
import { flag, number } from '../arguments';
import { BESIDE_A_FROZEN_BASE } from '../relations';
import { arxiv } from '../spec';
import type { Technique } from '../technique';
import { groupedUnpack, halfUnpack, nf4Unpack } from './webgpu';

/** Weights in a plain type. Wider than the compute type means autocast's copies at use. */
const dense = (dtype: DType, summary: string): Technique => ({
  spec: {
    name: dtype,
    slot: 'weights',
    exact: dtype === 'fp32',
    summary,
    formula: `${dtype === 'fp32' ? 4 : 2} bytes a parameter`,
    cost: 'none',
    args: [],
  },
  rewrite: (recipe) => ({
    ...recipe,
    parameters: dtype,
    autocast: dtype === 'fp32' ? recipe.compute !== 'fp32' : recipe.autocast && recipe.parameters === dtype,
    stored: (weight) => [{ name: 'weight', shape: weight.shape, dtype }],
  }),
  // The engine computes in float32; 16-bit matrices are made whole at each use.
  webgpu: (recipe) => ({
    ...recipe,
    webgpu: { ...recipe.webgpu, unpack: dtype === 'fp16' || dtype === 'bf16' ? halfUnpack(dtype) : null },
  }),
});

const quantized: Technique['spec']['needs'] = [
  {
    slot: 'train',
    names: BESIDE_A_FROZEN_BASE,
    why: 'quantized weights have no gradient: something beside them must learn',
  },
];

const sharded: Technique['spec']['cautions'] = [
  {
    slot: 'parallel',
    names: ['fsdp', 'zero'],
    why: 'where weights are cut, codes must lie in a container that can be (bitsandbytes: `bnb_4bit_quant_storage` in the type of the other weights)',
  },
];

/** QLoRA: four-bit codes in blocks of 64 with a float32 maximum each, or that maximum in 8 bits (double quantization). */
const nf4: Technique = {
  spec: {
    name: 'nf4',
    slot: 'weights',
    exact: false,
    summary: "Layers' matrices in 4-bit NormalFloat; embeddings, head and norms stay as they are.",
    formula:
      '4 + 32/64 bits a weight, or 4 + 8/64 + 32/(64·256) = 4.127 with double quantization; a 16-bit copy of one matrix at use',
    cost: 'dequantized at every use; weights rounded to 16 levels',
    args: [
      { name: 'double-quant', type: { kind: 'boolean' }, default: false, doc: "Quantize the blocks' maxima to 8 bits too." },
      {
        name: 'keep-inputs',
        type: { kind: 'boolean' },
        default: false,
        doc: 'Every product keeps its input for nothing, as bitsandbytes did before 0.43.3.',
      },
      {
        name: 'fabric',
        type: { kind: 'boolean' },
        default: false,
        doc: "As Lightning Fabric's plugin quantizes (LitGPT): the head too, and every matrix from a float16 copy, so that each use in another type makes two copies.",
      },
    ],
    needs: quantized,
    cautions: sharded,
    citation: arxiv('2305.14314', 'QLoRA: Efficient Finetuning of Quantized LLMs'),
  },
  rewrite: (recipe, args) => ({
    ...recipe,
    pytorch: {
      ...recipe.pytorch,
      quantizedKeepsInput: flag(args, 'keep-inputs'),
      ...(flag(args, 'fabric') ? { quantizedOf: 'fp16' as const } : {}),
    },
    stored: (weight) => {
      const head = flag(args, 'fabric') && weight.name === 'head';
      if (weight.role !== 'linear' && weight.role !== 'expert' && !head) return recipe.stored(weight);
      const blocks = Math.ceil(elements(weight) / 64);
      const codes = { name: 'codes', shape: weight.shape, dtype: 'nf4' as const };
      if (!flag(args, 'double-quant')) return [codes, { name: 'absmax', shape: [blocks], dtype: 'fp32' }];
      return [
        codes,
        { name: 'absmax.codes', shape: [blocks], dtype: 'int8' },
        { name: 'absmax.absmax', shape: [Math.ceil(blocks / 256)], dtype: 'fp32' },
        { name: 'absmax.offset', shape: [1], dtype: 'fp32' },
      ];
    },
  }),
  webgpu: (recipe, args) => ({ ...recipe, webgpu: { ...recipe.webgpu, unpack: nf4Unpack(flag(args, 'double-quant')) } }),
};

/** Integer codes with a 16-bit scale for each group. */
const integer = (name: 'int8' | 'int4' | 'int3', group: number): Technique => ({
  spec: {
    name,
    slot: 'weights',
    exact: false,
    summary: `Layers' matrices in ${name.slice(3)}-bit integers with a scale for each group.`,
    formula: `${bytesPer(name)} + 4/group bytes a weight`,
    cost: 'dequantized at every use',
    args: [
      {
        name: 'group',
        type: { kind: 'count', min: 16, max: 65536 },
        default: group,
        doc: 'Weights that share a 16-bit scale and zero.',
      },
      {
        name: 'keep-copies',
        type: { kind: 'boolean' },
        default: false,
        doc: "A matrix is unpacked by PyTorch's own operators, so that autograd keeps the 16-bit copy until its product's backward, as AutoGPTQ's CUDA modules do in training (Triton and Marlin kernels keep none).",
      },
    ],
    needs: quantized,
    cautions: sharded,
    citation: { title: 'torchao: weight-only quantization in groups', id: 'pytorch/ao', url: 'https://github.com/pytorch/ao' },
  },
  rewrite: (recipe, args) => ({
    ...recipe,
    pytorch: { ...recipe.pytorch, quantizedKeepsCopy: flag(args, 'keep-copies') },
    stored: (weight) => {
      if (weight.role !== 'linear' && weight.role !== 'expert') return recipe.stored(weight);
      const groups = Math.ceil(elements(weight) / number(args, 'group'));
      return [
        { name: 'codes', shape: weight.shape, dtype: name },
        { name: 'scales', shape: [groups, 2], dtype: 'bf16' },
      ];
    },
  }),
  // Codes of three bits would cross the words of a kernel.
  ...(name === 'int3' ? {} : { webgpu: inGroups(name === 'int8' ? 8 : 4) }),
});

const inGroups =
  (bits: 8 | 4): NonNullable<Technique['webgpu']> =>
  (recipe, args) => ({
    ...recipe,
    webgpu: { ...recipe.webgpu, unpack: groupedUnpack({ bits, wide: bits, group: number(args, 'group') }, false) },
  });

export const weightTypes: readonly Technique[] = [
  dense('fp32', 'Weights in float32; cast at use where the compute type is narrower.'),
  dense('bf16', 'Weights in bfloat16.'),
  dense('fp16', 'Weights in float16.'),
  nf4,
  integer('int8', 256),
  integer('int4', 128),
  integer('int3', 128),
];
