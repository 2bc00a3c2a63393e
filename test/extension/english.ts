/** What an editor in English makes of a text: itself, its places filled. */
export const l10n = {
  t: (text: string, ...args: unknown[]) => text.replace(/\{(\d+)\}/g, (_, index) => String(args[Number(index)])),
};
