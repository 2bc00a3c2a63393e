/** Reads settings of a file that is not trusted: wrong types are notes, nothing throws, and what nobody asked for is known. */
import type { Settings } from './setup';

export const isRecord = (value: unknown): value is Settings =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const shown = (value: unknown): string => {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 40 ? `${text.slice(0, 39)}…` : text;
};

export class SettingsReader {
  readonly notes: string[] = [];
  readonly #asked = new Set<string>();

  constructor(
    private readonly settings: Settings,
    private readonly path = '',
  ) {}

  has(key: string): boolean {
    return Object.hasOwn(this.settings, key);
  }

  /** The first of the keys that the file states; null and `auto` say nothing. */
  raw(...keys: string[]): unknown {
    for (const key of keys) {
      this.#asked.add(key);
      const value = this.has(key) ? this.settings[key] : undefined;
      if (value !== undefined && value !== null && value !== 'auto') return value;
    }
    return undefined;
  }

  count(...keys: string[]): number | undefined {
    const value = this.raw(...keys);
    if (value === undefined) return undefined;
    const number = typeof value === 'string' ? Number(value) : value;
    if (typeof number === 'number' && Number.isSafeInteger(number) && number >= 1) return number;
    return this.#wrong(keys, value, 'a whole number from 1');
  }

  /** A number that is not negative. YAML writes `5e-6` as text in some dialects, so text that is a number will do. */
  number(...keys: string[]): number | undefined {
    const value = this.raw(...keys);
    if (value === undefined) return undefined;
    const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
    if (typeof number === 'number' && Number.isFinite(number) && number >= 0) return number;
    return this.#wrong(keys, value, 'a number from 0');
  }

  flag(...keys: string[]): boolean | undefined {
    const value = this.raw(...keys);
    if (value === undefined || typeof value === 'boolean') return value;
    if (value === 'true' || value === 'yes') return true;
    if (value === 'false' || value === 'no') return false;
    return this.#wrong(keys, value, 'true or false');
  }

  text(...keys: string[]): string | undefined {
    const value = this.raw(...keys);
    if (value === undefined || typeof value === 'string') return value;
    return this.#wrong(keys, value, 'text');
  }

  /** A list of words, or one text with commas. */
  words(...keys: string[]): string[] | undefined {
    const value = this.raw(...keys);
    if (value === undefined) return undefined;
    if (typeof value === 'string') return value.split(',').map((word) => word.trim());
    if (Array.isArray(value) && value.every((word) => typeof word === 'string')) return value;
    return this.#wrong(keys, value, 'a list of names');
  }

  /** A part of the file, read by itself. */
  part(key: string): SettingsReader {
    const value = this.raw(key);
    if (value !== undefined && !isRecord(value)) this.#wrong([key], value, 'a group of settings');
    return new SettingsReader(isRecord(value) ? value : {}, `${this.path}${key}.`);
  }

  /** Settings that nobody asked for. */
  unread(): string[] {
    return Object.keys(this.settings)
      .filter((key) => !this.#asked.has(key))
      .map((key) => `${this.path}${key}`);
  }

  #wrong(keys: readonly string[], value: unknown, wanted: string): undefined {
    const key = keys.find((one) => this.has(one)) ?? keys[0];
    this.notes.push(`${this.path}${key} is ${shown(value)}, where ${wanted} was expected; it is left out`);
    return undefined;
  }
}
