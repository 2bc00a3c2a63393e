import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';

/** Makes the example's proxy `width` wide and long, so that a software driver on a busy machine gets through it; every check stays. */
export async function shrink(file: string, width: number): Promise<void> {
  const text = await readFile(file, 'utf8');
  const block = [
    'run longform {',
    `  layers 2  hidden ${width}  heads 4  kv-heads 2  ffn ${Math.round((width * 8) / 12) * 4}  vocab 256`,
    `  sequence ${width}  batch 2  steps 10  seed 7`,
    '',
  ].join('\n');
  const smaller = text.replace(/^run longform \{[\s\S]*?(?=^\s*data|^\})/m, block);
  assert.notEqual(smaller, text, 'the example has a run block');
  await writeFile(file, smaller);
}
