// `npm run audit`: known vulnerabilities of what package-lock.json pins. Those in what is shipped fail; those of tools are told. A registry that
// keeps no advisories is no reason to fail: it is said that nothing was asked.
import { spawnSync } from 'node:child_process';

const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';
/** Development packages whose code is in a bundle, beside the dependencies themselves. */
const SHIPPED =
  /^(?:webgpu$|langium$|@?chevrotain|lodash-es$|d3|yaml$|path-browserify$|@vscode\/(?:l10n|webview-ui-toolkit)$|@microsoft\/fast-|tabbable$|tslib$|vscode-|semver$|minimatch$|brace-expansion$|balanced-match$)/;

const { stdout, error } = spawnSync(npm, ['audit', '--json'], {
  encoding: 'utf8',
  shell: process.platform === 'win32',
  timeout: 60_000,
});
const answer = parsed(stdout);
if (error || !answer?.vulnerabilities) {
  console.log(
    `audit: SKIPPED, the registry answers no audit (${answer?.message?.split('\n')[0] ?? error?.message ?? 'no answer'})`,
  );
  process.exit(0);
}
const found = Object.values(answer.vulnerabilities).filter(({ severity }) => severity !== 'info' && severity !== 'low');
const shipped = found.filter(({ name }) => SHIPPED.test(name));
for (const { name, severity, range, via } of found) {
  const titles = via.map((one) => (typeof one === 'string' ? `by ${one}` : one.title)).join('; ');
  console.log(`audit: ${name} ${range}, ${severity}${SHIPPED.test(name) ? ', shipped' : ', a tool'}: ${titles}`);
}
console.log(
  `audit: ${answer.metadata?.dependencies?.total ?? '?'} packages, ${found.length} vulnerable, ${shipped.length} of them shipped`,
);
process.exit(shipped.length > 0 ? 1 : 0);

function parsed(text) {
  try {
    return JSON.parse(text ?? '');
  } catch {
    return null;
  }
}
