import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { beforeAll, describe, expect, it } from 'vitest';
import { createOnigScanner, createOnigString, loadWASM } from 'vscode-oniguruma';
import { type IGrammar, INITIAL, parseRawGrammar, Registry } from 'vscode-textmate';

const at = (path: string) => new URL(`../../${path}`, import.meta.url);

describe('colours without a server', () => {
  let grammar: IGrammar;
  beforeAll(async () => {
    const wasm = readFileSync(createRequire(import.meta.url).resolve('vscode-oniguruma/release/onig.wasm'));
    await loadWASM(wasm.buffer.slice(wasm.byteOffset, wasm.byteOffset + wasm.byteLength));
    const path = 'language/syntaxes/memplan.tmLanguage.json';
    const registry = new Registry({
      onigLib: Promise.resolve({ createOnigScanner, createOnigString }),
      loadGrammar: async () => parseRawGrammar(readFileSync(at(path), 'utf8'), path),
    });
    const loaded = await registry.loadGrammar('source.memplan');
    if (!loaded) throw new Error('no grammar');
    grammar = loaded;
  });

  /** The innermost scope of every word of a text: `word → scope`. */
  function scopes(text: string): Map<string, string> {
    const found = new Map<string, string>();
    let stack = INITIAL;
    for (const line of text.split('\n')) {
      const result = grammar.tokenizeLine(line, stack);
      stack = result.ruleStack;
      for (const { startIndex, endIndex, scopes: list } of result.tokens) {
        const word = line.slice(startIndex, endIndex).trim();
        if (word && !found.has(word)) found.set(word, list.at(-1) ?? '');
      }
    }
    return found;
  }

  it('tells the kinds of words of the example apart', () => {
    const found = scopes(readFileSync(at('media/examples/long-context.memplan'), 'utf8'));
    const wanted = {
      let: 'storage.type', ctx: 'variable.other.constant', '32': 'constant.numeric', k: 'keyword.other.unit',
      model: 'storage.type', llama: 'entity.name.type', from: 'keyword.other.from', reserve: 'support.type.property-name',
      '600': 'constant.numeric', MiB: 'keyword.other.unit', full: 'entity.name.type', batch: 'support.type.property-name',
      adamw: 'entity.name.function', galore: 'entity.name.function', extends: 'storage.modifier', rank: 'variable.parameter',
      true: 'constant.language.boolean', 'cut-cross-entropy': 'entity.name.function', require: 'keyword.control',
      '<=': 'keyword.operator.comparison', time: 'variable.other', find: 'keyword.control', max: 'keyword.operator.word',
      in: 'keyword.operator.word', run: 'storage.type', 'kv-heads': 'support.type.property-name', seed: 'support.type.property-name',
      data: 'support.type.property-name', 'double-quant': 'variable.parameter',
    }; // biome-ignore format: a table
    for (const [word, scope] of Object.entries(wanted)) expect(found.get(word), word).toContain(scope);
  });

  it('never lets a comment or a string run on', () => {
    expect(scopes('model m from "open\nplan p {').get('plan')).toContain('storage.type');
    expect(scopes('/* a */ let x = 1').get('x')).not.toContain('comment');
    expect(scopes('7e9 layers').get('layers')).not.toContain('unit');
  });
});
