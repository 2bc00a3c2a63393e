/** What a webview sends is looked at before it is believed. */
import type { FromWebview, Place } from '../protocol';

export function readPlace(value: unknown): Place | null {
  if (typeof value !== 'object' || value === null) return null;
  const { line, column, endLine, endColumn } = value as Partial<Record<keyof Place, unknown>>;
  const whole = (number: unknown): number is number => Number.isSafeInteger(number) && (number as number) > 0;
  return whole(line) && whole(column) && whole(endLine) && whole(endColumn) ? { line, column, endLine, endColumn } : null;
}

export function readFromWebview(value: unknown): FromWebview | null {
  if (typeof value !== 'object' || value === null || !('type' in value)) return null;
  const plan = 'plan' in value && typeof value.plan === 'string' ? value.plan : null;
  switch (value.type) {
    case 'ready':
    case 'cancel-run':
      return { type: value.type };
    case 'select':
    case 'run':
    case 'timeline':
      return plan === null ? null : { type: value.type, plan };
    case 'reveal': {
      const place = 'place' in value ? readPlace(value.place) : null;
      return place && { type: 'reveal', place };
    }
    default:
      return null;
  }
}
