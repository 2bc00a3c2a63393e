// Lays out in a folder of its own what a package may hold; `.vscodeignore` then decides what of it is packed.
import { chmodSync, cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { softwareDriver } from './driver.mjs';

const COPIED = [
  'README.md',
  'package.nls.json',
  'package.nls.de.json',
  'LICENSE',
  'CHANGELOG.md',
  '.vscodeignore',
  'language',
  'media',
];

export function stage({ root, folder, bundles, target, config, node, notices }) {
  mkdirSync(folder, { recursive: true });
  for (const name of COPIED) cpSync(join(root, name), join(folder, name), { recursive: true });
  writeFileSync(join(folder, 'README.md'), withoutDrawings(readFileSync(join(root, 'README.md'), 'utf8')));
  cpSync(bundles, join(folder, 'dist'), { recursive: true });
  const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  for (const key of config.dropped) delete manifest[key];
  writeFileSync(join(folder, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`);
  const driver = softwareDriver(join(folder, 'dist/swiftshader'), target, root, join(root, '.cache'));
  writeFileSync(join(folder, 'THIRD-PARTY-NOTICES.txt'), notices(driver));
  if (target === 'universal') return;
  webgpu(root, folder, config.dawn[target]);
  const name = target.startsWith('win32') ? 'node.exe' : 'node';
  mkdirSync(join(folder, 'dist/node'), { recursive: true });
  cpSync(join(node, 'bin', name), join(folder, 'dist/node', name));
  chmodSync(join(folder, 'dist/node', name), 0o755);
}

/** The Marketplace takes no SVG in a readme: what it shows is said instead. */
const withoutDrawings = (readme) => readme.replace(/!\[([^\]]*)\]\([^)]+\.svg\)/g, '*$1*');

/** The package `webgpu` with one platform's binary; the runner finds it beside itself. */
function webgpu(root, folder, platform) {
  const from = join(root, 'node_modules/webgpu');
  const to = join(folder, 'dist/node_modules/webgpu');
  mkdirSync(join(to, 'dist'), { recursive: true });
  for (const file of ['index.js', 'package.json', 'LICENSE.md']) cpSync(join(from, file), join(to, file));
  cpSync(join(from, 'dist', platform), join(to, 'dist', platform), { recursive: true });
}
