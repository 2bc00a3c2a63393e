import { describe, expect, it } from 'vitest';
import { findModel, modelNames } from '../../src/plan/presets/models';
import { parameterCount } from '../../src/plan/weights';

const models = modelNames.map((name) => findModel(name));

describe('model presets', () => {
  it.each(modelNames)('%s has the parameters its authors publish', (name) => {
    const model = findModel(name);
    expect(model?.name).toBe(name);
    if (model?.publishedParameters !== undefined) expect(parameterCount(model)).toBe(model.publishedParameters);
  });

  it('publishes a count for at least 60 presets', () => {
    expect(models.filter((model) => model?.publishedParameters !== undefined).length).toBeGreaterThanOrEqual(60);
  });
});

describe('finding a model', () => {
  it.each([
    ['meta-llama/Llama-3.1-8B', 'meta-llama/Llama-3.1-8B'],
    ['meta-llama/Llama-3.1-8B-Instruct', 'meta-llama/Llama-3.1-8B'],
    ['meta-llama/Meta-Llama-3.1-8B-Instruct', 'meta-llama/Llama-3.1-8B'],
    ['unsloth/Llama-3.1-8B', 'meta-llama/Llama-3.1-8B'],
    ['Llama 3.1 8B', 'meta-llama/Llama-3.1-8B'],
    ['llama-3.1-8b', 'meta-llama/Llama-3.1-8B'],
    ['meta-llama/Llama-2-7b-chat-hf', 'meta-llama/Llama-2-7b'],
    ['Qwen/Qwen3-8B-Base', 'Qwen/Qwen3-8B'],
    ['google/gemma-2-9b-it', 'google/gemma-2-9b'],
    ['mistralai/Mistral-7B-Instruct-v0.3', 'mistralai/Mistral-7B-v0.3'],
    ['mistralai/Mistral-Nemo-Instruct-2407', 'mistralai/Mistral-Nemo-Base-2407'],
    ['Mistral 7B', 'mistralai/Mistral-7B-v0.1'],
    ['TinyLlama/TinyLlama-1.1B-Chat-v1.0', 'TinyLlama/TinyLlama-1.1B'],
    ['gpt2-xl', 'openai-community/gpt2-xl'],
    ['t5-base', 'google-t5/t5-base'],
    ['bert-base-uncased', 'google-bert/bert-base-uncased'],
  ])('%s is %s', (id, name) => expect(findModel(id)?.name).toBe(name));

  it.each(['', '/', 'a/b/c', 'gpt5', 'someone/Llama-3.1-8B', '__proto__', 'constructor', 'meta-llama/'])('%j is unknown', (id) =>
    expect(findModel(id)).toBeUndefined(),
  );

  it('hands out copies: changing one leaves the preset alone', () => {
    const model = findModel('gpt2');
    if (model) model.layers = 1;
    expect(findModel('gpt2')?.layers).toBe(12);
  });
});
