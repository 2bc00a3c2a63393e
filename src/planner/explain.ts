/** The bytes alive at the peak, tensor by tensor: what they are, what made them, and what the numbers hold for. */
import type { DType, Plan } from '../plan/types';
import type { OpNode, Tape } from '../tape/types';
import { unroll } from '../tape/unroll';
import { tapeOf, useOf } from '../techniques/recipe-of';
import type { Category, Moment } from './types';

/** Like tensors that are alive together: one for each layer, or one alone. */
export interface LedgerLine {
  category: Category;
  /** Dotted place in the model, e.g. `mlp.act.silu`. */
  name: string;
  shape: readonly number[];
  dtype: DType;
  count: number;
  /** Bytes of one; `bytes` is `count` times as many. */
  each: number;
  bytes: number;
  /** The operator that made it. */
  op: string;
  source: string;
}

export interface Ledger {
  plan: string;
  at: Moment;
  /** Adds up to the peak. */
  lines: LedgerLine[];
  allocated: number;
  /** What the figures hold for, and how certain they are. */
  holds: string[];
}

/** The ledger of a plan's peak. Writes the tape out, so it is for asking, not for typing. */
export function explain(plan: Plan): Ledger {
  const tape = tapeOf(plan);
  const { index, allocated } = highest(tape);
  const live = new Map<number, { id: number; made: OpNode }>();
  let at: Moment = { phase: 'forward', op: 'start' };
  let step = 0;
  unroll(tape, ({ node, phase, layer, storage }) => {
    if (step > index) return;
    for (const id of node.allocs) live.set(storage(id), { id, made: node });
    if (step === index && phase !== 'setup') at = { phase, op: node.label || node.op, ...(layer === undefined ? {} : { layer }) };
    else for (const id of node.frees) live.delete(storage(id));
    step += 1;
  });
  return { plan: plan.name, at, lines: group(tape, [...live.values()]), allocated, holds: assumptions(plan) };
}

/** Position, in order of execution, of the op at which the most bytes are live. */
function highest(tape: Tape): { index: number; allocated: number } {
  let total = 0;
  let step = 0;
  let high = { index: 0, allocated: -1 };
  unroll(tape, ({ node, phase }) => {
    for (const id of node.allocs) total += tape.tensors[id]?.bytes ?? 0;
    if (phase !== 'setup' && total > high.allocated) high = { index: step, allocated: total };
    for (const id of node.frees) total -= tape.tensors[id]?.bytes ?? 0;
    step += 1;
  });
  return high;
}

function group(tape: Tape, live: readonly { id: number; made: OpNode }[]): LedgerLine[] {
  const lines = new Map<string, LedgerLine>();
  for (const { id, made } of live) {
    const tensor = tape.tensors[id];
    if (!tensor || tensor.bytes === 0) continue;
    const key = `${tensor.category}/${tensor.name}/${tensor.shape}/${tensor.dtype}`;
    const line = lines.get(key);
    if (line) {
      line.count += 1;
      line.bytes += tensor.bytes;
    } else {
      const { category, name, shape, dtype, bytes } = tensor;
      lines.set(key, { category, name, shape, dtype, count: 1, each: bytes, bytes, op: made.op, source: sourceOf(made.op) });
    }
  }
  return [...lines.values()].sort((a, b) => b.bytes - a.bytes);
}

/** Where the rule of an operator comes from. */
function sourceOf(op: string): string {
  if (op.startsWith('aten.')) return 'PyTorch derivatives.yaml, FunctionsManual.cpp';
  if (op.startsWith('sdpa')) return 'FlashAttention-2, arXiv:2307.08691';
  if (op.startsWith('cce')) return 'Cut cross-entropy, arXiv:2411.09009';
  if (op.startsWith('galore')) return 'GaLore, arXiv:2403.03507; galore_torch';
  if (op === 'parameter') return 'shapes of the model';
  if (op === 'quantize' || op === 'dequantize') return 'ActNN, arXiv:2104.14129';
  return 'the engine profile';
}

/** The conditions under which the figures were derived. */
function assumptions(plan: Plan): string[] {
  const engine = useOf(plan, 'engine');
  if (engine?.name === 'webgpu')
    return ["Memplan's own runner: every tensor is aligned to 256 bytes; predicted equals counted, to the byte."];
  const { transformers, kernels } = engine?.args ?? {};
  return [
    `PyTorch 2.x, transformers ${transformers}, ${kernels === 'cpu' ? 'CPU' : 'CUDA'} kernels: live tensor bytes of a step in its steady state, as torch.cuda.max_memory_allocated counts them.`,
    'What autograd keeps and what its backward formulas make agree with measured Hugging Face steps within 0.3 % in every phase (Llama, Qwen3, Mistral, Gemma 2, GPT-2; test/golden/hf-steps.json).',
    ...(kernels === 'cpu'
      ? []
      : ["Temporaries inside CUDA's attention backward follow FlashAttention-2 and were not measured on a GPU here."]),
    ...(plan.model.experts > 0 ? ['Experts: tokens are taken to be spread evenly.'] : []),
  ];
}
