/** A vsix opened: what it holds, without unpacking all of it. */
import { type Entry, openPromise, type ZipFile } from 'yauzl';

export interface Vsix {
  /** Paths below `extension/`, and the others as they are. */
  names: string[];
  /** Permission bits of a file. */
  mode(name: string): number;
  size(name: string): number;
  read(name: string): Promise<Buffer>;
  text(name: string): Promise<string>;
  close(): void;
}

export async function openVsix(path: string): Promise<Vsix> {
  const zip = await openPromise(path, { autoClose: false });
  const entries = new Map<string, Entry>();
  for await (const entry of zip.eachEntry()) entries.set(entry.fileName.replace(/^extension\//, ''), entry);
  const of = (name: string): Entry => {
    const entry = entries.get(name);
    if (!entry) throw new Error(`${path} holds no ${name}`);
    return entry;
  };
  const read = (name: string) => content(zip, of(name));
  return {
    names: [...entries.keys()].filter((name) => !name.endsWith('/')),
    mode: (name) => (of(name).externalFileAttributes >>> 16) & 0o777,
    size: (name) => of(name).uncompressedSize,
    read,
    text: async (name) => (await read(name)).toString('utf8'),
    close: () => zip.close(),
  };
}

async function content(zip: ZipFile, entry: Entry): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of await zip.openReadStreamPromise(entry)) parts.push(part as Buffer);
  return Buffer.concat(parts);
}

/** For what machine a program or library is, by its own header: `linux-x64`, `darwin-universal`, … */
export function machineOf(binary: Buffer): string {
  if (binary.readUInt32BE(0) === 0x7f454c46) {
    const machine = binary.readUInt16LE(18);
    return `linux-${machine === 62 ? 'x64' : machine === 183 ? 'arm64' : machine}`;
  }
  if (binary.readUInt32BE(0) === 0xcafebabe) return 'darwin-universal';
  if (binary.readUInt32LE(0) === 0xfeedfacf) {
    const cpu = binary.readUInt32LE(4);
    return `darwin-${cpu === 0x0100_0007 ? 'x64' : cpu === 0x0100_000c ? 'arm64' : cpu}`;
  }
  if (binary.toString('latin1', 0, 2) === 'MZ') {
    const machine = binary.readUInt16LE(binary.readUInt32LE(60) + 4);
    return `win32-${machine === 0x8664 ? 'x64' : machine === 0xaa64 ? 'arm64' : machine}`;
  }
  return 'no program';
}
