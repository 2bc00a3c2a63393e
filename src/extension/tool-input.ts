/** What an assistant asks for is looked at before it is believed. */

export interface ToolInput {
  /** Path of a `.memplan` file, relative to the workspace folder. */
  file?: string;
  /** The text of a plan, in place of a file. */
  text?: string;
  /** One plan of the file; all of them where it is absent. */
  plan?: string;
}

/** Text past this is no plan. */
const LONGEST = 1024 * 1024;

/** Throws in words that help the assistant to ask better. */
export function toolInput(value: unknown): ToolInput {
  const { file, text, plan } = typeof value === 'object' && value !== null ? (value as { [key: string]: unknown }) : {};
  const input: ToolInput = {};
  if (typeof plan === 'string' && plan !== '') input.plan = plan;
  if (typeof text === 'string' && text !== '') {
    if (text.length > LONGEST) throw new Error('The text is longer than any plan.');
    return { ...input, text };
  }
  if (typeof file !== 'string' || file === '') return input;
  const parts = file.split(/[\\/]/);
  if (/^(?:[\\/]|[A-Za-z][\w+.-]*:)/.test(file) || parts.includes('..') || file.includes('\0'))
    throw new Error('`file` is a path relative to the workspace folder, inside it.');
  if (!file.endsWith('.memplan')) throw new Error('`file` names a .memplan file.');
  return { ...input, file: parts.join('/') };
}
