// The notices of a package: of every npm package that the bundler put into a bundle, by what it recorded, and of what is
// shipped as it is.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Folders of the packages whose code is in some bundle; `metas` are the bundler's records. */
function bundledPackages(metas) {
  const inputs = metas.flatMap(({ inputs: files }) => Object.keys(files));
  const folders = inputs.flatMap((path) => /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/.exec(path)?.[0] ?? []);
  return [...new Set(folders)].sort();
}

/** Name, version, licence and the text of a package's licence. Throws where there is none: what may not be shipped must not be. */
function licenceOf(root, folder) {
  const { name, version, license, author } = JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8'));
  const [file] = readdirSync(join(root, folder)).filter((one) => /^(?:licen[cs]e|copying)/i.test(one));
  if (file) return { name, version, licence: license, text: readFileSync(join(root, folder, file), 'utf8') };
  if (license !== 'MIT') throw new Error(`${name} has no licence file, and its licence is ${license}`);
  // Some packages state the licence in their manifest alone; its words are those of this project's own.
  const words = readFileSync(join(root, 'LICENSE'), 'utf8').replace(
    /^Copyright.*$/m,
    `Copyright (c) ${author?.name ?? author ?? name}`,
  );
  return { name, version, licence: license, text: words };
}

/** What is shipped as it is, beside the bundles. */
function shipped(root, target, { dawn, node }, nodeFolder, driver) {
  const apache = licenceOf(root, 'node_modules/typescript').text;
  const notices = [];
  if (target === 'universal') return notices;
  notices.push({ ...licenceOf(root, 'node_modules/webgpu'), name: 'webgpu, with Dawn' });
  const compiler = join(root, 'node_modules/webgpu/dist', dawn[target], 'dxcompiler-LICENSE.TXT');
  if (existsSync(compiler)) {
    notices.push({ name: 'DirectX Shader Compiler', version: '', licence: 'see below', text: readFileSync(compiler, 'utf8') });
  }
  notices.push({
    name: 'Node.js',
    version: node.version,
    licence: 'MIT',
    text: readFileSync(join(nodeFolder, 'LICENSE'), 'utf8'),
  });
  if (driver) {
    notices.push({ name: 'SwiftShader', version: '', licence: 'Apache-2.0', text: apache });
    notices.push({ name: 'Vulkan-Loader', version: '', licence: 'Apache-2.0', text: apache });
  }
  return notices;
}

/** The text of `THIRD-PARTY-NOTICES.txt`; `driver`: the software driver is in the package. */
export function notices(root, target, config, metas, nodeFolder, driver) {
  const all = [
    ...bundledPackages(metas).map((folder) => licenceOf(root, folder)),
    ...shipped(root, target, config, nodeFolder, driver),
  ];
  const head = 'Memplan contains the following works of others, each under its own licence.\n';
  const list = all.map(({ name, version, licence }) => `${`- ${name} ${version}`.trimEnd()} (${licence})`).join('\n');
  const texts = all.map(
    ({ name, version, text }) => `${`${'='.repeat(80)}\n${name} ${version}`.trimEnd()}\n${'='.repeat(80)}\n\n${text.trim()}\n`,
  );
  return `${head}\n${list}\n\n${texts.join('\n')}`;
}
