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

const uri = 'untitled:plan.memplan';
const cache = new EstimateCache();
const plan = (optimizer: string, backward: string): string =>
  `model m from "meta-llama/Llama-3.2-1B"\ndevice d from "RTX 4090"\nplan p {\n  model m\n  device d\n  sequence 4k\n  optimizer ${optimizer}\n  backward ${backward}\n}\n`;
const viewOf = (text: string): View => ({
  analysis: analyze(text, { uri }),
  document: TextDocument.create(uri, 'memplan', 1, text),
  dependencies: new Set(),
});

it.each(['optimizer ', 'backward '])('completion of %sprices every technique as the estimate will', (slot) => {
  const text = plan('adamw', 'standard');
  const view = viewOf(text);
  const at = text.indexOf(slot) + slot.length;
  const target = priced(view, cursorAt(view.analysis.syntax, at));
  if (!target) throw new Error('no plan to price for');
  expect(completions(view, at, cache).every(({ labelDetails, data }) => !labelDetails && data)).toBe(true);
  finish(pricesOf(target.plan, target.slot, cache));
  const before = estimate(target.plan);
  const items = completions(view, at, cache);
  expect(items.length).toBeGreaterThan(5);
  for (const { label, labelDetails, textEdit } of items) {
    if (!labelDetails || labelDetails.description === 'excluded here') continue;
    const written = (textEdit?.newText ?? '').replace(/\$\{\d+:([^}]*)\}/g, '$1');
    const changed = slot.startsWith('optimizer') ? plan(written, 'standard') : plan('adamw', written);
    const found = analyze(changed, { uri }).plans[0]?.plan;
    if (!found) throw new Error(`${label} does not stand there:\n${changed}`);
    const { peak, time, fits } = estimate(found);
    const price = { saved: before.peak.allocated - peak.allocated, pace: time.step / before.time.step, fits };
    expect(labelDetails.description, label).toBe(priceText(price));
  }
});
