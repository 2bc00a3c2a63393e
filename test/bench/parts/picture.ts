/** Loss curves as one SVG: the plain run over and over, one small picture a group of techniques. Readable on light and dark pages. */
import type { TechniqueSlot } from '../../../src/plan/types';

export interface Curve {
  name: string;
  slot: TechniqueSlot;
  losses: number[];
}

const COLUMNS = 3;
const CELL = { width: 300, height: 190 };
const PAD = { left: 34, right: 96, top: 26, bottom: 24 };
/** As many as the largest group has techniques. */
const COLOURS = [
  '#2a7de1',
  '#e0662b',
  '#2f9e5b',
  '#b0489c',
  '#c79a17',
  '#1c9aa8',
  '#7b61d1',
  '#d1435b',
  '#6b8e23',
  '#8a6d5a',
  '#5b7fa6',
  '#a8532a',
  '#3fb59a',
  '#d977b8',
  '#8f8a00',
];
const PLAIN = '#8b8b8b';
/** Steps that a point averages, so that batches' noise does not hide the curve. */
const SMOOTH = 10;

const escaped = (name: string): string => name.replace(/&/g, '&amp;').replace(/</g, '&lt;');

const smooth = (losses: readonly number[]): number[] =>
  losses.map((_, at) => {
    const window = losses.slice(Math.max(0, at - SMOOTH + 1), at + 1);
    return window.reduce((sum, loss) => sum + loss, 0) / window.length;
  });

export function lossPicture(curves: readonly Curve[]): string {
  const [plain, ...others] = curves;
  if (!plain) return '';
  const slots = [...new Set(others.map(({ slot }) => slot))];
  const rows = Math.ceil(slots.length / COLUMNS);
  const [width, height] = [COLUMNS * CELL.width, rows * CELL.height + 22];
  const all = curves.flatMap(({ losses }) => smooth(losses)).filter(Number.isFinite);
  const [low, high] = [Math.floor(Math.min(...all) * 2) / 2, Math.min(7, Math.ceil(Math.max(...all) * 2) / 2)];
  const steps = plain.losses.length;
  const x = (step: number) => PAD.left + (step / (steps - 1)) * (CELL.width - PAD.left - PAD.right);
  const y = (loss: number) => PAD.top + ((high - Math.min(high, loss)) / (high - low)) * (CELL.height - PAD.top - PAD.bottom);
  const line = ({ losses }: Curve, colour: string, wide: number) =>
    `<polyline fill="none" stroke="${colour}" stroke-width="${wide}" points="${smooth(losses)
      .map((loss, step) => `${x(step).toFixed(1)},${y(loss).toFixed(1)}`)
      .join(' ')}"/>`;
  const cells = slots.map((slot, index) => {
    const here = others.filter((curve) => curve.slot === slot);
    const named = here
      .map((curve, at) => ({
        curve,
        colour: COLOURS[at % COLOURS.length] as string,
        end: y(smooth(curve.losses).at(-1) as number),
      }))
      .sort((a, b) => a.end - b.end);
    // Labels keep the order of their curves' ends and do not lie over each other.
    let below = PAD.top;
    const labels = named.map(({ curve, colour, end }, at) => {
      const place = Math.min(Math.max(end, below), CELL.height - 4 - 11 * (named.length - 1 - at));
      below = place + 11;
      return `<text x="${CELL.width - PAD.right + 5}" y="${(place + 3).toFixed(1)}" fill="${colour}">${escaped(curve.name)}</text>`;
    });
    const ticks = [low, (low + high) / 2, high].map(
      (loss) =>
        `<text class="t" x="${PAD.left - 5}" y="${(y(loss) + 3).toFixed(1)}" text-anchor="end">${loss.toFixed(1)}</text><line class="g" x1="${PAD.left}" x2="${CELL.width - PAD.right}" y1="${y(loss).toFixed(1)}" y2="${y(loss).toFixed(1)}"/>`,
    );
    const ends = [1, steps].map(
      (step, at) =>
        `<text class="t" x="${x(step - 1).toFixed(1)}" y="${CELL.height - PAD.bottom + 13}" text-anchor="${at ? 'end' : 'start'}">${at ? `step ${step}` : step}</text>`,
    );
    return [
      `<g transform="translate(${(index % COLUMNS) * CELL.width} ${Math.floor(index / COLUMNS) * CELL.height})">`,
      `<text class="h" x="${PAD.left}" y="15">${slot}</text>`,
      ...ticks,
      ...ends,
      line(plain, PLAIN, 3),
      ...named.map(({ curve, colour }) => line(curve, colour, 1.3)),
      ...labels,
      '</g>',
    ].join('\n');
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" font-family="system-ui, sans-serif" font-size="10.5" role="img">
<title>Loss over ${steps} steps of every technique that the runner executes, against the plain run</title>
<style>.h{font-weight:600;font-size:12px;fill:#808080}.t{fill:#808080;font-size:9.5px}.g{stroke:#80808033}</style>
${cells.join('\n')}
<text class="t" x="${PAD.left}" y="${height - 6}">Training loss (nats a byte), mean of ${SMOOTH} steps. Thick grey: the plain run, AdamW.</text>
</svg>
`;
}
