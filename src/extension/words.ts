import { l10n } from 'vscode';
import type { Estimate } from '../protocol';

const GiB = 2 ** 30;

/** `21.3`, for places where the unit is said once. */
const gib = (bytes: number) => (bytes / GiB).toFixed(1);

/** `longform: 22.5 of 22.9 GiB`, what the status bar says of a plan. */
export function budgetWords(estimate: Estimate): string {
  return l10n.t('{0}: {1} of {2} GiB', estimate.name, gib(estimate.peak.device), gib(estimate.usable));
}

/** One sentence more than the status bar has room for. */
export function budgetSentence(estimate: Estimate): string {
  const { peak, usable, device, peakAt } = estimate;
  const margin = `${gib(Math.abs(usable - peak.device))} GiB`;
  const verdict =
    peak.device > usable
      ? l10n.t('{0}: {1} more than {2} can give.', estimate.name, margin, device)
      : l10n.t('{0}: {1} to spare on {2}.', estimate.name, margin, device);
  const { phase, layer, op } = peakAt;
  const comes =
    layer === undefined
      ? l10n.t('The peak comes in {0}, {1}.', phase, op)
      : l10n.t('The peak comes in {0}, layer {1}, {2}.', phase, layer, op);
  return `${verdict} ${comes}`;
}
