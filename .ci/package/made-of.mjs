// What the size of a package is made of, as packed.
import { openPromise } from 'yauzl';

const PARTS = [
  ['Node', /^extension\/dist\/node\//],
  ['GPU library', /^extension\/dist\/node_modules\//],
  ['software driver', /^extension\/dist\/swiftshader\//],
  ['bundles', /^extension\/dist\//],
  ['pictures', /^extension\/media\/screenshots\//],
  ['the rest', /./],
];

/** `Node 40.1, GPU library 9.8, bundles 1.2, …` in MiB. */
export async function parts(path) {
  const bytes = new Map();
  for await (const { fileName, compressedSize } of (await openPromise(path)).eachEntry()) {
    const [name] = PARTS.find(([, files]) => files.test(fileName));
    bytes.set(name, (bytes.get(name) ?? 0) + compressedSize);
  }
  const order = PARTS.flatMap(([name]) => (bytes.has(name) ? [`${name} ${(bytes.get(name) / 2 ** 20).toFixed(1)}`] : []));
  return order.join(', ');
}
