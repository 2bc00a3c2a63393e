/** The panel's page. Pure, so that tests open the same page under the same policy. */
import type { ToWebview } from '../protocol';

export interface PageParts {
  script: string;
  style: string;
  /** Where styles, fonts and pictures may come from. */
  cspSource: string;
  nonce: string;
  /** The editor's language, and the page's texts in it; absent in English. */
  language: string;
  words?: { [text: string]: string } | undefined;
  /** What is known already: it is drawn before the page is first shown, without a question and its answer. */
  messages?: readonly ToWebview[];
}

export function panelHtml({ script, style, cspSource, nonce, language, words, messages = [] }: PageParts): string {
  const policy = [
    "default-src 'none'",
    `script-src 'nonce-${nonce}'`,
    `style-src ${cspSource} 'nonce-${nonce}'`,
    `font-src ${cspSource}`,
    `img-src ${cspSource} data:`,
  ].join('; ');
  // The toolkit reads the nonce for the one style element that it makes from the meta element.
  return `<!doctype html>
<html lang="${words ? attribute(language) : 'en'}">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta property="csp-nonce" content="${nonce}">
<link rel="stylesheet" href="${style}">
<title>Memplan</title>
</head>
<body>
<div id="root" data-state="empty"${words ? ` data-words="${attribute(JSON.stringify(words))}"` : ''} data-given="${attribute(JSON.stringify(messages))}"></div>
<script nonce="${nonce}" src="${script}"></script>
</body>
</html>
`;
}

const attribute = (text: string) => text.replace(/[&<>"]/g, (letter) => `&#${letter.charCodeAt(0)};`);
