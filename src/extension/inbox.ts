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
    case 'copy':
      return 'text' in value && typeof value.text === 'string' ? { type: 'copy', text: value.text } : null;
    case 'save':
      return readSave(value);
    default:
      return null;
  }
}

const FORMATS = ['svg', 'png', 'csv', 'md'] as const;

function readSave(value: object): FromWebview | null {
  const { format, name, content } = value as { format?: unknown; name?: unknown; content?: unknown };
  const known = FORMATS.find((one) => one === format);
  if (known === undefined || typeof name !== 'string' || typeof content !== 'string') return null;
  // The name becomes part of a path that the user is offered.
  return { type: 'save', format: known, name: name.replace(/[^\w.-]/g, '-').replace(/^\.+/, ''), content };
}
