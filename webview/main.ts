import './language';
import { startApp } from './app';
import { vscodeChannel } from './channel';
import { registerControls } from './controls';
import './styles/main.css';

registerControls();
const root = document.getElementById('root');
if (root) startApp(root, vscodeChannel());
