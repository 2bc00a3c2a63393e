/** VS Code's web build with no server behind it, as vscode.dev is: a few files served, extensions in a worker of the browser. */
import { createReadStream } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { createServer, type ServerResponse } from 'node:http';
import { extname, join, normalize } from 'node:path';
import { dropped } from '../../.ci/package/targets.json';
import { installServer } from './code-server';

export interface WebBuild {
  url: string;
  stop(): Promise<void>;
}

const TYPES: { [extension: string]: string } = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.cjs': 'text/javascript',
  '.css': 'text/css',
  '.json': 'application/json',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ttf': 'font/ttf',
  '.wasm': 'application/wasm',
};
/** The build of code-server always looks for a server, and keeps the user's settings there; without one there is nothing to look for. */
const OWN: readonly (readonly [RegExp, string])[] = [
  [/remoteAuthority:location\.host/, 'remoteAuthority:undefined'],
  [/(file\(this\.userDataPath\)\.with\(\{scheme:[\w$]+\.)vscodeRemote/, '$1vscodeUserData'],
];

export async function startWebBuild(root: string): Promise<WebBuild> {
  const home = await installServer(root);
  const folders: { [name: string]: string } = { static: home, extension: root };
  const server = createServer(async ({ url = '/' }, response) => {
    response.setHeader('Access-Control-Allow-Origin', '*');
    const { pathname } = new URL(url, 'http://127.0.0.1');
    if (pathname === '/') return send(response, '.html', await page(home, origin()));
    const [, folder = '', ...rest] = normalize(decodeURIComponent(pathname)).split('/');
    const file = folders[folder] && join(folders[folder], ...rest);
    if (!file || !(await stat(file).catch(() => null))?.isFile()) return response.writeHead(404).end();
    // As it is in a package: a browser's extension host takes a manifest with `type` for modules, which it cannot load.
    if (pathname === '/extension/package.json') {
      const manifest = Object.entries(JSON.parse(await readFile(file, 'utf8'))).filter(([key]) => !dropped.includes(key));
      return send(response, '.json', JSON.stringify(Object.fromEntries(manifest)));
    }
    if (file.endsWith('/workbench/workbench.js')) {
      const text = await readFile(file, 'utf8');
      if (!OWN.every(([pattern]) => pattern.test(text))) throw new Error('the workbench is not the one that is expected');
      return send(
        response,
        '.js',
        OWN.reduce((rest, [pattern, words]) => rest.replace(pattern, words), text),
      );
    }
    response.setHeader('Content-Type', TYPES[extname(file)] ?? 'application/octet-stream');
    createReadStream(file).pipe(response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const origin = () => {
    const address = server.address();
    return `http://localhost:${typeof address === 'object' && address ? address.port : 0}`;
  };
  return {
    url: origin(),
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function send(response: ServerResponse, extension: string, text: string): void {
  response.setHeader('Content-Type', TYPES[extension] ?? 'text/plain');
  response.end(text);
}

/** The build's own page, with a workspace that lies on no disk. */
async function page(home: string, origin: string): Promise<string> {
  const configuration = {
    folderUri: { $mid: 1, scheme: 'tmp', path: '/plans' },
    userDataPath: '/User',
    isEnabledFileDownloads: true,
    isEnabledFileUploads: true,
    isEnabledCoderGettingStarted: false,
    developmentOptions: {
      extensions: [at(origin, '/extension')],
      extensionTestsPath: at(origin, '/extension/out/test/host/web-suite/index.js'),
    },
    productConfiguration: {
      webviewContentExternalBaseUrlTemplate: `${origin}/static/out/vs/workbench/contrib/webview/browser/pre/`,
      enableTelemetry: false,
    },
    configurationDefaults: {
      'security.workspace.trust.enabled': false,
      'workbench.startupEditor': 'none',
      'extensions.ignoreRecommendations': true,
    },
  };
  const escaped = JSON.stringify(configuration).replaceAll('&', '&amp;').replaceAll('"', '&quot;');
  const html = await readFile(join(home, 'out/vs/code/browser/workbench/workbench.html'), 'utf8');
  return html
    .replaceAll('{{WORKBENCH_WEB_CONFIGURATION}}', escaped)
    .replaceAll('{{WORKBENCH_AUTH_SESSION}}', '')
    .replaceAll('{{WORKBENCH_WEB_BASE_URL}}', `${origin}/static`)
    .replaceAll('{{WORKBENCH_NLS_FALLBACK_URL}}', `${origin}/static/out/nls.messages.js`)
    .replaceAll('{{WORKBENCH_NLS_URL}}', `${origin}/static/out/nls.messages.js`)
    .replaceAll(/\{\{(?:VS_)?BASE\}\}/g, `${origin}/static`);
}

const at = (origin: string, path: string) => ({ $mid: 1, scheme: 'http', authority: new URL(origin).host, path });
