import type { Estimate } from '../protocol';

const GiB = 2 ** 30;

/** `21.3`, for places where the unit is said once. */
const gib = (bytes: number) => (bytes / GiB).toFixed(1);

/** `longform: 22.5 of 22.9 GiB`, what the status bar says of a plan. */
export function budgetWords(estimate: Estimate): string {
  return `${estimate.name}: ${gib(estimate.peak.device)} of ${gib(estimate.usable)} GiB`;
}

/** One sentence more than the status bar has room for. */
export function budgetSentence(estimate: Estimate): string {
  const { peak, usable, device, peakAt } = estimate;
  const margin = `${gib(Math.abs(usable - peak.device))} GiB`;
  const verdict = peak.device > usable ? `${margin} more than ${device} can give` : `${margin} to spare on ${device}`;
  const layer = peakAt.layer === undefined ? '' : `, layer ${peakAt.layer}`;
  return `${estimate.name}: ${verdict}. The peak comes in ${peakAt.phase}${layer}, ${peakAt.op}.`;
}
