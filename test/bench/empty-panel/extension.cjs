/** A panel of nothing: it marks when its page runs, and when it hears of a change of the text. */
const vscode = require('vscode');

const page = (nonce, version) => `<!doctype html>
<html>
<head><meta http-equiv="Content-Security-Policy" content="default-src 'none'; script-src 'nonce-${nonce}'"></head>
<body>
<div id="root" data-revision="${version}"></div>
<script nonce="${nonce}">
const show = (version) => {
  document.getElementById('root').dataset.revision = version;
  performance.clearMarks('memplan.picture');
  performance.mark('memplan.picture', { detail: version });
};
addEventListener('message', ({ data }) => show(data));
show(${version});
</script>
</body>
</html>`;

exports.activate = ({ subscriptions }) => {
  subscriptions.push(
    vscode.commands.registerCommand('emptyPanel.open', () => {
      const { document } = vscode.window.activeTextEditor;
      const place = { viewColumn: vscode.ViewColumn.Beside, preserveFocus: true };
      const panel = vscode.window.createWebviewPanel('emptyPanel', 'Empty', place, { enableScripts: true });
      panel.webview.html = page(crypto.randomUUID(), document.version);
      const following = vscode.workspace.onDidChangeTextDocument(({ document, contentChanges }) => {
        if (contentChanges.length > 0) void panel.webview.postMessage(document.version);
      });
      panel.onDidDispose(() => following.dispose());
    }),
  );
};
