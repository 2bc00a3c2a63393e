/**
 * Models by name: dimensions from each repository's config.json, and the parameter count its authors publish.
 *
 * The count is of the parameters that train: tied matrices once, no buffers (the hub's figure counts a tied head twice
 * for some repositories, and GPT-2's masks). bert and roberta count the masked-LM head and not the pooler, vit the 1000-class
 * head. Where only a total with other towers is published (gemma 3 from 4B on), none is given.
 */
import { completeModel, type Dimensions } from '../families';
import type { Family, Model } from '../types';

type Shape = Dimensions & Partial<Model>;

const presets: Model[] = [];

/** Lists presets of one family: repository, published parameters (0 for none), dimensions. */
function family(name: Family, rows: readonly (readonly [id: string, published: number, shape: Shape])[]): void {
  for (const [id, published, shape] of rows) {
    const counted = published > 0 ? { publishedParameters: published } : {};
    presets.push(completeModel(id, { family: name, source: id, ...counted, ...shape }));
  }
}

family('llama', [
  ['huggyllama/llama-7b', 6738415616, { layers: 32, hidden: 4096, heads: 32, ffn: 11008, vocab: 32000 }],
  ['huggyllama/llama-13b', 13015864320, { layers: 40, hidden: 5120, heads: 40, ffn: 13824, vocab: 32000 }],
  ['huggyllama/llama-30b', 32528943616, { layers: 60, hidden: 6656, heads: 52, ffn: 17920, vocab: 32000 }],
  ['huggyllama/llama-65b', 65285660672, { layers: 80, hidden: 8192, heads: 64, ffn: 22016, vocab: 32000 }],
  ['meta-llama/Llama-2-7b', 6738415616, { layers: 32, hidden: 4096, heads: 32, ffn: 11008, vocab: 32000 }],
  ['meta-llama/Llama-2-13b', 13015864320, { layers: 40, hidden: 5120, heads: 40, ffn: 13824, vocab: 32000 }],
  ['meta-llama/Llama-2-70b', 68976648192, { layers: 80, hidden: 8192, heads: 64, kvHeads: 8, ffn: 28672, vocab: 32000 }],
  ['codellama/CodeLlama-7b', 6738546688, { layers: 32, hidden: 4096, heads: 32, ffn: 11008, vocab: 32016 }],
  ['codellama/CodeLlama-13b', 13016028160, { layers: 40, hidden: 5120, heads: 40, ffn: 13824, vocab: 32016 }],
  ['codellama/CodeLlama-34b', 33743970304, { layers: 48, hidden: 8192, heads: 64, kvHeads: 8, ffn: 22016, vocab: 32000 }],
  ['meta-llama/Meta-Llama-3-8B', 8030261248, { layers: 32, hidden: 4096, heads: 32, kvHeads: 8, ffn: 14336, vocab: 128256 }],
  ['meta-llama/Meta-Llama-3-70B', 70553706496, { layers: 80, hidden: 8192, heads: 64, kvHeads: 8, ffn: 28672, vocab: 128256 }],
  ['meta-llama/Llama-3.1-8B', 8030261248, { layers: 32, hidden: 4096, heads: 32, kvHeads: 8, ffn: 14336, vocab: 128256 }],
  ['meta-llama/Llama-3.1-70B', 70553706496, { layers: 80, hidden: 8192, heads: 64, kvHeads: 8, ffn: 28672, vocab: 128256 }],
  ['meta-llama/Llama-3.1-405B', 405853388800, { layers: 126, hidden: 16384, heads: 128, kvHeads: 8, ffn: 53248, vocab: 128256 }],
  [
    'meta-llama/Llama-3.2-1B',
    1235814400,
    { layers: 16, hidden: 2048, heads: 32, kvHeads: 8, ffn: 8192, vocab: 128256, tiedEmbeddings: true },
  ],
  [
    'meta-llama/Llama-3.2-3B',
    3212749824,
    { layers: 28, hidden: 3072, heads: 24, kvHeads: 8, ffn: 8192, vocab: 128256, tiedEmbeddings: true },
  ],
  [
    'meta-llama/Llama-3.3-70B-Instruct',
    70553706496,
    { layers: 80, hidden: 8192, heads: 64, kvHeads: 8, ffn: 28672, vocab: 128256 },
  ],
  ['TinyLlama/TinyLlama-1.1B', 1100048384, { layers: 22, hidden: 2048, heads: 32, kvHeads: 4, ffn: 5632, vocab: 32000 }],
  ['openlm-research/open_llama_3b', 3426473600, { layers: 26, hidden: 3200, heads: 32, ffn: 8640, vocab: 32000 }],
  [
    'HuggingFaceTB/SmolLM2-135M',
    134515008,
    { layers: 30, hidden: 576, heads: 9, kvHeads: 3, ffn: 1536, vocab: 49152, tiedEmbeddings: true },
  ],
  [
    'HuggingFaceTB/SmolLM2-360M',
    361821120,
    { layers: 32, hidden: 960, heads: 15, kvHeads: 5, ffn: 2560, vocab: 49152, tiedEmbeddings: true },
  ],
  [
    'HuggingFaceTB/SmolLM2-1.7B',
    1711376384,
    { layers: 24, hidden: 2048, heads: 32, ffn: 8192, vocab: 49152, tiedEmbeddings: true },
  ],
  ['01-ai/Yi-6B', 6061035520, { layers: 32, hidden: 4096, heads: 32, kvHeads: 4, ffn: 11008, vocab: 64000 }],
  ['01-ai/Yi-34B', 34388917248, { layers: 60, hidden: 7168, heads: 56, kvHeads: 8, ffn: 20480, vocab: 64000 }],
  ['deepseek-ai/deepseek-llm-7b', 6910365696, { layers: 30, hidden: 4096, heads: 32, ffn: 11008, vocab: 102400 }],
  ['deepseek-ai/deepseek-coder-1.3b', 1346471936, { layers: 24, hidden: 2048, heads: 16, ffn: 5504, vocab: 32256 }],
  ['deepseek-ai/deepseek-coder-6.7b', 6740512768, { layers: 32, hidden: 4096, heads: 32, ffn: 11008, vocab: 32256 }],
  [
    'deepseek-ai/DeepSeek-R1-Distill-Llama-8B',
    8030261248,
    { layers: 32, hidden: 4096, heads: 32, kvHeads: 8, ffn: 14336, vocab: 128256 },
  ],
]);

family('mistral', [
  [
    'mistralai/Mistral-7B-v0.1',
    7241732096,
    { layers: 32, hidden: 4096, heads: 32, kvHeads: 8, ffn: 14336, vocab: 32000, slidingWindow: 4096 },
  ],
  ['mistralai/Mistral-7B-v0.2', 7241732096, { layers: 32, hidden: 4096, heads: 32, kvHeads: 8, ffn: 14336, vocab: 32000 }],
  ['mistralai/Mistral-7B-v0.3', 7248023552, { layers: 32, hidden: 4096, heads: 32, kvHeads: 8, ffn: 14336, vocab: 32768 }],
  [
    'mistralai/Mistral-Nemo-Base-2407',
    12247782400,
    { layers: 40, hidden: 5120, heads: 32, kvHeads: 8, headDim: 128, ffn: 14336, vocab: 131072 },
  ],
  [
    'mistralai/Mistral-Small-24B-Base-2501',
    23572403200,
    { layers: 40, hidden: 5120, heads: 32, kvHeads: 8, headDim: 128, ffn: 32768, vocab: 131072 },
  ],
]);

family('mixtral', [
  [
    'mistralai/Mixtral-8x7B-v0.1',
    46702792704,
    { layers: 32, hidden: 4096, heads: 32, kvHeads: 8, ffn: 14336, vocab: 32000, experts: 8, activeExperts: 2 },
  ],
  [
    'mistralai/Mixtral-8x22B-v0.1',
    140620634112,
    { layers: 56, hidden: 6144, heads: 48, kvHeads: 8, ffn: 16384, vocab: 32000, experts: 8, activeExperts: 2 },
  ],
]);

const qwen25: readonly (readonly [size: string, published: number, shape: Shape])[] = [
  ['0.5B', 494032768, { layers: 24, hidden: 896, heads: 14, kvHeads: 2, ffn: 4864, vocab: 151936, tiedEmbeddings: true }],
  ['1.5B', 1543714304, { layers: 28, hidden: 1536, heads: 12, kvHeads: 2, ffn: 8960, vocab: 151936, tiedEmbeddings: true }],
  ['3B', 3085938688, { layers: 36, hidden: 2048, heads: 16, kvHeads: 2, ffn: 11008, vocab: 151936, tiedEmbeddings: true }],
  ['7B', 7615616512, { layers: 28, hidden: 3584, heads: 28, kvHeads: 4, ffn: 18944, vocab: 152064 }],
  ['14B', 14770033664, { layers: 48, hidden: 5120, heads: 40, kvHeads: 8, ffn: 13824, vocab: 152064 }],
  ['32B', 32763876352, { layers: 64, hidden: 5120, heads: 40, kvHeads: 8, ffn: 27648, vocab: 152064 }],
  ['72B', 72706203648, { layers: 80, hidden: 8192, heads: 64, kvHeads: 8, ffn: 29568, vocab: 152064 }],
];
family('qwen2', [
  ...qwen25.map(([size, published, shape]) => [`Qwen/Qwen2.5-${size}`, published, shape] as const),
  ...qwen25
    .filter(([size]) => ['0.5B', '1.5B', '7B', '72B'].includes(size))
    .map(([size, published, shape]) => [`Qwen/Qwen2-${size}`, published, shape] as const),
  [
    'deepseek-ai/DeepSeek-R1-Distill-Qwen-1.5B',
    1777088000,
    { layers: 28, hidden: 1536, heads: 12, kvHeads: 2, ffn: 8960, vocab: 151936, tiedEmbeddings: false },
  ],
]);

const headDim = 128;
family('qwen3', [
  [
    'Qwen/Qwen3-0.6B',
    596049920,
    { layers: 28, hidden: 1024, heads: 16, kvHeads: 8, headDim, ffn: 3072, vocab: 151936, tiedEmbeddings: true },
  ],
  [
    'Qwen/Qwen3-1.7B',
    1720574976,
    { layers: 28, hidden: 2048, heads: 16, kvHeads: 8, headDim, ffn: 6144, vocab: 151936, tiedEmbeddings: true },
  ],
  [
    'Qwen/Qwen3-4B',
    4022468096,
    { layers: 36, hidden: 2560, heads: 32, kvHeads: 8, headDim, ffn: 9728, vocab: 151936, tiedEmbeddings: true },
  ],
  ['Qwen/Qwen3-8B', 8190735360, { layers: 36, hidden: 4096, heads: 32, kvHeads: 8, headDim, ffn: 12288, vocab: 151936 }],
  ['Qwen/Qwen3-14B', 14768307200, { layers: 40, hidden: 5120, heads: 40, kvHeads: 8, headDim, ffn: 17408, vocab: 151936 }],
  ['Qwen/Qwen3-32B', 32762123264, { layers: 64, hidden: 5120, heads: 64, kvHeads: 8, headDim, ffn: 25600, vocab: 151936 }],
]);

family('qwen3-moe', [
  [
    'Qwen/Qwen3-30B-A3B',
    30532122624,
    { layers: 48, hidden: 2048, heads: 32, kvHeads: 4, headDim, ffn: 768, vocab: 151936, experts: 128, activeExperts: 8 },
  ],
  [
    'Qwen/Qwen3-235B-A22B',
    235093634560,
    { layers: 94, hidden: 4096, heads: 64, kvHeads: 4, headDim, ffn: 1536, vocab: 151936, experts: 128, activeExperts: 8 },
  ],
]);

family('gemma', [
  ['google/gemma-2b', 2506172416, { layers: 18, hidden: 2048, heads: 8, kvHeads: 1, headDim: 256, ffn: 16384, vocab: 256000 }],
  ['google/gemma-7b', 8537680896, { layers: 28, hidden: 3072, heads: 16, headDim: 256, ffn: 24576, vocab: 256000 }],
]);

const window2 = { slidingWindow: 4096, vocab: 256000 };
family('gemma2', [
  ['google/gemma-2-2b', 2614341888, { layers: 26, hidden: 2304, heads: 8, kvHeads: 4, headDim: 256, ffn: 9216, ...window2 }],
  ['google/gemma-2-9b', 9241705984, { layers: 42, hidden: 3584, heads: 16, kvHeads: 8, headDim: 256, ffn: 14336, ...window2 }],
  ['google/gemma-2-27b', 27227128320, { layers: 46, hidden: 4608, heads: 32, kvHeads: 16, headDim: 128, ffn: 36864, ...window2 }],
]);

const text = { slidingWindow: 1024, vocab: 262208 };
family('gemma3', [
  [
    'google/gemma-3-270m',
    268098176,
    { layers: 18, hidden: 640, heads: 4, kvHeads: 1, headDim: 256, ffn: 2048, vocab: 262144, slidingWindow: 512 },
  ],
  [
    'google/gemma-3-1b',
    999885952,
    { layers: 26, hidden: 1152, heads: 4, kvHeads: 1, headDim: 256, ffn: 6912, vocab: 262144, slidingWindow: 512 },
  ],
  ['google/gemma-3-4b', 0, { layers: 34, hidden: 2560, heads: 8, kvHeads: 4, headDim: 256, ffn: 10240, ...text }],
  ['google/gemma-3-12b', 0, { layers: 48, hidden: 3840, heads: 16, kvHeads: 8, headDim: 256, ffn: 15360, ...text }],
  ['google/gemma-3-27b', 0, { layers: 62, hidden: 5376, heads: 32, kvHeads: 16, headDim: 128, ffn: 21504, ...text }],
]);

family('phi3', [
  [
    'microsoft/Phi-3-mini-4k-instruct',
    3821079552,
    { layers: 32, hidden: 3072, heads: 32, ffn: 8192, vocab: 32064, slidingWindow: 2047 },
  ],
  ['microsoft/Phi-3-mini-128k-instruct', 3821079552, { layers: 32, hidden: 3072, heads: 32, ffn: 8192, vocab: 32064 }],
  [
    'microsoft/Phi-3-medium-4k-instruct',
    13960238080,
    { layers: 40, hidden: 5120, heads: 40, kvHeads: 10, ffn: 17920, vocab: 32064 },
  ],
  ['microsoft/Phi-3.5-mini-instruct', 3821079552, { layers: 32, hidden: 3072, heads: 32, ffn: 8192, vocab: 32064 }],
  ['microsoft/phi-4', 14659507200, { layers: 40, hidden: 5120, heads: 40, kvHeads: 10, ffn: 17920, vocab: 100352 }],
  [
    'microsoft/Phi-4-mini-instruct',
    3836021760,
    { layers: 32, hidden: 3072, heads: 24, kvHeads: 8, ffn: 8192, vocab: 200064, tiedEmbeddings: true },
  ],
]);

family('gpt2', [
  ['openai-community/gpt2', 124439808, { layers: 12, hidden: 768, heads: 12, vocab: 50257 }],
  ['openai-community/gpt2-medium', 354823168, { layers: 24, hidden: 1024, heads: 16, vocab: 50257 }],
  ['openai-community/gpt2-large', 774030080, { layers: 36, hidden: 1280, heads: 20, vocab: 50257 }],
  ['openai-community/gpt2-xl', 1557611200, { layers: 48, hidden: 1600, heads: 25, vocab: 50257 }],
  ['distilbert/distilgpt2', 81912576, { layers: 6, hidden: 768, heads: 12, vocab: 50257 }],
]);

family('gpt_neox', [
  ['EleutherAI/pythia-70m', 70426624, { layers: 6, hidden: 512, heads: 8, vocab: 50304 }],
  ['EleutherAI/pythia-160m', 162322944, { layers: 12, hidden: 768, heads: 12, vocab: 50304 }],
  ['EleutherAI/pythia-410m', 405334016, { layers: 24, hidden: 1024, heads: 16, vocab: 50304 }],
  ['EleutherAI/pythia-1b', 1011781632, { layers: 16, hidden: 2048, heads: 8, vocab: 50304 }],
  ['EleutherAI/pythia-1.4b', 1414647808, { layers: 24, hidden: 2048, heads: 16, vocab: 50304 }],
  ['EleutherAI/pythia-2.8b', 2775208960, { layers: 32, hidden: 2560, heads: 32, vocab: 50304 }],
  ['EleutherAI/pythia-6.9b', 6857302016, { layers: 32, hidden: 4096, heads: 32, vocab: 50432 }],
  ['EleutherAI/pythia-12b', 11846072320, { layers: 36, hidden: 5120, heads: 40, vocab: 50688 }],
  ['EleutherAI/gpt-neox-20b', 20554567680, { layers: 44, hidden: 6144, heads: 64, vocab: 50432 }],
]);

family('opt', [
  ['facebook/opt-125m', 125239296, { layers: 12, hidden: 768, heads: 12, vocab: 50272 }],
  ['facebook/opt-1.3b', 1315758080, { layers: 24, hidden: 2048, heads: 32, vocab: 50272 }],
  ['facebook/opt-2.7b', 2651596800, { layers: 32, hidden: 2560, heads: 32, vocab: 50272 }],
  ['facebook/opt-6.7b', 6658473984, { layers: 32, hidden: 4096, heads: 32, vocab: 50272 }],
  ['facebook/opt-13b', 12853473280, { layers: 40, hidden: 5120, heads: 40, vocab: 50272 }],
  ['facebook/opt-30b', 29974540288, { layers: 48, hidden: 7168, heads: 56, vocab: 50272 }],
  ['facebook/opt-66b', 0, { layers: 64, hidden: 9216, heads: 72, vocab: 50272 }],
]);

family('bloom', [
  ['bigscience/bloom-560m', 559214592, { layers: 24, hidden: 1024, heads: 16, vocab: 250880 }],
  ['bigscience/bloom-1b1', 1065314304, { layers: 24, hidden: 1536, heads: 16, vocab: 250880 }],
  ['bigscience/bloom-1b7', 1722408960, { layers: 24, hidden: 2048, heads: 16, vocab: 250880 }],
  ['bigscience/bloom-3b', 3002557440, { layers: 30, hidden: 2560, heads: 32, vocab: 250880 }],
  ['bigscience/bloom-7b1', 7069016064, { layers: 30, hidden: 4096, heads: 32, vocab: 250880 }],
  ['bigscience/bloom', 176247271424, { layers: 70, hidden: 14336, heads: 112, vocab: 250880 }],
]);

family('falcon', [
  ['tiiuae/falcon-7b', 6921720704, { layers: 32, hidden: 4544, heads: 71, kvHeads: 1, vocab: 65024 }],
  ['tiiuae/falcon-40b', 41303293952, { layers: 60, hidden: 8192, heads: 128, kvHeads: 8, vocab: 65024 }],
]);

family('bert', [
  ['google-bert/bert-base-uncased', 109514298, { layers: 12, hidden: 768, heads: 12, vocab: 30522 }],
  ['google-bert/bert-large-uncased', 335174458, { layers: 24, hidden: 1024, heads: 16, vocab: 30522 }],
  ['google-bert/bert-base-cased', 108340804, { layers: 12, hidden: 768, heads: 12, vocab: 28996 }],
]);

family('roberta', [
  ['FacebookAI/roberta-base', 124697433, { layers: 12, hidden: 768, heads: 12, vocab: 50265 }],
  ['FacebookAI/roberta-large', 355412057, { layers: 24, hidden: 1024, heads: 16, vocab: 50265 }],
  ['FacebookAI/xlm-roberta-base', 278295186, { layers: 12, hidden: 768, heads: 12, vocab: 250002 }],
  ['FacebookAI/xlm-roberta-large', 560142482, { layers: 24, hidden: 1024, heads: 16, vocab: 250002 }],
]);

const t5 = { vocab: 32128, tiedEmbeddings: true };
const flan = { vocab: 32128, tiedEmbeddings: false, headDim: 64 };
family('t5', [
  ['google-t5/t5-small', 60506624, { layers: 6, encoderLayers: 6, hidden: 512, heads: 8, ffn: 2048, ...t5 }],
  ['google-t5/t5-base', 222903552, { layers: 12, encoderLayers: 12, hidden: 768, heads: 12, ffn: 3072, ...t5 }],
  ['google-t5/t5-large', 737668096, { layers: 24, encoderLayers: 24, hidden: 1024, heads: 16, ffn: 4096, ...t5 }],
  ['google-t5/t5-3b', 2851598336, { layers: 24, encoderLayers: 24, hidden: 1024, heads: 32, headDim, ffn: 16384, ...t5 }],
  ['google-t5/t5-11b', 11307321344, { layers: 24, encoderLayers: 24, hidden: 1024, heads: 128, headDim, ffn: 65536, ...t5 }],
  ['google/flan-t5-small', 76961152, { layers: 8, encoderLayers: 8, hidden: 512, heads: 6, ffn: 1024, ...flan }],
  ['google/flan-t5-base', 247577856, { layers: 12, encoderLayers: 12, hidden: 768, heads: 12, ffn: 2048, ...flan }],
  ['google/flan-t5-large', 783150080, { layers: 24, encoderLayers: 24, hidden: 1024, heads: 16, ffn: 2816, ...flan }],
  ['google/flan-t5-xl', 2849757184, { layers: 24, encoderLayers: 24, hidden: 2048, heads: 32, ffn: 5120, ...flan }],
  ['google/flan-t5-xxl', 11135332352, { layers: 24, encoderLayers: 24, hidden: 4096, heads: 64, ffn: 10240, ...flan }],
]);

const classes = { vocab: 1000 };
family('vit', [
  ['google/vit-base-patch16-224', 86567656, { layers: 12, hidden: 768, heads: 12, ...classes }],
  ['google/vit-base-patch32-224', 88224232, { layers: 12, hidden: 768, heads: 12, patch: 32, positions: 50, ...classes }],
  ['google/vit-large-patch16-224', 304326632, { layers: 24, hidden: 1024, heads: 16, ...classes }],
  ['google/vit-huge-patch14-224', 632045800, { layers: 32, hidden: 1280, heads: 16, patch: 14, positions: 257, ...classes }],
  ['facebook/deit-tiny-patch16-224', 5717416, { layers: 12, hidden: 192, heads: 3, ...classes }],
  ['facebook/deit-small-patch16-224', 22050664, { layers: 12, hidden: 384, heads: 6, ...classes }],
  ['facebook/deit-base-patch16-224', 86567656, { layers: 12, hidden: 768, heads: 12, ...classes }],
]);

/** Repositories that carry the same weights under their own name. */
const MIRRORS = new Set(['unsloth', 'nousresearch', 'meta-llama', 'meta']);

/** Letter case, spaces, hyphens and underscores do not tell models apart. */
const plain = (name: string): string => name.toLowerCase().replace(/[\s_-]/g, '');
/** What is trained on top does not change the shape: `-Instruct`, `-it`, `-Base`, Meta's double name. */
const bare = (name: string): string =>
  plain(name)
    .replace(/^meta(?=llama)/, '')
    .replace(/instruct|chat|base(?=\d{4}$)/g, '')
    .replace(/(?<=\d[bm])(?:base|it|pt|hf)+/, '');
/** Without its version: `Mistral 7B` is the first of them. */
const unversioned = (name: string): string => bare(name).replace(/v\d\.\d$/, '');

const byName = new Map<string, Model>();
for (const model of presets) {
  const [owner = '', short = ''] = model.name.split('/');
  for (const known of [
    plain(model.name),
    `${plain(owner)}/${bare(short)}`,
    `${plain(owner)}/${unversioned(short)}`,
    plain(short),
    bare(short),
    unversioned(short),
  ]) {
    if (!byName.has(known)) byName.set(known, model);
  }
}

/** Repository names of all presets, as completion offers them. */
export const modelNames: readonly string[] = presets.map((model) => model.name);

/**
 * The preset of a repository (`meta-llama/Llama-3.1-8B`, also its `-Instruct` and mirrors) or of a short name
 * (`Llama 3.1 8B`, `gpt2-xl`); undefined when unknown. The model's name is the repository's.
 */
export function findModel(id: string): Model | undefined {
  const [owner = '', short, ...more] = id.trim().split('/');
  if (more.length > 0) return undefined;
  const forms = (name: string) => [plain(name), bare(name), unversioned(name)];
  const names = short === undefined ? forms(owner) : forms(short).map((form) => `${plain(owner)}/${form}`);
  if (short !== undefined && MIRRORS.has(owner.toLowerCase())) names.push(...forms(short));
  for (const name of names) {
    const model = byName.get(name);
    if (model !== undefined) return { ...model };
  }
  return undefined;
}
