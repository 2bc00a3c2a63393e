/** A price is a promise: what completion says a technique saves is what the estimate says once it is written. */
import { expect, it } from 'vitest';
import { TextDocument } from 'vscode-languageserver-textdocument';
import { analyze } from '../../language/server/analyze';
import { EstimateCache } from '../../language/server/estimates';
import { completions, priced } from '../../language/server/features/completion';
import { cursorAt } from '../../language/server/features/cursor';
import { pricesOf, priceText } from '../../language/server/prices';
import type { View } from '../../language/server/workspace';
import { finish } from '../../src/planner/answers';
import { estimate } from '../../src/planner/estimate';
import { specsOf } from '../../src/techniques/registry';

const uri = 'untitled:plan.memplan';
const cache = new EstimateCache();
/** A plan that says something of every slot that has prices, and near its card, so that the allocator decides. */
const STATED: { readonly [slot: string]: string } = {
  precision: 'bf16',
  weights: 'nf4(double-quant: true)',
  train: 'lora(rank: 16)',
  gradients: 'bf16',
  optimizer: 'adamw',
  backward: 'standard',
  activations: 'exact',
  attention: 'flash',
  loss: 'cross-entropy',
};
const plan = (changed: { readonly [slot: string]: string } = {}): string => {
  const statements = Object.entries({ ...STATED, ...changed }).map(([slot, written]) => `  ${slot} ${written}\n`);
  return `model m from "meta-llama/Llama-3.2-1B"\ndevice d from "RTX 4090"\nplan p {\n  model m\n  device d\n  batch 2\n  sequence 6k\n${statements.join('')}}\n`;
};
const viewOf = (text: string): View => ({
  analysis: analyze(text, { uri }),
  document: TextDocument.create(uri, 'memplan', 1, text),
  dependencies: new Set(),
});

it.each(Object.keys(STATED))('completion of %s prices every technique as the estimate will', (slot) => {
  const text = plan();
  const view = viewOf(text);
  const at = text.indexOf(`  ${slot} `) + slot.length + 3;
  const target = priced(view, cursorAt(view.analysis.syntax, at));
  if (!target) throw new Error('no plan to price for');
  const names = specsOf(target.slot).map(({ name }) => name);
  const early = completions(view, at, cache);
  const usual = early.filter(({ labelDetails }) => labelDetails?.description !== 'excluded here').map(({ label }) => label);
  expect(usual, 'unpriced, they stand in their usual order').toEqual(names.filter((name) => usual.includes(name)));
  finish(pricesOf(target.plan, target.slot, cache));
  const before = estimate(target.plan);
  const items = completions(view, at, cache);
  expect(items.map(({ label }) => label).toSorted()).toEqual(names.toSorted());
  for (const { label, labelDetails, textEdit } of items) {
    if (!labelDetails || labelDetails.description === 'excluded here') continue;
    const written = (textEdit?.newText ?? '').replace(/\$\{\d+:([^}]*)\}/g, '$1');
    const changed = plan({ [slot]: written });
    const found = analyze(changed, { uri }).plans[0]?.plan;
    if (!found) throw new Error(`${label} does not stand there:\n${changed}`);
    const { peak, time, fits } = estimate(found);
    const price = { saved: before.peak.allocated - peak.allocated, pace: time.step / before.time.step, fits };
    expect(labelDetails.description, label).toBe(priceText(price));
  }
});

it('what is being typed in a slot changes no price of what else it may hold', () => {
  const known = new EstimateCache();
  const offered = (written: string) => {
    const text = plan({ optimizer: written });
    const view = viewOf(text);
    const at = text.indexOf('  optimizer ') + 12;
    const target = priced(view, cursorAt(view.analysis.syntax, at));
    return { steps: target ? [...pricesOf(target.plan, target.slot, known)] : [] };
  };
  expect(offered('adamw').steps.length).toBeGreaterThan(10);
  // A word that is no technique yet, and another technique: only the plan as it then is must be tried.
  expect(offered('gal').steps.length).toBeLessThanOrEqual(1);
  expect(offered('sgd').steps.length).toBeLessThanOrEqual(1);
});
