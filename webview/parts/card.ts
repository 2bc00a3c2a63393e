/** The card beside a bar: before, after, what was saved where, the price in time, the moment of the peak. */
import * as l10n from '@vscode/l10n';
import { select } from 'd3';
import type { Category, Estimate, Moment, StepExplanation } from '../../src/protocol';
import { h } from '../dom';
import { formatBytes, formatDelta, formatExact, formatRange, formatRelative, formatSeconds } from '../format';
import { type Row, STACK } from '../layout/waterfall';
import type { Drawn } from '../state';

export interface Card {
  element: HTMLElement;
  show(row: Row, drawn: Drawn, bar: Element): void;
  hide(): void;
}

export function createCard(): Card {
  const element = h('div', { class: 'card', role: 'tooltip', id: 'card', hidden: true });
  return {
    element,
    show(row, { plan, estimate }, bar) {
      const reason = row.kind === 'result' ? undefined : plan.reasons?.[row.index];
      element.replaceChildren(...content(row, estimate), ...(reason ? why(reason) : []));
      element.hidden = false;
      settle(element, bar);
    },
    hide() {
      element.hidden = true;
    },
  };
}

/** Below the bar where there is room, above it otherwise, never outside the page. */
function settle(card: HTMLElement, bar: Element): void {
  const at = bar.getBoundingClientRect();
  const { offsetWidth: width, offsetHeight: height } = card;
  const below = at.bottom + 4;
  const top = below + height <= window.innerHeight || at.top < height + 8 ? below : at.top - height - 4;
  const left = Math.max(8, Math.min(at.left + at.width / 2 - width / 2, document.documentElement.clientWidth - width - 8));
  select(card)
    .style('left', `${left + window.scrollX}px`)
    .style('top', `${top + window.scrollY}px`);
}

function content(row: Row, estimate: Estimate): Node[] {
  const step = estimate.waterfall[row.index];
  const nodes: Node[] = [h('div', { class: 'card-title' }, row.kind === 'plain' ? l10n.t('plain plan') : row.label)];
  const facts: [string, string][] = [];
  if (row.kind === 'plain') facts.push([l10n.t('Peak'), both(row.after)]);
  else {
    const saved = row.before - row.after;
    const share = row.before > 0 ? ` (${Math.round((Math.abs(saved) / row.before) * 100)} %)` : '';
    facts.push(
      [row.kind === 'result' ? l10n.t('Plain') : l10n.t('Before'), both(row.before)],
      [l10n.t('After'), both(row.after)],
    );
    facts.push([saved >= 0 ? l10n.t('Saved') : l10n.t('Added'), both(Math.abs(saved)) + share]);
  }
  if (row.kind === 'result') {
    facts.push(
      [l10n.t('Held by the allocator'), both(estimate.peak.reserved)],
      [l10n.t('On the card'), both(estimate.peak.device)],
    );
    facts.push([l10n.t('Likely between'), formatRange(...estimate.peak.range)]);
    facts.push([l10n.t('Usable'), both(estimate.usable)]);
  }
  facts.push([l10n.t('Time per step'), time(row)]);
  const at = row.kind === 'result' ? estimate.peakAt : step?.peakAt;
  if (at) facts.push([l10n.t('Peak comes in'), momentWords(at)]);
  nodes.push(h('dl', {}, ...facts.flatMap(([name, value]) => [h('dt', {}, name), h('dd', {}, value)])));
  const changes = row.kind === 'step' ? categoryChanges(estimate, row.index) : [];
  if (changes.length > 0) {
    nodes.push(
      h(
        'ul',
        { class: 'card-changes' },
        ...changes.map(([category, bytes]) =>
          h('li', {}, h('span', { class: `swatch category-${category}` }), category, h('b', {}, formatDelta(bytes))),
        ),
      ),
    );
  }
  return nodes;
}

/** The byte model in symbols, the tensors in which it shows most with this plan's numbers, and where it is from. */
function why({ formula, source, changes }: StepExplanation): Node[] {
  const rows = changes.map(({ name, before, after, bytes }) =>
    h(
      'tr',
      {},
      h('td', { class: 'number' }, formatDelta(bytes)),
      h('td', {}, name),
      h('td', {}, before === '' ? after : `${before} → ${after}`),
    ),
  );
  return [
    h('p', { class: 'formula' }, formula),
    ...(rows.length > 0 ? [h('table', { class: 'why' }, h('tbody', {}, ...rows))] : []),
    h('small', {}, source),
  ];
}

/** What changed in each category between the peak before a step and the peak after it, largest first. */
function categoryChanges(estimate: Estimate, index: number): [Category, number][] {
  const before = estimate.waterfall[index - 1]?.categories;
  const after = estimate.waterfall[index]?.categories;
  if (!before || !after) return [];
  return STACK.map((category): [Category, number] => [category, after[category] - before[category]])
    .filter(([, bytes]) => bytes !== 0)
    .sort(([, a], [, b]) => Math.abs(b) - Math.abs(a));
}

/** `backward, layer 31, mlp.down`. */
export function momentWords(at: Moment): string {
  return [at.phase, at.layer === undefined ? null : l10n.t('layer {0}', at.layer), at.op]
    .filter((word) => word !== null)
    .join(', ');
}

function both(bytes: number): string {
  return `${formatBytes(bytes)} · ${formatExact(bytes)} B`;
}

function time(row: Row): string {
  const relative = row.kind === 'plain' ? null : formatRelative(row.time.before, row.time.after);
  return relative === null ? formatSeconds(row.time.after) : `${formatSeconds(row.time.after)} (${relative})`;
}
