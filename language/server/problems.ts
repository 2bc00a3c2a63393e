/** Diagnostics as data. Every code is stable, and explained in reference.md under its name. */
import type { Span } from './span';

export const CODES = {
  syntax: 'The text cannot be read here',
  'unknown-key': 'No such statement in this block',
  'duplicate-key': 'A statement stands twice in a block',
  'duplicate-name': 'Two declarations of one kind have one name',
  'unknown-name': 'No declaration has this name',
  'missing-value': 'A key has no value',
  'wrong-type': 'A value of another kind is wanted',
  'unknown-unit': 'A number has a unit that does not exist',
  'wrong-unit': 'A quantity has the wrong unit, or none',
  'not-a-count': 'A whole number is wanted',
  'out-of-range': 'A number is too small or too large',
  'division-by-zero': 'An expression divides by zero',
  cycle: 'A declaration depends on itself',
  'missing-slot': 'A plan lacks a statement that it needs',
  'missing-dimension': 'A model lacks a dimension that nothing can supply',
  'bad-shape': 'Dimensions of a model do not go together',
  'unknown-technique': 'No technique has this name',
  'wrong-slot': 'A technique stands in a slot that is not its own',
  'unknown-argument': 'A technique has no such argument',
  'duplicate-argument': 'An argument is given twice',
  'missing-argument': 'A technique lacks an argument that has no default',
  'unnamed-argument': 'An argument lacks its name',
  'excluded-technique': 'Two techniques exclude one another',
  'needed-technique': 'A technique needs another one',
  'impossible-technique': 'A technique cannot be had with this model or with these arguments',
  caution: 'Techniques go together, but for something that should be known',
  'unknown-model': 'No model preset has this name',
  'unknown-device': 'No device preset has this name',
  'bad-config': 'A model configuration cannot be read',
  'bad-import': 'An imported file cannot be read',
  'bad-file': 'A file that is named cannot be used',
  'too-large': 'A plan is too large to be estimated',
  'assumed-speed': 'A card lacks its speed, so times rest on an assumed one',
  'unknown-estimate': 'A condition names a plan that has no estimate',
  'estimate-failed': 'A plan cannot be estimated',
  'exceeds-memory': 'A plan needs more memory than the card has',
  'exceeds-host-memory': 'A plan offloads more than the host has memory',
  'require-failed': 'A condition does not hold',
  'no-answer': 'A search has no answer',
  'lora-dropout': 'Dropout before LoRA’s adapters costs memory',
  'fp32-adapters': 'Adapters in float32 cost memory',
  'foreach-temporaries': 'A foreach optimizer costs memory',
  'held-logits': 'Logits that are held during backward cost memory',
  'full-logits': 'Logits of all tokens at once cost memory',
  'stored-attention': 'Attention that is written out costs memory',
  'attention-mask': 'An explicit attention mask costs memory',
  'autocast-copies': 'Autocast costs memory',
  'reentrant-trains-nothing': 'Reentrant checkpoints over a frozen embedding train nothing',
  'reentrant-checkpoints': 'Reentrant checkpoints cost memory',
  'large-buckets': 'ZeRO’s buckets are larger than the model',
  'second-bucket': 'Overlapped communication costs a second bucket',
  'gradient-buckets': 'DDP’s buckets cost a copy of the gradients',
  'whole-gradients': 'Gradients that are not reduced with each micro-batch cost memory',
  'unproved-technique': 'A run does not prove a technique of its plan',
} as const;

export type Code = keyof typeof CODES;
export type Severity = 'error' | 'warning' | 'information';

export interface Related {
  uri: string;
  span: Span;
  message: string;
}

/** How a problem is mended: the text that replaces a span (the problem's own, unless it says). */
export interface Fix {
  title: string;
  span: Span;
  text: string;
}

export interface Problem {
  severity: Severity;
  code: Code;
  message: string;
  span: Span;
  related?: Related[];
  fixes?: Fix[];
}
