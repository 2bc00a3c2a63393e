// SwiftShader, the software Vulkan driver, with a loader: for linux-x64 from the development install, for linux-arm64 from the Debian
// archive, whose signature apt checks. A machine that cannot reach it makes the package without, and says so.
import { execFileSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { brotliDecompressSync } from 'node:zlib';

const FILES = ['libvk_swiftshader.so', 'vk_swiftshader_icd.json', 'libvulkan.so.1'];
/** Debian 12, whose C library (2.36, 2.34 is asked for) is older than that of every system Dawn runs on. */
const SUITE = 'bookworm';
const PACKAGE = 'chromium-common';
const INSIDE = './usr/lib/chromium';

/** Puts the three files into `to`; false where the target has no such driver, or it could not be fetched. */
export function softwareDriver(to, target, root, cache) {
  if (target === 'linux-x64') {
    unpack(to, brotliDecompressSync(readFileSync(join(root, 'node_modules/@sparticuz/chromium/bin/swiftshader.tar.br'))), FILES);
    return true;
  }
  if (target !== 'linux-arm64') return false;
  const kept = join(cache, 'swiftshader-linux-arm64');
  if (!existsSync(kept)) {
    try {
      fromDebian(kept);
    } catch (error) {
      console.log(`${target}: no software driver in the package, the Debian archive gave none: ${error.message.split('\n')[0]}`);
      return false;
    }
  }
  cpSync(kept, to, { recursive: true });
  return true;
}

function unpack(to, archive, files, strip = 0) {
  mkdirSync(to, { recursive: true });
  execFileSync('tar', ['-xf', '-', '-C', to, '--no-same-owner', `--strip-components=${strip}`, ...files], { input: archive });
}

/** apt with lists, cache and sources of its own: nothing is installed, and the machine's own settings stay as they are. */
function fromDebian(kept) {
  const work = mkdtempSync(join(tmpdir(), 'memplan-driver-'));
  try {
    for (const folder of ['lists/partial', 'cache/archives/partial', 'sources', 'draft'])
      mkdirSync(join(work, folder), { recursive: true });
    writeFileSync(join(work, 'status'), '');
    writeFileSync(
      join(work, 'sources/debian.sources'),
      `Types: deb\nURIs: ${mirror()}\nSuites: ${SUITE}\nComponents: main\nSigned-By: /usr/share/keyrings/debian-archive-keyring.gpg\n`,
    );
    const settings = {
      'Dir::State::status': join(work, 'status'),
      'Dir::State::Lists': join(work, 'lists'),
      'Dir::Cache': join(work, 'cache'),
      'Dir::Etc::SourceList': '/dev/null',
      'Dir::Etc::SourceParts': join(work, 'sources'),
      'APT::Architecture': 'arm64',
      'APT::Sandbox::User': 'root',
      'Acquire::Retries': 3,
    };
    const options = Object.entries(settings).flatMap(([name, value]) => ['-o', `${name}=${value}`]);
    const apt = (...words) =>
      execFileSync('apt-get', ['-qq', ...options, ...words], { cwd: work, stdio: 'pipe', timeout: 180_000 });
    apt('update', '--error-on=any');
    apt('download', PACKAGE);
    const archive = readdirSync(work).find((name) => name.endsWith('.deb'));
    const content = execFileSync('dpkg-deb', ['--fsys-tarfile', archive], { cwd: work, maxBuffer: 2 ** 30 });
    unpack(
      join(work, 'draft'),
      content,
      FILES.map((file) => `${INSIDE}/${file}`),
      INSIDE.split('/').length,
    );
    mkdirSync(join(kept, '..'), { recursive: true });
    // Into a folder beside the final one first, so that an interrupted run leaves nothing half done.
    const draft = mkdtempSync(`${kept}-`);
    cpSync(join(work, 'draft'), draft, { recursive: true });
    renameSync(draft, kept);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** The archive that this machine is set to use. */
function mirror() {
  const known = execFileSync('apt-get', ['indextargets', '--format', '$(SITE) $(RELEASE)'], { encoding: 'utf8', stdio: 'pipe' });
  const [, site] = /^(\S+) (?:bookworm|trixie|stable)\b/m.exec(known) ?? [];
  if (!site) throw new Error('no Debian archive is configured here');
  return site;
}
