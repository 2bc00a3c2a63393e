/** The software driver's device, one for all tests of a file. `vitest.config.ts` sets the driver's environment. */
import { join } from 'node:path';
import { type Opened, openDevice } from '../../src/runner/device';

const root = join(import.meta.dirname, '..', '..');
export const dist = join(root, 'dist');
export const cache = join(root, '.cache');

let opened: Promise<Opened> | undefined;

export function softwareDevice(): Promise<Opened> {
  opened ??= openDevice('software');
  return opened;
}
