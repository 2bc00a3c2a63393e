import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Folder of the bundles: every process's program lies beside this one. */
export const bundles = dirname(fileURLToPath(import.meta.url));
