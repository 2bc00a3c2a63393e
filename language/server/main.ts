/** Entry of the server's process: over IPC as the extension starts it, or over stdio for any other editor. */
import { createConnection, ProposedFeatures } from 'vscode-languageserver/node';
import { pages } from './pages';
import { serve } from './server';

const ways = ['--stdio', '--node-ipc', '--socket', '--pipe'];
if (!process.argv.some((argument) => ways.some((way) => argument === way || argument.startsWith(`${way}=`))))
  process.argv.push('--stdio');

serve(createConnection(ProposedFeatures.all), { pageOf: pages(new URL('../language/reference.md', import.meta.url)) });
