import { readFileSync } from 'node:fs';
import { defineConfig } from 'vitest/config';

/** Kernels and texts are imported as strings, as the bundles do. */
const text = {
  name: 'text',
  enforce: 'pre' as const,
  load(id: string) {
    const path = id.split('?')[0] ?? id;
    return /\.(wgsl|txt)$/.test(path) ? `export default ${JSON.stringify(readFileSync(path, 'utf8'))};` : null;
  },
};

export default defineConfig({
  plugins: [text],
  test: { include: ['test/**/*.test.ts'], exclude: ['test/host/**', 'node_modules/**'], pool: 'forks', maxWorkers: 2, testTimeout: 60_000 },
});
