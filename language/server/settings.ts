/** Statements of a block: which keys it knows, each once, each with a value. */
import type { Block, Setting, Statement } from '../generated/ast';
import { isSetting } from '../generated/ast';
import type { Context } from './context';
import { spanOfProperty } from './names';
import { spanOf } from './span';
import type { Expression } from './tree';
import { nearestUnit } from './units';

export interface Entry {
  key: string;
  node: Setting;
  value: Expression;
}

/** Settings of a block by key. A key that is unknown, repeated or without value is reported and left out; `whole` tells. */
export function entriesOf(
  context: Context,
  uri: string,
  body: Block | undefined,
  block: string,
  keys: readonly string[],
): { entries: Map<string, Entry>; whole: boolean } {
  const entries = new Map<string, Entry>();
  const firsts = new Map<string, Setting>();
  let whole = true;
  const statements = body?.statements ?? [];
  for (const [index, node] of statements.entries()) {
    if (!isSetting(node) || node.key === undefined) continue;
    const span = spanOfProperty(node, 'key');
    const first = firsts.get(node.key);
    if (!keys.includes(node.key)) {
      whole = false;
      unknownKey(context, uri, node, statements[index - 1], block, keys);
    } else if (first) {
      whole = false;
      const related = [{ uri, span: spanOfProperty(first, 'key'), message: 'stated here first' }];
      context.error(uri, 'duplicate-key', `\`${node.key}\` is stated twice in this block`, span, { related });
    } else {
      firsts.set(node.key, node);
      if (node.value?.$cstNode) entries.set(node.key, { key: node.key, node, value: node.value });
      else {
        whole = false;
        context.error(uri, 'missing-value', `\`${node.key}\` has no value`, span);
      }
    }
  }
  return { entries, whole };
}

/** Names that trainers and configurations have for what a key says. */
// biome-ignore format: a table
const MEANT: { readonly [written: string]: string } = {
  seq: 'sequence', 'seq-len': 'sequence', 'seq-length': 'sequence', 'sequence-length': 'sequence', 'sequence-len': 'sequence', 'max-length': 'sequence',
  'max-seq-length': 'sequence', context: 'sequence', 'context-length': 'sequence', tokens: 'sequence',
  'batch-size': 'batch', 'micro-batch': 'batch', 'micro-batch-size': 'batch', 'per-device-train-batch-size': 'batch',
  accum: 'accumulate', 'grad-accum': 'accumulate', 'gradient-accumulation': 'accumulate', 'gradient-accumulation-steps': 'accumulate',
  dtype: 'precision', 'torch-dtype': 'precision', 'mixed-precision': 'precision', amp: 'precision', quantization: 'weights', quantize: 'weights',
  adapter: 'train', peft: 'train', optim: 'optimizer', checkpointing: 'backward', 'gradient-checkpointing': 'backward', recompute: 'backward',
  'attn-implementation': 'attention', gpu: 'device', card: 'device',
  'num-layers': 'layers', 'num-hidden-layers': 'layers', depth: 'layers', 'hidden-size': 'hidden', 'd-model': 'hidden', width: 'hidden',
  'num-heads': 'heads', 'num-attention-heads': 'heads', 'num-key-value-heads': 'kv-heads', 'intermediate-size': 'ffn', 'ffn-dim': 'ffn', 'vocab-size': 'vocab',
  'tie-word-embeddings': 'tied-embeddings', 'num-experts': 'experts', 'num-local-experts': 'experts', 'num-experts-per-tok': 'active-experts',
  vram: 'memory', ram: 'memory', 'memory-bandwidth': 'bandwidth', tflops: 'flops', lr: 'learning-rate', corpus: 'data', dataset: 'data',
};

function unknownKey(
  context: Context,
  uri: string,
  node: Setting,
  before: Statement | undefined,
  block: string,
  keys: readonly string[],
): void {
  const span = spanOfProperty(node, 'key');
  const previous = isSetting(before) ? (before.value as Expression | undefined) : undefined;
  const unit = nearestUnit(node.key);
  // A word right after a number, on its line, was meant as its unit.
  const afterNumber = previous?.$type === 'Quantity' && previous.$cstNode?.range.end.line === node.$cstNode?.range.start.line;
  if (afterNumber && unit && /^[\d._eE+-]+$/.test(previous.text)) {
    context.error(uri, 'unknown-unit', `There is no unit \`${node.key}\`. Did you mean \`${unit}\`?`, span, {
      fixes: [{ title: `Change to \`${unit}\``, span, text: unit }],
    });
    return;
  }
  const meant = MEANT[node.key.toLowerCase().replaceAll('_', '-')];
  if (meant && keys.includes(meant)) {
    const fixes = [{ title: `Change to \`${meant}\``, span, text: meant }];
    context.error(uri, 'unknown-key', `A ${block} block has no \`${node.key}\`. It is written \`${meant}\` here`, span, {
      fixes,
    });
    return;
  }
  context.unknown(uri, 'unknown-key', `A ${block} block has no \`${node.key}\``, node.key, span, keys);
}

/** Statements that are no settings have no place outside plans. */
export function settingsOnly(context: Context, uri: string, body: Block | undefined, block: string): void {
  for (const statement of body?.statements ?? []) {
    if (isSetting(statement)) continue;
    const word = statement.$type.toLowerCase();
    context.error(uri, 'unknown-key', `\`${word}\` stands in a plan, not in a ${block} block`, spanOf(statement));
  }
}
