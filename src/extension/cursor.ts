import type { EstimateReply, PlanView } from '../protocol';

/** The plan that a line (1-based) belongs to: the last one that begins at or above it, else the first. */
export function planAt(reply: EstimateReply | undefined, line: number): PlanView | undefined {
  const plans = [...(reply?.plans ?? [])].sort((a, b) => a.place.line - b.place.line);
  return plans.findLast((plan) => plan.place.line <= line) ?? plans[0];
}
