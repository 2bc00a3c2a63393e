// The declarations of the library: the compiler's, of the files that the public face speaks of, with the full names of files that
// modules want.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';

const FACE = 'src/cli/library';

/** Writes them below `out`; returns the path of the public face, from the package's folder. */
export function declarations(root, out) {
  mkdirSync(join(root, 'out'), { recursive: true });
  const work = mkdtempSync(join(root, 'out/types-'));
  try {
    const config = join(work, 'tsconfig.json');
    const compilerOptions = {
      noEmit: false,
      declaration: true,
      emitDeclarationOnly: true,
      rootDir: root,
      outDir: join(work, 'all'),
    };
    const files = [join(root, `${FACE}.ts`), join(root, 'src/text.d.ts')];
    writeFileSync(config, JSON.stringify({ extends: join(root, 'tsconfig.json'), compilerOptions, files, include: [] }));
    execFileSync(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', config], { stdio: 'inherit' });
    copy(join(work, 'all'), FACE, join(out, 'types'), new Set());
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
  return `dist/types/${FACE}.d.ts`;
}

/** Copies a file and, in turn, those that it imports. */
function copy(from, name, to, seen) {
  if (seen.has(name)) return;
  seen.add(name);
  const path = join(from, `${name}.d.ts`);
  const text = readFileSync(path, 'utf8').replace(/(\bfrom\s*['"]|import\(['"])(\.[^'"]+)(?=['"][;)])/g, (_, before, written) => {
    const wanted = relative(from, join(dirname(path), written));
    if (!existsSync(join(from, `${wanted}.d.ts`))) throw new Error(`${name} imports ${written}, which has no declaration`);
    copy(from, wanted.replaceAll('\\', '/'), to, seen);
    return `${before}${written}.js`;
  });
  const target = join(to, `${name}.d.ts`);
  mkdirSync(dirname(target), { recursive: true });
  writeFileSync(target, text);
}
