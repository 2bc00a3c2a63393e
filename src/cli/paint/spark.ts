/** A curve in one line. */
const LEVELS = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/** Values as a line of at most `width` characters: neighbours are averaged where there are more. What is not finite leaves a gap. */
export function sparkline(values: readonly number[], width: number): string {
  if (values.length === 0 || width <= 0) return '';
  const size = Math.min(width, values.length);
  const means = Array.from({ length: size }, (_, at) => {
    const part = values.slice(Math.floor((at * values.length) / size), Math.floor(((at + 1) * values.length) / size));
    return part.reduce((sum, value) => sum + value, 0) / part.length;
  });
  const finite = means.filter(Number.isFinite);
  const least = Math.min(...finite);
  const span = Math.max(...finite) - least;
  return means
    .map((value) => {
      if (!Number.isFinite(value)) return ' ';
      const level = span === 0 ? 0 : Math.round(((value - least) / span) * (LEVELS.length - 1));
      return LEVELS[level] ?? ' ';
    })
    .join('');
}
