import type { EstimateReply, PlanView } from '../protocol';

/** The plan that a line (1-based) belongs to: the last one that begins at or above it. */
export function planAbove(reply: EstimateReply | undefined, line: number): PlanView | undefined {
  const plans = [...(reply?.plans ?? [])].sort((a, b) => a.place.line - b.place.line);
  return plans.findLast((plan) => plan.place.line <= line);
}

/** The same, and the file's first plan above all of them. */
export function planAt(reply: EstimateReply | undefined, line: number): PlanView | undefined {
  return planAbove(reply, line) ?? reply?.plans[0];
}
