import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { TextDocument } from 'vscode-languageserver-textdocument';
import type { CodeAction } from 'vscode-languageserver-types';
import { analyze } from '../../language/server/analyze';
import { EstimateCache } from '../../language/server/estimates';
import { codeActionSteps, FIX_ALL, type Pending, resolveSteps } from '../../language/server/features/actions';
import { inlayHints } from '../../language/server/features/inlay';
import { semanticTokens, TOKEN_TYPES } from '../../language/server/features/semantic';
import { signatureHelp } from '../../language/server/features/signature';
import { applyEdits, format } from '../../language/server/format';
import { lintsOn } from '../../language/server/lints';
import { answersOf } from '../../language/server/questions';
import { setKey } from '../../language/server/rewrite';
import { parse } from '../../language/server/syntax/parse';
import { verdictSteps, verdictsOn } from '../../language/server/verdicts';
import type { View } from '../../language/server/workspace';
import { formatBytes } from '../../src/plan/format';
import { finish } from '../../src/planner/answers';
import { estimate } from '../../src/planner/estimate';

const example = readFileSync(new URL('../../media/examples/long-context.memplan', import.meta.url), 'utf8').replace(
  /\n\s*data .*/,
  '',
);
const cache = new EstimateCache();
const uri = 'untitled:plan.memplan';

function viewOf(text: string): View {
  return { analysis: analyze(text, { uri }), document: TextDocument.create(uri, 'memplan', 1, text), dependencies: new Set() };
}
const everything = (text: string) => ({ start: 0, end: text.length });
const applied = (text: string, action: Pick<CodeAction, 'edit'>): string =>
  TextDocument.applyEdits(TextDocument.create(uri, 'memplan', 1, text), action.edit?.changes?.[uri] ?? []);
const problemsOf = ({ analysis }: View) => [
  ...analysis.problems,
  ...analysis.plans.flatMap((plan) => finish(verdictSteps(analysis, plan, cache))),
];
const peakOf = (text: string, plan: string): number => {
  const found = analyze(text, { uri }).plans.find(({ name }) => name === plan);
  if (!found?.plan) throw new Error(`${found?.problem}\n${text}`);
  return estimate(found.plan).peak.allocated;
};

/** The plan whose block an edit changed. */
const planChanged = (text: string, changed: string): string => {
  const at = [...text].findIndex((character, index) => character !== changed[index]);
  return [...text.slice(0, at).matchAll(/^plan (\S+)/gm)].at(-1)?.[1] ?? '';
};

describe('mends of a plan that does not fit', () => {
  const view = viewOf(example);
  const actions = finish(codeActionSteps(view, problemsOf(view), everything(example), cache, { waits: true })).filter(
    ({ edit }) => edit,
  );

  it('are offered, each with its price', () => {
    expect(actions.length).toBeGreaterThan(6);
    for (const { title } of actions)
      expect(title).toMatch(
        /^(Make `\w+` fit: )?([a-z]+ [\w-]+(\(.*\))?|(batch|sequence) \d+k?(, the longest that fits)?)( \+ .*)?: −[\d.,]+ \w+, ([+−]\d+ %|same) time(, fits)?$/,
      );
  });

  it('save exactly what they promise, and keep comments and layout', () => {
    for (const action of actions) {
      const text = applied(example, action);
      const plan = planChanged(example, text);
      const promised = /−([\d.,]+ \w+)/.exec(action.title)?.[1];
      expect(formatBytes(peakOf(example, plan) - peakOf(text, plan)), `${plan}: ${action.title}`).toBe(promised);
      expect(parse(text).comments).toHaveLength(parse(example).comments.length);
      expect(format(text, parse(text))).toEqual([]);
      expect(action.isPreferred).toBe(action.title.endsWith('fits'));
    }
  });

  it('that take a search make the plan fit, or say why not', () => {
    for (const plan of ['adapter', 'full']) {
      for (const how of ['fit', 'sequence'] as const) {
        const pending: Pending = { uri, plan, how };
        const resolved = finish(resolveSteps(view, pending, cache));
        if ('problem' in resolved) expect(resolved.problem).toMatch(/makes `\w+` fit/);
        else {
          const text = applied(example, resolved);
          const found = analyze(text, { uri }).plans.find(({ name }) => name === plan);
          if (!found?.plan) throw new Error(text);
          expect(estimate(found.plan).fits, `${plan} by ${how}`).toBe(true);
        }
      }
    }
  });
});

describe('an excess stands on the statement whose change helps most', () => {
  const head = 'model llama from "meta-llama/Llama-3.1-8B"\ndevice card from "RTX 4090"\n';
  const statements = {
    states: ['optimizer adamw', 'backward checkpoint', 'loss cut-cross-entropy'],
    logits: ['optimizer adamw8bit', 'weights nf4', 'train lora(rank: 8)', 'backward checkpoint', 'loss cross-entropy', 'batch 8'],
    kept: ['optimizer adamw8bit', 'weights nf4', 'train lora(rank: 8)', 'backward standard', 'loss cut-cross-entropy', 'batch 2'],
    scores: [
      'optimizer sgd',
      'weights nf4',
      'train lora(rank: 8)',
      'backward checkpoint',
      'attention math',
      'loss cut-cross-entropy',
    ],
  };
  const slotOf = (text: string, { start, end }: { start: number; end: number }) => text.slice(start, end).split(' ')[0] ?? '';

  it.each(Object.entries(statements))('%s', (_, own) => {
    const text = `${head}plan p {\n  model llama\n  device card\n  sequence 8k\n${own.map((one) => `  ${one}\n`).join('')}}\n`;
    const view = viewOf(text);
    const excess = problemsOf(view).find(({ code }) => code === 'exceeds-memory');
    if (!excess) throw new Error('the plan fits');
    const actions = finish(codeActionSteps(view, [excess], everything(text), cache, { waits: false }));
    const before = peakOf(text, 'p');
    const best = new Map<string, number>();
    for (const action of actions.filter(({ edit, title }) => edit && !title.startsWith('Make'))) {
      const changed = applied(text, action);
      const slot = analyze(changed).plans[0]?.stated ?? new Map();
      const [key] = [...slot].find(([name, { entry }]) => {
        const old = view.analysis.plans[0]?.stated.get(name)?.entry;
        return !old || old.value.$cstNode?.text !== entry.value.$cstNode?.text;
      }) ?? [''];
      best.set(key, Math.max(best.get(key) ?? 0, before - peakOf(changed, 'p')));
    }
    const offered = [...best].filter(([key]) => key === 'sequence' || own.some((one) => one.startsWith(`${key} `)));
    expect(offered.length).toBeGreaterThan(0);
    const [most] = offered.toSorted((a, b) => b[1] - a[1]);
    expect(slotOf(text, excess.span)).toBe(most?.[0]);
    // The others whose change would help much are named beside it.
    const beside = (excess.related ?? []).map(({ span }) => slotOf(text, span));
    for (const [key, saved] of offered) if (key !== most?.[0] && saved > 2 * 2 ** 30) expect(beside).toContain(key);
    expect(beside).not.toContain(most?.[0]);
  });

  it('at once where it stood last, until it is known', () => {
    const fresh = new EstimateCache();
    const at = (text: string, known: boolean) => {
      const { analysis } = viewOf(text);
      const [plan] = analysis.plans;
      if (!plan) throw new Error('no plan');
      const found = known ? finish(verdictSteps(analysis, plan, fresh)) : verdictsOn(analysis, plan, fresh);
      return slotOf(text, found.find(({ code }) => code === 'exceeds-memory')?.span ?? { start: 0, end: 0 });
    };
    const own = ['weights bf16', 'train lora(rank: 8)', 'backward checkpoint', 'loss cross-entropy'];
    const text = (sequence: string) =>
      `${head}plan p {\n  model llama\n  device card\n  sequence ${sequence}\n${own.map((one) => `  ${one}\n`).join('')}}\n`;
    expect(at(text('7k'), false)).toBe('weights');
    expect(at(text('7k'), true)).toBe('loss');
    expect(at(text('8k'), false)).toBe('loss');
  });
});

it('a statement is added where a reader would add it', () => {
  const head = 'model m from "meta-llama/Llama-3.1-8B"\ndevice d { memory 24 GiB bandwidth 900 GB/s flops 80 TFLOPS }\n';
  const cases = [
    [
      'plan a {\n  model       m\n  device      d\n  sequence    4k // long\n}\n',
      '  sequence    4k // long\n  backward    checkpoint\n}\n',
    ],
    ['plan a { model m  device d  sequence 4k }\n', '  sequence 4k  backward checkpoint }\n'],
    [
      'plan a {\r\n\tmodel m\r\n\tdevice d\r\n\tsequence 4k\r\n\r\n\t// why\r\n\trequire peak <= 23 GiB\r\n}\r\n',
      '\tsequence 4k\r\n\tbackward    checkpoint\r\n\r\n\t// why',
    ],
  ] as const;
  for (const [block, wanted] of cases) {
    const whole = block.includes('\r') ? head.replaceAll('\n', '\r\n') + block : head + block;
    const { analysis } = viewOf(whole);
    const [plan] = analysis.plans;
    if (!plan) throw new Error('no plan');
    const text = applyEdits(whole, [setKey(analysis, plan, 'backward', 'checkpoint')]);
    expect(text).toContain(wanted);
    expect(analyze(text).plans[0]?.plan?.slots.backward).toEqual({ name: 'checkpoint', args: {} });
    expect(setKey(analysis, plan, 'sequence', '2k').text).toBe('2k');
  }
});

it('misspelt words are mended all at once', () => {
  const text =
    'model m from "gpt2"\ndevice d from "RTX 4090"\nplan a {\n  model m\n  device d\n  sequnce 1k\n  optimizer adamv\n  require peak <= 3 Gib\n}\n';
  const view = viewOf(text);
  const all = finish(codeActionSteps(view, problemsOf(view), everything(text), cache, { only: ['source.fixAll'], waits: false }));
  expect(all.map(({ kind }) => kind)).toEqual([FIX_ALL]);
  const mended = applied(text, all[0] ?? {});
  expect(analyze(mended).problems).toEqual([]);
});

describe('remarks on hidden costs', () => {
  const text = example.replace(
    'plan adapter',
    'plan lora extends full {\n  loss        cut-cross-entropy\n  train       lora(rank: 16, dropout: 0.1)\n}\n\nplan adapter',
  );
  const view = viewOf(text);
  const lints = view.analysis.plans.flatMap((plan) => finish(lintsOn(view.analysis, plan, cache)));

  it('name their price, and their mend saves exactly that', () => {
    expect(lints.map(({ code }) => code)).toContain('lora-dropout');
    for (const { message, fixes, code } of lints) {
      const price = /: ([\d.,]+ \w+) of the peak in plan `(\w+)`/.exec(message);
      const fix = fixes?.[0];
      if (!price?.[1] || !price[2] || !fix) throw new Error(message);
      const mended = applyEdits(text, [fix]);
      expect(formatBytes(peakOf(text, price[2]) - peakOf(mended, price[2])), code).toBe(price[1]);
    }
  });

  it('are silent where the cost is nothing', () => {
    const small = viewOf(
      'model m from "gpt2"\ndevice d from "RTX 4090"\nplan a { model m device d sequence 64 train lora(dropout: 0.1) }\n',
    );
    const plan = small.analysis.plans[0];
    if (!plan) throw new Error('no plan');
    expect(finish(lintsOn(small.analysis, plan, cache)).map(({ code }) => code)).not.toContain('lora-dropout');
  });
});

it('numbers stand beside the words that own them', () => {
  const view = viewOf(example);
  const answers = new Map(view.analysis.plans.map((plan) => [plan.name, answersOf(view.analysis, plan, cache)]));
  const hints = inlayHints(view, cache, { answers }, everything(example));
  const lines = example.split('\n');
  const beside = (words: string) =>
    hints.filter(({ position }) => lines[position.line]?.includes(words)).map(({ label }) => label);
  expect(beside('backward    checkpoint')[0]).toMatch(/^−[\d.,]+ GiB$/);
  expect(beside('require     peak')[0]).toMatch(/^[✓✗] [\d.]+ GiB$/);
  expect(beside('find        max sequence')[0]).toMatch(/^= [\d,]+k?$/);
  expect(beside('sweep')[0]).toMatch(/^\d of 5 fit$/);
  for (const { position } of hints) expect(lines[position.line]?.slice(position.character).trim()).toMatch(/^(\/\/.*)?$/);
});

it('arguments are shown as they are written, the active one marked', () => {
  const text = 'plan a { optimizer galore(rank: 8, every: ) }';
  const view = viewOf(text);
  const help = signatureHelp(view, text.indexOf(')'));
  expect(help?.signatures[0]?.label).toMatch(/^galore\(rank: count/);
  expect(help?.signatures[0]?.parameters?.[help.activeParameter ?? 0]?.label).toMatch(/^every/);
  expect(signatureHelp(view, text.indexOf('galore('))).toBeUndefined();
});

it('words are coloured by what they are', () => {
  const view = viewOf(example);
  const { data } = semanticTokens(view);
  let [line, character] = [0, 0];
  const found = new Map<string, string>();
  for (let index = 0; index < data.length; index += 5) {
    const [lines = 0, characters = 0, length = 0, type = 0] = data.slice(index);
    [line, character] = lines > 0 ? [line + lines, characters] : [line, character + characters];
    found.set(example.split('\n')[line]?.slice(character, character + length) ?? '', TOKEN_TYPES[type] ?? '');
  }
  expect(
    Object.fromEntries(
      ['plan', 'full', 'llama', 'ctx', 'galore', 'rank', 'batch', 'max', 'peak', '23 GiB'].map((word) => [word, found.get(word)]),
    ),
  ).toEqual({
    plan: 'keyword',
    full: 'class',
    llama: 'struct',
    ctx: 'variable',
    galore: 'function',
    rank: 'parameter',
    batch: 'property',
    max: 'keyword',
    peak: 'property',
    '23 GiB': 'number',
  });
});
