import { startApp } from './app';
import { vscodeChannel } from './channel';
import { registerControls } from './controls';

registerControls();
const root = document.getElementById('root');
if (root) startApp(root, vscodeChannel());
