/**
 * Software Vulkan drivers for machines without a GPU, on Linux: lavapipe where a script has put it, SwiftShader from the
 * development install or beside the bundles. A driver is chosen by its environment, which must stand before the process starts.
 */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { brotliDecompressSync } from 'node:zlib';

export interface Driver {
  name: 'lavapipe' | 'swiftshader';
  env: { [name: string]: string };
}

/** Files of SwiftShader's archive that are used: the driver, its description and a loader. */
const WANTED = ['libvk_swiftshader.so', 'vk_swiftshader_icd.json', 'libvulkan.so.1'] as const;

/** The software drivers that are at hand, the faster first. */
export function softwareDrivers(dist: string, cache: string): Driver[] {
  if (process.platform !== 'linux') return [];
  const swiftshader = swiftshaderFolder(dist, cache);
  const lavapipe = join(cache, 'lavapipe', 'lvp.json');
  const loader = swiftshader ? { LD_LIBRARY_PATH: [process.env.LD_LIBRARY_PATH, swiftshader].filter(Boolean).join(':') } : {};
  return [
    ...(existsSync(lavapipe)
      ? [
          {
            name: 'lavapipe' as const,
            env: { ...loader, VK_ICD_FILENAMES: lavapipe, VK_DRIVER_FILES: lavapipe, MESA_SHADER_CACHE_DIR: join(cache, 'mesa') },
          },
        ]
      : []),
    ...(swiftshader
      ? [
          {
            name: 'swiftshader' as const,
            env: {
              ...loader,
              VK_ICD_FILENAMES: join(swiftshader, 'vk_swiftshader_icd.json'),
              VK_DRIVER_FILES: join(swiftshader, 'vk_swiftshader_icd.json'),
            },
          },
        ]
      : []),
  ];
}

/** The environment that every attempt has: a runtime folder must exist for Dawn and Mesa. */
export const baseEnvironment = (): { [name: string]: string } =>
  process.platform === 'linux' && !process.env.XDG_RUNTIME_DIR ? { XDG_RUNTIME_DIR: tmpdir() } : {};

/** Environment with a Vulkan loader for machines that have a driver but no loader. */
export function loaderEnvironment(dist: string, cache: string): { [name: string]: string } | null {
  if (process.platform !== 'linux') return null;
  const folder = swiftshaderFolder(dist, cache);
  return folder ? { LD_LIBRARY_PATH: [process.env.LD_LIBRARY_PATH, folder].filter(Boolean).join(':') } : null;
}

/** The folder with SwiftShader: beside the bundles, or unpacked into the cache from the development install. */
function swiftshaderFolder(dist: string, cache: string): string | null {
  const complete = (folder: string) => WANTED.every((file) => existsSync(join(folder, file)));
  const shipped = join(dist, 'swiftshader');
  if (complete(shipped)) return shipped;
  // The development install carries it for this machine alone.
  if (process.arch !== 'x64') return null;
  const unpacked = join(cache, 'swiftshader');
  if (complete(unpacked)) return unpacked;
  const archive = findArchive(dist);
  if (!archive) return null;
  try {
    mkdirSync(cache, { recursive: true });
    // Into a folder of its own first: another process may be doing the same.
    const fresh = mkdtempSync(join(cache, 'swiftshader-'));
    for (const [name, content] of untar(brotliDecompressSync(readFileSync(archive))))
      if (WANTED.some((wanted) => wanted === name)) writeFileSync(join(fresh, name), content, { mode: 0o755 });
    try {
      renameSync(fresh, unpacked);
    } catch {
      rmSync(fresh, { recursive: true, force: true });
    }
    return complete(unpacked) ? unpacked : null;
  } catch {
    return null;
  }
}

function findArchive(dist: string): string | null {
  try {
    const manifest = createRequire(join(dist, 'runner.mjs')).resolve('@sparticuz/chromium');
    for (let folder = dirname(manifest); folder !== dirname(folder); folder = dirname(folder)) {
      const archive = join(folder, 'bin', 'swiftshader.tar.br');
      if (existsSync(archive)) return archive;
    }
  } catch {
    // Not installed: there is no archive.
  }
  return null;
}

/** Plain files of a tar archive: name without folders, and content. */
function* untar(archive: Uint8Array): Generator<[string, Uint8Array]> {
  const text = new TextDecoder();
  const field = (at: number, length: number) => text.decode(archive.subarray(at, at + length)).split('\0')[0] ?? '';
  for (let at = 0; at + 512 <= archive.length; ) {
    const name = field(at, 100);
    if (!name) return;
    const size = Number.parseInt(field(at + 124, 12).trim() || '0', 8);
    const kind = field(at + 156, 1);
    if (kind === '0' || kind === '') yield [name.split('/').pop() ?? name, archive.subarray(at + 512, at + 512 + size)];
    at += 512 + Math.ceil(size / 512) * 512;
  }
}
