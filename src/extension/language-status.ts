/** In the language status of `.memplan` files: whether the server runs, and what runs on the GPU would use. */
import * as vscode from 'vscode';
import type { Runs } from './runs';
import type { Server, ServerState } from './server';

const { t } = vscode.l10n;
const STATES: { [state in ServerState]: { text: string; severity: vscode.LanguageStatusSeverity; busy: boolean } } = {
  running: { text: t('Language server runs'), severity: vscode.LanguageStatusSeverity.Information, busy: false },
  starting: { text: t('Language server starts'), severity: vscode.LanguageStatusSeverity.Information, busy: true },
  stopped: { text: t('Language server stopped'), severity: vscode.LanguageStatusSeverity.Error, busy: false },
};
const SELECTOR = { language: 'memplan' };

export function createLanguageStatus(server: Server, runs: Runs): vscode.Disposable {
  const language = vscode.languages.createLanguageStatusItem('memplan.server', SELECTOR);
  language.name = t('Memplan: language server');
  language.command = { title: t('Show Log'), command: 'memplan.showLog' };
  const show = (state: ServerState) => Object.assign(language, STATES[state]);
  show('starting');

  const runner = vscode.languages.createLanguageStatusItem('memplan.runner', SELECTOR);
  runner.name = t('Memplan: run on GPU');
  const tell = (text: string, detail = '') => Object.assign(runner, { text, detail });
  const trust = () => tell(vscode.workspace.isTrusted ? t('Runs on the best GPU there is') : t('Runs need a trusted workspace'));
  runner.command = { title: t('Settings'), command: 'workbench.action.openSettings', arguments: ['memplan.runner'] };
  trust();

  return vscode.Disposable.from(
    language,
    runner,
    server.onDidChangeState(({ to }) => show(to)),
    vscode.workspace.onDidGrantWorkspaceTrust(trust),
    runs.onMessage(({ message }) => {
      if (message.type === 'run-started') runner.busy = true;
      if (message.type === 'run-ended') runner.busy = false;
      if (message.type === 'run-event' && message.event.type === 'adapter')
        tell(message.event.name, message.event.software ? t('software driver, no GPU') : t('GPU of the last run'));
    }),
  );
}
