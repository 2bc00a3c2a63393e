/** Time for a step, and losses as curves. */
import * as l10n from '@vscode/l10n';
import type { RunEvent } from '../../src/protocol';
import { h, icon } from '../dom';
import { formatSeconds } from '../format';
import { layoutLoss } from '../layout/loss';
import { paintLoss } from '../paint/loss';
import { picture } from '../paint/svg';
import type { Run } from '../state';
import { folded, tableOf } from './table';

type EventOf<T extends RunEvent['type']> = Extract<RunEvent, { type: T }>;

export function timing(list: readonly EventOf<'timing'>[], software: boolean): HTMLElement {
  return h(
    'div',
    { class: 'block' },
    h('h3', {}, l10n.t('Time per step')),
    software
      ? h(
          'p',
          { class: 'note' },
          icon('info'),
          h('span', {}, l10n.t('Measured on a software driver: it says nothing about a GPU’s speed.')),
        )
      : null,
    h(
      'dl',
      { class: 'timing' },
      ...list.map((line) =>
        h(
          'div',
          {},
          h('dt', {}, line.label),
          h('dd', {}, h('b', {}, formatSeconds(line.step)), h('small', {}, l10n.t('median of {0} steps', line.steps))),
        ),
      ),
    ),
  );
}

export function loss(run: Run, width: number): HTMLElement {
  const chart = layoutLoss(run.loss, Math.min(width, 720), 180);
  const svg = picture('loss');
  svg.setAttribute('role', 'img');
  svg.setAttribute('aria-label', chart.curves.map(curveWords).join('; '));
  paintLoss(svg, chart);
  const table = folded(l10n.t('The losses as a table'));
  const steps = [...new Set(run.loss.map(({ step }) => step))].sort((a, b) => a - b);
  table.set(() => [
    tableOf(
      [{ title: l10n.t('Step'), number: true }, ...chart.curves.map(({ label }) => ({ title: label, number: true }))],
      steps.map((step) => [
        String(step),
        ...chart.curves.map(({ points }) => points.find((point) => point.step === step)?.loss.toFixed(4) ?? ''),
      ]),
    ),
  ]);
  return h(
    'div',
    { class: 'block' },
    h('h3', {}, l10n.t('Loss')),
    svg,
    h(
      'ul',
      { class: 'legend' },
      ...chart.curves.map((curve, index) => {
        const last = curve.points[curve.points.length - 1];
        return h(
          'li',
          {},
          h('span', { class: `stroke curve-${index % 4}` }),
          curve.label,
          h('b', {}, last ? last.loss.toFixed(3) : ''),
        );
      }),
    ),
    table.element,
  );
}

function curveWords(curve: { label: string; points: { loss: number; step: number }[] }): string {
  const first = curve.points[0];
  const last = curve.points[curve.points.length - 1];
  return first && last
    ? l10n.t('Loss of {0} from {1} to {2} after step {3}', curve.label, first.loss.toFixed(3), last.loss.toFixed(3), last.step)
    : curve.label;
}
