/** Expressions over plans' figures, as plain data: what `require` compares. Units are checked before; values are in bytes and seconds. */
import type { Estimate } from './types';

/** Figures of a plan that an expression can name. */
export const FIGURES = [
  'peak',
  'time',
  'weights',
  'gradients',
  'optimizer',
  'activations',
  'logits',
  'temporary',
  'host',
  'tokens-per-second',
] as const;
export type Figure = (typeof FIGURES)[number];

export type Operator = '+' | '-' | '*' | '/';
export type Comparison = '<=' | '>=' | '<' | '>' | '==' | '!=';

export type Expression =
  | { kind: 'number'; value: number }
  /** Of another plan, or of the plan it stands in where `plan` is absent. */
  | { kind: 'figure'; plan?: string; figure: Figure }
  | { kind: 'binary'; operator: Operator; left: Expression; right: Expression }
  | { kind: 'extreme'; of: 'min' | 'max'; args: Expression[] };

export interface Condition {
  operator: Comparison;
  left: Expression;
  right: Expression;
}

/** A figure of an estimate: bytes, seconds, or tokens a second. */
export function figureOf(estimate: Estimate, figure: Figure): number {
  switch (figure) {
    case 'peak':
      return estimate.peak.allocated;
    case 'time':
      return estimate.time.step;
    case 'tokens-per-second':
      return estimate.time.tokensPerSecond;
    case 'host':
      return estimate.host?.cpu ?? 0;
    default:
      return estimate.categories[figure];
  }
}

/** Value of an expression; NaN where a plan that it names has no estimate. */
export function evaluate(expression: Expression, estimateOf: (plan: string | undefined) => Estimate | undefined): number {
  switch (expression.kind) {
    case 'number':
      return expression.value;
    case 'figure': {
      const estimate = estimateOf(expression.plan);
      return estimate ? figureOf(estimate, expression.figure) : Number.NaN;
    }
    case 'binary': {
      const left = evaluate(expression.left, estimateOf);
      const right = evaluate(expression.right, estimateOf);
      return { '+': left + right, '-': left - right, '*': left * right, '/': left / right }[expression.operator];
    }
    case 'extreme':
      return Math[expression.of](...expression.args.map((argument) => evaluate(argument, estimateOf)));
  }
}

/** Plans, other than the one it stands in, whose figures an expression reads. */
export function plansOf(expression: Expression): string[] {
  switch (expression.kind) {
    case 'number':
      return [];
    case 'figure':
      return expression.plan === undefined ? [] : [expression.plan];
    case 'binary':
      return [...plansOf(expression.left), ...plansOf(expression.right)];
    case 'extreme':
      return expression.args.flatMap(plansOf);
  }
}

export function holds(operator: Comparison, left: number, right: number): boolean {
  return {
    '<=': left <= right,
    '>=': left >= right,
    '<': left < right,
    '>': left > right,
    '==': left === right,
    '!=': left !== right,
  }[operator];
}
