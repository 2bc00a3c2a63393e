/** The panel's page. Pure, so that tests open the same page under the same policy. */

export interface PageParts {
  script: string;
  style: string;
  /** Where styles, fonts and pictures may come from. */
  cspSource: string;
  nonce: string;
}

export function panelHtml({ script, style, cspSource, nonce }: PageParts): string {
  const policy = [
    "default-src 'none'",
    `script-src 'nonce-${nonce}'`,
    `style-src ${cspSource} 'nonce-${nonce}'`,
    `font-src ${cspSource}`,
    `img-src ${cspSource} data:`,
  ].join('; ');
  // The toolkit reads the nonce for the one style element that it makes from the meta element.
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta property="csp-nonce" content="${nonce}">
<link rel="stylesheet" href="${style}">
<title>Memplan</title>
</head>
<body>
<div id="root" data-state="empty"></div>
<script nonce="${nonce}" src="${script}"></script>
</body>
</html>
`;
}
