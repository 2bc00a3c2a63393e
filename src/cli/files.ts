/** Files of the user: what cannot be read is one sentence, never a stack trace. */
import { readFile, stat } from 'node:fs/promises';
import { UsageError } from './arguments';

/** A plan is a page of text; past this it is the wrong file. */
const LARGEST = 16 * 1024 * 1024;

const REASONS: { [code: string]: string } = {
  ENOENT: 'there is no such file',
  ENOTDIR: 'a part of its path is no folder',
  EACCES: 'it may not be read',
  EPERM: 'it may not be read',
  ELOOP: 'its links go round in a circle',
  ENAMETOOLONG: 'its name is too long',
};

const codeOf = (error: unknown): string => (error instanceof Error && 'code' in error ? String(error.code) : 'unknown');

/** Text of a UTF-8 file. Throws `UsageError` that names the file and the reason. */
export async function readText(file: string): Promise<string> {
  let bytes: Uint8Array;
  try {
    const stats = await stat(file);
    if (stats.isDirectory()) throw new UsageError(`${file}: it is a folder; name the file in it`);
    if (!stats.isFile()) throw new UsageError(`${file}: it is no regular file`);
    if (stats.size > LARGEST) throw new UsageError(`${file}: it is larger than ${LARGEST / 1024 / 1024} MiB`);
    bytes = await readFile(file);
  } catch (error) {
    if (error instanceof UsageError) throw error;
    const code = codeOf(error);
    throw new UsageError(`${file}: ${REASONS[code] ?? `it cannot be read (${code})`}`);
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new UsageError(`${file}: it is not UTF-8 text`);
  }
}

/** Parsed content of a JSON file. Throws `UsageError`. */
export async function readJson(file: string): Promise<unknown> {
  const text = await readText(file);
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new UsageError(`${file}: it is not JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
}
