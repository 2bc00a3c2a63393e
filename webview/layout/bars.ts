/** Like things under one another on one scale: the plans of a file, the cards of a plan. */
import * as l10n from '@vscode/l10n';
import type { Bytes, Estimate } from '../../src/protocol';
import { byteTicks, formatBytes, formatExact } from '../format';
import { type Segment, stack } from './waterfall';

export interface Bar {
  name: string;
  /** Right of the name, the first part in bold. */
  words: readonly [string, string];
  categories: Bytes;
  /** Bytes beyond the categories: allocator and context. */
  held: number;
  /** What the bar may reach. */
  limit: number;
}

export interface BarRow extends Bar {
  /** Bytes of the whole bar. */
  total: number;
  segments: Segment[];
  rest: { x: number; width: number };
  over: { x: number; width: number } | null;
  limitX: number;
  y: number;
  barY: number;
  barHeight: number;
}

export interface Bars {
  width: number;
  height: number;
  rows: BarRow[];
  ticks: { bytes: number; x: number }[];
  plot: { top: number; bottom: number };
}

/** Heights of a row, of its words and of its bar. */
const ROOMY = { row: 52, label: 18, bar: 20 };
/** Many rows are lower. */
const DENSE = { row: 33, label: 17, bar: 8 };
const MANY = 4;

export function layoutBars(bars: readonly Bar[], width: number): Bars {
  const totals = bars.map(({ categories, held }) => Object.values(categories).reduce((sum, bytes) => sum + bytes, held));
  const { row, label, bar: thick } = bars.length > MANY ? DENSE : ROOMY;
  const widest = Math.max(1, ...totals, ...bars.map(({ limit }) => limit));
  const scale = Math.max(0, width - 2) / widest;
  const rows = bars.map((bar, index): BarRow => {
    const total = totals[index] as number;
    const over = total - bar.limit;
    return {
      ...bar,
      total,
      segments: stack(bar.categories, scale),
      rest: { x: (total - bar.held) * scale, width: bar.held * scale },
      over: over > 0 ? { x: bar.limit * scale, width: over * scale } : null,
      limitX: bar.limit * scale,
      y: index * row,
      barY: index * row + label,
      barHeight: thick,
    };
  });
  const bottom = rows.length * row;
  return {
    width,
    height: bottom + 24,
    rows,
    ticks: byteTicks(widest, Math.max(2, Math.floor(width / 90))).map((bytes) => ({ bytes, x: bytes * scale })),
    plot: { top: 0, bottom },
  };
}

/** What live bytes may reach on the card of an estimate: the usable memory less what allocator and context take. */
const liveLimit = ({ usable, peak }: Estimate): number => usable - (peak.device - peak.allocated);

const FITS = { fits: l10n.t('fits'), tight: l10n.t('tight'), exceeds: l10n.t('does not fit') };

/** A plan as a bar: what it takes on the card. */
export const barOf = (one: Estimate): Bar => ({
  name: one.name,
  words: [formatBytes(one.peak.device), FITS[one.fit]],
  categories: one.categories,
  held: Math.max(0, one.peak.device - one.peak.allocated),
  limit: one.usable,
});

/** A bar a kind of card: how many there are, and what is alive at its peak. */
export function rankBars(estimate: Estimate): Bar[] {
  const { cards, ranks = [] } = estimate;
  return ranks.map(({ name, count, peak, categories }): Bar => {
    const words = [
      count === 1 ? l10n.t('1 card') : l10n.t('{0} cards', formatExact(count)),
      name === cards?.peaks ? l10n.t('peaks') : '',
    ];
    return {
      name,
      words: [formatBytes(peak), words.filter((word) => word !== '').join(', ')],
      categories,
      held: 0,
      limit: liveLimit(estimate),
    };
  });
}
