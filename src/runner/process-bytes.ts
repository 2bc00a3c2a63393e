/** What the operating system or the driver says of this process's memory: the reading that none of our own books can influence. */
import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

const read = (path: string): string | undefined => {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
};

/** Highest resident bytes of this process, where the system says it. Software drivers keep their buffers there. */
export function residentPeak(status = read('/proc/self/status')): number | undefined {
  const line = /^VmHWM:\s+(\d+) kB/m.exec(status ?? '');
  return line ? Number(line[1]) * 1024 : undefined;
}

const UNITS: { [unit: string]: number } = { '': 1, KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30 };

/**
 * Bytes that the kernel's graphics drivers count for this process (Linux, "DRM client usage stats"): the sum over its clients, each
 * counted once however many descriptors it has. `files` are the contents of /proc/self/fdinfo.
 */
export function drmBytes(files: readonly string[]): number | undefined {
  const clients = new Map<string, number>();
  for (const file of files) {
    const client = /^drm-client-id:\s*(\d+)/m.exec(file)?.[1];
    if (client === undefined) continue;
    const device = /^drm-pdev:\s*(\S+)/m.exec(file)?.[1] ?? '';
    const regions = [...file.matchAll(/^drm-(?:total|memory)-\w+:\s*(\d+) ?(\w*)$/gm)];
    const bytes = regions.reduce((sum, [, count, unit]) => sum + Number(count) * (UNITS[unit ?? ''] ?? 1), 0);
    clients.set(`${device} ${client}`, bytes);
  }
  return clients.size === 0 ? undefined : [...clients.values()].reduce((sum, bytes) => sum + bytes, 0);
}

/** Bytes beside a process id in the list that nvidia-smi prints in MiB. */
export function nvidiaBytes(list: string, pid: number): number | undefined {
  const row = list.split('\n').find((line) => Number(line.split(',')[0]) === pid);
  const mebibytes = Number(row?.split(',')[1]);
  return row !== undefined && Number.isFinite(mebibytes) ? mebibytes * 2 ** 20 : undefined;
}

const nvidiaList = (): Promise<string> =>
  new Promise((resolve) => {
    const args = ['--query-compute-apps=pid,used_memory', '--format=csv,noheader,nounits'];
    execFile('nvidia-smi', args, { timeout: 3000, windowsHide: true }, (error, output) => resolve(error ? '' : output));
  });

/** The best reading there is: resident memory on a software driver, the graphics driver's own count on a GPU. */
export async function processBytes(software: boolean, vendor: string): Promise<number | undefined> {
  if (software) return residentPeak();
  if (/nvidia/i.test(vendor)) return nvidiaBytes(await nvidiaList(), process.pid);
  try {
    return drmBytes(readdirSync('/proc/self/fdinfo').map((name) => read(`/proc/self/fdinfo/${name}`) ?? ''));
  } catch {
    return undefined;
  }
}
