/** Texts of the page in the editor's language, which come with the page itself. First of all imports: some are read while files load. */
import * as l10n from '@vscode/l10n';

const { words } = document.getElementById('root')?.dataset ?? {};
if (words) l10n.config({ contents: JSON.parse(words) as { [text: string]: string } });
