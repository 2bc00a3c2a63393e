import type { Use, Value } from '../plan/types';

/** Reads a complete argument; the specs have checked the types, so a mismatch is a mistake of the caller. */
export const number = (args: Use['args'], name: string): number => Number(args[name]);
export const flag = (args: Use['args'], name: string): boolean => args[name] === true;
export const word = (args: Use['args'], name: string): string => String(args[name]);
export const words = (args: Use['args'], name: string): string[] => {
  const value = args[name];
  return Array.isArray(value) ? value.map(String) : value === undefined ? [] : [String(value)];
};
export const use = (value: Value | undefined): Use | null =>
  typeof value === 'object' && !Array.isArray(value) ? value : typeof value === 'string' ? { name: value, args: {} } : null;
