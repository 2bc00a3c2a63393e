import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { defineConfig } from 'vitest/config';
import { baseEnvironment, softwareDrivers } from './src/runner/drivers';

/** Kernels and texts are imported as strings, as the bundles do. */
const text = {
  name: 'text',
  enforce: 'pre' as const,
  load(id: string) {
    const path = id.split('?')[0] ?? id;
    return /\.(wgsl|txt)$/.test(path) ? `export default ${JSON.stringify(readFileSync(path, 'utf8'))};` : null;
  },
};

/** Kernels are tested on a software driver, whose environment must stand before a test's process starts. */
const driver = softwareDrivers(join(import.meta.dirname, 'dist'), join(import.meta.dirname, '.cache'))[0];

export default defineConfig({
  plugins: [text],
  test: {
    env: { ...baseEnvironment(), ...driver?.env },
    include: ['test/**/*.test.ts'],
    exclude: ['test/host/**', 'node_modules/**'],
    setupFiles: ['test/seed.ts'],
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 60_000,
  },
});
