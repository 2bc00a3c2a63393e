/** Where the loss curves lie: recorded losses in, points out. */
import { extent, scaleLinear } from 'd3';

export interface Curve {
  label: string;
  points: { x: number; y: number; step: number; loss: number }[];
}
export interface LossChart {
  width: number;
  height: number;
  plot: { left: number; right: number; top: number; bottom: number };
  curves: Curve[];
  x: { value: number; at: number }[];
  y: { value: number; at: number }[];
}

const MARGIN = { top: 10, right: 12, bottom: 24, left: 38 };

export function layoutLoss(
  losses: readonly { label: string; step: number; loss: number }[],
  width: number,
  height: number,
): LossChart {
  const plot = {
    left: MARGIN.left,
    right: Math.max(MARGIN.left + 1, width - MARGIN.right),
    top: MARGIN.top,
    bottom: height - MARGIN.bottom,
  };
  const [firstStep = 0, lastStep = 1] = extent(losses, (point) => point.step);
  const [low = 0, high = 1] = extent(losses, (point) => point.loss);
  const x = scaleLinear([firstStep, Math.max(lastStep, firstStep + 1)], [plot.left, plot.right]);
  const y = scaleLinear([low, high > low ? high : low + 1], [plot.bottom, plot.top]).nice(4);
  const curves = new Map<string, Curve>();
  for (const { label, step, loss } of losses) {
    const curve = curves.get(label) ?? { label, points: [] };
    curve.points.push({ x: x(step), y: y(loss), step, loss });
    curves.set(label, curve);
  }
  const whole = x.ticks(Math.max(2, Math.floor(width / 80))).filter(Number.isInteger);
  return {
    width,
    height,
    plot,
    curves: [...curves.values()],
    x: whole.map((value) => ({ value, at: x(value) })),
    y: y.ticks(4).map((value) => ({ value, at: y(value) })),
  };
}
