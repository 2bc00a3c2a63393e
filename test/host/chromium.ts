/**
 * A Chromium for tests: the one that `MEMPLAN_CHROMIUM` names, or the one in the npm package `@sparticuz/chromium`,
 * unpacked once into `.cache/` with the libraries and the fonts that a bare machine lacks.
 */
import { createReadStream, createWriteStream, existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createBrotliDecompress } from 'node:zlib';
import { type Browser, chromium } from 'playwright-core';
import { npmInstall, run } from './shell';

const ARGUMENTS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--font-render-hinting=none',
];

/** Bare machines have no monospace font; the editor needs one. */
const FONTS = 'dejavu-fonts-ttf@2.37.3';

interface Installed {
  executable: string;
  environment: { [name: string]: string };
}

export async function launchChromium(root: string): Promise<Browser> {
  const { executable, environment } = await installChromium(root);
  return chromium.launch({ executablePath: executable, args: ARGUMENTS, env: { ...clean(process.env), ...environment } });
}

async function installChromium(root: string): Promise<Installed> {
  const own = process.env.MEMPLAN_CHROMIUM;
  if (own) return { executable: own, environment: {} };
  const from = join(root, 'node_modules/@sparticuz/chromium');
  const { version } = JSON.parse(await readFile(join(from, 'package.json'), 'utf8')) as { version: string };
  const folder = join(root, '.cache', `chromium-${version}`);
  if (!existsSync(folder)) await unpack(join(from, 'bin'), folder);
  const fonts = join(folder, 'fonts.conf');
  await writeFile(
    fonts,
    fontConfiguration([join(folder, 'fonts'), join(folder, 'node_modules'), '/usr/share/fonts'], join(folder, 'font-cache')),
  );
  return {
    executable: join(folder, 'chromium'),
    environment: {
      FONTCONFIG_FILE: fonts,
      LD_LIBRARY_PATH: [join(folder, 'lib'), process.env.LD_LIBRARY_PATH].filter(Boolean).join(':'),
    },
  };
}

/** Into a folder beside the final one first, so that an interrupted run leaves nothing half done. */
async function unpack(bin: string, folder: string): Promise<void> {
  console.log('Unpacking Chromium …');
  await mkdir(dirname(folder), { recursive: true });
  const draft = await mkdtemp(`${folder}-`);
  await decompress(join(bin, 'chromium.br'), join(draft, 'chromium'), 0o755);
  for (const name of ['al2023', 'fonts', 'swiftshader']) {
    const tar = join(draft, `${name}.tar`);
    await decompress(join(bin, `${name}.tar.br`), tar, 0o644);
    await run('tar', ['-xf', tar, '-C', draft], draft);
    await rm(tar);
  }
  await npmInstall(draft, ['--no-save', FONTS]);
  try {
    await rename(draft, folder);
  } catch (error) {
    // Another test file may have unpacked it meanwhile.
    await rm(draft, { recursive: true });
    if (!existsSync(folder)) throw error;
  }
}

async function decompress(from: string, to: string, mode: number): Promise<void> {
  await pipeline(createReadStream(from), createBrotliDecompress(), createWriteStream(to, { mode }));
}

function fontConfiguration(folders: readonly string[], cache: string): string {
  const prefer = (family: string, font: string) =>
    `<alias><family>${family}</family><prefer><family>${font}</family></prefer></alias>`;
  return `<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
${folders.map((folder) => `<dir>${folder}</dir>`).join('\n')}
<cachedir>${cache}</cachedir>
${prefer('monospace', 'DejaVu Sans Mono')}${prefer('sans-serif', 'Open Sans')}${prefer('system-ui', 'Open Sans')}
</fontconfig>
`;
}

function clean(environment: NodeJS.ProcessEnv): { [name: string]: string } {
  return Object.fromEntries(Object.entries(environment).filter((entry): entry is [string, string] => entry[1] !== undefined));
}
