/** What a webview sends is looked at before it is believed. */
import type { Change, FromWebview, Place } from '../protocol';

function readPlace(value: unknown): Place | null {
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
    case 'here':
    case 'cancel-run':
    case 'cancel-fit':
    case 'restart-server':
      return { type: value.type };
    case 'select':
    case 'run':
    case 'timeline':
    case 'fit':
      return plan === null ? null : { type: value.type, plan };
    case 'sweeps': {
      const others = 'others' in value && isList(value.others, (one) => typeof one === 'string') ? value.others : null;
      return plan === null || others === null ? null : { type: 'sweeps', plan, others: others as string[] };
    }
    case 'what-if': {
      const changes = 'changes' in value ? readChanges(value.changes) : null;
      const id = 'id' in value && Number.isSafeInteger(value.id) ? (value.id as number) : null;
      return plan === null || id === null || changes === null ? null : { type: 'what-if', plan, id, changes };
    }
    case 'apply': {
      const changes = 'changes' in value ? readChanges(value.changes) : null;
      const version = 'version' in value && Number.isSafeInteger(value.version) ? (value.version as number) : null;
      return plan === null || version === null || changes === null ? null : { type: 'apply', plan, version, changes };
    }
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

/** More entries than a plan has numbers and slots. */
const MOST = 256;

const isList = (value: unknown, is: (one: unknown) => boolean): value is unknown[] =>
  Array.isArray(value) && value.length <= MOST && value.every(is);

/** The form alone: which techniques, arguments and values there are, the server knows. */
function readChanges(value: unknown): Change[] | null {
  return isList(value, isChange) ? (value as Change[]) : null;
}

function isChange(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const { kind, path, value: number, slot, use, uses } = value as { [field: string]: unknown };
  if (kind === 'number') return typeof path === 'string' && Number.isFinite(number);
  if (kind === 'list') return typeof slot === 'string' && isList(uses, (one) => isUse(one, 0));
  return kind === 'technique' && typeof slot === 'string' && isUse(use, 0);
}

/** A technique with arguments, which may hold another one. */
function isUse(value: unknown, depth: number): boolean {
  if (typeof value !== 'object' || value === null || depth > 4) return false;
  const { name, args } = value as { name?: unknown; args?: unknown };
  if (typeof name !== 'string' || typeof args !== 'object' || args === null) return false;
  return Object.values(args).every(
    (one) =>
      ['string', 'number', 'boolean'].includes(typeof one) ||
      isList(one, (item) => ['string', 'number'].includes(typeof item)) ||
      isUse(one, depth + 1),
  );
}

const FORMATS = ['svg', 'png', 'csv', 'md'] as const;

function readSave(value: object): FromWebview | null {
  const { format, name, content } = value as { format?: unknown; name?: unknown; content?: unknown };
  const known = FORMATS.find((one) => one === format);
  if (known === undefined || typeof name !== 'string' || typeof content !== 'string') return null;
  // The name becomes part of a path that the user is offered.
  return { type: 'save', format: known, name: name.replace(/[^\w.-]/g, '-').replace(/^\.+/, ''), content };
}
