import { describe, expect, it } from 'vitest';
import type { EstimateCache } from '../../language/server/estimates';
import { completions, priced } from '../../language/server/features/completion';
import { cursorAt } from '../../language/server/features/cursor';
import { hoverSteps } from '../../language/server/features/hover';
import { applyEdits, format } from '../../language/server/format';
import { lintsOn } from '../../language/server/lints';
import { pricesOf } from '../../language/server/prices';
import type { Problem } from '../../language/server/problems';
import { RunVerdicts } from '../../language/server/run-verdicts';
import { Lines } from '../../language/server/span';
import { parse } from '../../language/server/syntax/parse';
import { verdictSteps } from '../../language/server/verdicts';
import type { View } from '../../language/server/workspace';
import { finish } from '../../src/planner/answers';
import { type Fixture, fixtures, viewOf } from './fixture';

/** The words between the quotes of an expectation. */
const quoted = (words: string): string => /"(.*)"/.exec(words)?.[1] ?? '';
const words = (list: string | undefined): string[] =>
  (list ?? '')
    .split(',')
    .map((word) => word.trim())
    .filter(Boolean);

function diagnosticsAsExpected(fixture: Fixture): void {
  const { view, cache } = viewOf(fixture);
  const verdicts = view.analysis.plans.flatMap((plan) => finish(verdictSteps(view.analysis, plan, cache)));
  const problems = [...view.analysis.problems, ...verdicts].filter(({ severity }) => severity !== 'information');
  const lines = new Lines(fixture.text);
  const show = (start: number, end: number, rest: string) =>
    `${lines.position(start).line}:${lines.position(start).column} ‹${fixture.text.slice(start, end)}› ${rest}`;
  const wanted = fixture.expectations.filter(({ kind }) => kind === 'TEST');
  // Remarks are looked for where one is expected; of the others, a fixture need not speak.
  const asked = ({ severity, code }: Problem): boolean =>
    wanted.some(({ words: text }) => text.startsWith(`${severity} ${code}`));
  const remarks = view.analysis.plans.flatMap((plan) => finish(lintsOn(view.analysis, plan, cache)));
  const informed = view.analysis.problems.filter(({ severity }) => severity === 'information');
  const found = [...problems, ...[...informed, ...remarks].filter(asked)];
  expect(found.map(({ span, severity, code }) => show(span.start, span.end, `${severity} ${code}`)).toSorted()).toEqual(
    wanted.map(({ span, words: text }) => show(span.start, span.end, text.split(' ').slice(0, 2).join(' '))).toSorted(),
  );
  for (const { span, words: text } of wanted) {
    const message = quoted(text);
    const here = found.filter((problem) => problem.span.start === span.start && problem.span.end === span.end);
    if (message) expect(here.map((problem) => problem.message).join('\n')).toContain(message);
  }
  for (const { span, words: text } of fixture.expectations.filter(({ kind }) => kind === 'FIX')) {
    const mistake = found.find((problem) => problem.span.start === span.start);
    const fix = mistake?.fixes?.[0];
    if (!mistake || !fix) throw new Error(`no fix at ${show(span.start, span.end, '')}`);
    const mended = applyEdits(fixture.text, [fix]);
    const line = new Lines(mended).position(fix.span.start).line;
    expect(mended.split(/\r?\n/)[line - 1]).toContain(quoted(text));
    // What was mended is no longer said.
    const said = (problems: readonly Problem[]): number => problems.filter(({ code }) => code === mistake.code).length;
    const after = viewOf({ folder: fixture.folder, text: mended }).view;
    if (said(view.analysis.problems) > 0) expect(said(after.analysis.problems)).toBeLessThan(said(view.analysis.problems));
  }
}

/** What completion offers there, all prices known: `has`, `not`, `first` in this order, `priced` with these words. */
function completes(expected: string, view: View, offset: number, cache: EstimateCache): void {
  const target = priced(view, cursorAt(view.analysis.syntax, offset));
  if (target && /first|priced/.test(expected)) finish(pricesOf(target.plan, target.slot, cache));
  const items = completions(view, offset, cache).toSorted((a, b) => ((a.sortText ?? '') < (b.sortText ?? '') ? -1 : 1));
  const labels = items.map(({ label }) => label);
  for (const [, what, list = ''] of expected.matchAll(/(has|not|first|priced) ([^;]*)/g)) {
    const named = words(list.replace(/".*"/, ''));
    if (what === 'has') for (const word of named) expect(labels).toContain(word);
    if (what === 'not') for (const word of named) expect(labels).not.toContain(word);
    if (what === 'first') expect(labels.slice(0, named.length)).toEqual(named);
    if (what === 'priced') expect(items.find(({ label }) => label === named[0])?.detail).toContain(quoted(list));
  }
}

const runs = new RunVerdicts();

describe('fixture', () => {
  const all = fixtures();
  it('folders are found', () => expect(all.length).toBeGreaterThan(50));

  it.each(all.map((fixture) => [fixture.name, fixture] as const))('%s', (_, fixture) => {
    diagnosticsAsExpected(fixture);
    const { view, cache } = viewOf(fixture);
    for (const { kind, span, words: text } of fixture.expectations) {
      if (kind === 'HOVER')
        expect(JSON.stringify(finish(hoverSteps(view, span.start, { cache, runs, now: 0 }))?.contents)).toContain(quoted(text));
      if (kind === 'COMPLETE') {
        completes(text, view, span.end, cache);
      }
    }
    const once = applyEdits(fixture.text, format(fixture.text, parse(fixture.text)));
    if (fixture.formatted !== undefined) expect(once).toBe(fixture.formatted);
    expect(applyEdits(once, format(once, parse(once)))).toBe(once);
    const tokens = (source: string) => parse(source).tokens.map(({ tokenType, image }) => `${tokenType.name} ${image}`);
    expect(tokens(once)).toEqual(tokens(fixture.text));
  });
});
