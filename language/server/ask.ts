/** What a plan asks: `require`, `find`, `sweep`, `compare`, read and checked; the answers take estimates. */
import { formatQuantity } from '../../src/plan/format';
import { shapeProblem } from '../../src/plan/numbers';
import type { Plan } from '../../src/plan/types';
import type { Condition } from '../../src/planner/expression';
import { type Knob, knobOf, type Path, pathText } from '../../src/planner/knobs';
import { refusalsOf } from '../../src/techniques/compatibility';
import type { Compare, Find, PlanDeclaration, Require, Sweep } from '../generated/ast';
import { condition } from './conditions';
import type { Context, Located } from './context';
import { countOf, measureOf, numberOf } from './conversions';
import type { Module } from './modules';
import { spanOfProperty } from './names';
import { type Span, spanOf } from './span';
import type { Expression } from './tree';
import type { Dimension } from './units';

export interface RequireQuestion {
  span: Span;
  /** The comparison as written. */
  text: string;
  condition: Condition;
  dimension: Dimension;
}
export interface FindQuestion {
  span: Span;
  goal: 'max' | 'min';
  path: Path;
}
export interface SweepQuestion {
  span: Span;
  path: Path;
  values: number[];
}
export interface CompareQuestion {
  span: Span;
  plan: string;
}

export interface Questions {
  requires: RequireQuestion[];
  finds: FindQuestion[];
  sweeps: SweepQuestion[];
  compares: CompareQuestion[];
}

/** Adds the questions of a plan; `plan` is what numbers are looked for in, absent where it is not whole. */
export function ask(context: Context, node: PlanDeclaration, module: Module, asked: Asked): void {
  for (const statement of node.body?.statements ?? []) {
    if (statement.$type === 'Require') addRequire(context, statement, module, asked);
    else if (statement.$type === 'Find') addFind(context, statement, module.uri, asked);
    else if (statement.$type === 'Sweep') addSweep(context, statement, module.uri, asked);
    else if (statement.$type === 'Compare') addCompare(context, statement, node, module.uri, asked);
  }
}

type Asked = Questions & { plan?: Plan };

function addRequire(context: Context, node: Require, { uri, text }: Module, asked: Asked): void {
  if (!node.condition) return;
  const found = condition(context, { node: node.condition, uri });
  const written = spanOf(node.condition);
  if (found) asked.requires.push({ span: spanOf(node), text: text.slice(written.start, written.end), ...found });
}

function addFind(context: Context, node: Find, uri: string, asked: Asked): void {
  const { goal } = node;
  if (goal !== undefined && goal !== 'max' && goal !== 'min') {
    context.unknown(
      uri,
      'wrong-type',
      `\`find\` looks for \`max\` or \`min\`, not \`${goal}\``,
      goal,
      spanOfProperty(node, 'goal'),
      ['max', 'min'],
    );
    return;
  }
  const path = pathOf(node.key);
  if (!goal || !path) return;
  if (knob(context, uri, node.key, path, asked.plan) !== null) asked.finds.push({ span: spanOf(node), goal, path });
}

function addSweep(context: Context, node: Sweep, uri: string, asked: Asked): void {
  const path = pathOf(node.key);
  if (!path || !node.values) return;
  const turned = knob(context, uri, node.key, path, asked.plan);
  if (turned === null) return;
  if (node.values.items.length === 0) {
    context.error(uri, 'missing-value', '`sweep` wants at least one value', spanOf(node.values));
    return;
  }
  if (!turned) return;
  const label = `\`${pathText(path)}\``;
  const values = node.values.items.map((item) => {
    const at = { node: item as Expression, uri };
    const value = readValue(context, at, label, turned);
    if (value === undefined) return undefined;
    const changed = turned.set(value);
    const bad = shapeProblem(changed.model);
    if (bad) return context.error(uri, 'bad-shape', bad.message, spanOf(item));
    const [refused] = refusalsOf(changed);
    if (!refused) return value;
    const message = `\`${refused.name}\` cannot be had with ${label} ${formatQuantity(value, turned.unit)}: ${refused.why}`;
    return context.error(uri, 'impossible-technique', message, spanOf(item));
  });
  const whole = values.flatMap((value) => value ?? []);
  if (whole.length === values.length) asked.sweeps.push({ span: spanOf(node), path, values: whole });
}

function readValue(context: Context, at: Located<Expression>, label: string, knob: Knob): number | undefined {
  const { unit, whole } = knob;
  if (unit !== undefined && unit !== 'tokens') return measureOf(context, at, label, { ...knob, unit });
  return whole ? countOf(context, at, label, { ...knob, tokens: unit === 'tokens' }) : numberOf(context, at, label, knob);
}

function addCompare(context: Context, node: Compare, plan: PlanDeclaration, uri: string, asked: Asked): void {
  if (node.plan === undefined) return;
  const target = context.resolve(uri, 'plan', node.plan, spanOfProperty(node, 'plan'));
  if (target?.node === plan) {
    const message = `\`${node.plan}\` is the plan that this stands in: there is nothing to compare`;
    context.report(uri, { severity: 'warning', code: 'cycle', message, span: spanOfProperty(node, 'plan') });
  }
  if (target) asked.compares.push({ span: spanOf(node), plan: target.name });
}

function pathOf(node: { name?: string; member?: string } | undefined): Path | undefined {
  if (node?.name === undefined) return undefined;
  return { name: node.name, ...(node.member === undefined ? {} : { member: node.member }) };
}

/** The knob that a path names; null where there is none, which is reported; undefined where the plan is not whole. */
function knob(context: Context, uri: string, node: Find['key'], path: Path, plan: Plan | undefined): Knob | null | undefined {
  if (!plan) return undefined;
  const found = knobOf(plan, path);
  if (!('problem' in found)) return found;
  const span = spanOf(node);
  const fixes = found.nearest ? [{ title: `Change to \`${found.nearest}\``, span, text: found.nearest }] : [];
  context.error(uri, 'unknown-key', found.problem, span, { fixes });
  return null;
}
