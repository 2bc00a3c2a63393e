import { join, posix, win32 } from 'node:path';
import { describe, expect, it } from 'vitest';
import { chooseNode, type Surroundings } from '../../src/runner/choose-node';
import { globalFolders, loadDawn } from '../../src/runner/dawn';

const PLATFORMS = {
  linux: { windows: false, execPath: '/opt/code/electron', dist: '/ext/dist', bin: '/usr/bin', join: posix.join, node: 'node' },
  macos: {
    windows: false,
    execPath: '/Applications/Code.app/Contents/MacOS/Electron',
    dist: '/Users/a b/.vscode/extensions/memplan/dist',
    bin: '/opt/homebrew/bin',
    join: posix.join,
    node: 'node',
  },
  windows: {
    windows: true,
    execPath: 'C:\\Code\\Code.exe',
    dist: 'C:\\ext\\dist',
    bin: 'C:\\Program Files\\nodejs',
    join: win32.join,
    node: 'node.exe',
  },
} as const;

describe.each(Object.entries(PLATFORMS))(
  'which Node runs the runner on %s',
  (_, { windows, execPath, dist, bin, join, node }) => {
    const path = ['relative', '', join(bin, '..', 'other'), bin].join(windows ? ';' : ':');
    const around = (changes: Partial<Surroundings>, there: string[] = []): Surroundings => ({
      setting: '',
      execPath,
      electron: true,
      dist,
      path,
      windows,
      startable: (file) => there.includes(file) || file === execPath,
      ...changes,
    });
    const own = join(bin, 'my', node);
    const shipped = join(dist, 'node', node);
    const onPath = join(bin, node);

    it('is the one of the setting, whatever else there is', () => {
      for (const electron of [true, false])
        expect(chooseNode(around({ setting: own, electron }, [own, shipped, onPath]))).toEqual({ node: own, from: 'setting' });
    });
    it('says that a setting is wrong rather than passing over it', () => {
      const choice = chooseNode(around({ setting: own, electron: false }, [shipped, onPath]));
      expect(choice).toMatchObject({ problem: expect.stringContaining(own) });
      expect(choice).toMatchObject({ problem: expect.stringContaining('memplan.runner.nodePath') });
    });
    it('is the own one where that is no Electron', () => {
      expect(chooseNode(around({ electron: false }, [shipped, onPath]))).toEqual({ node: execPath, from: 'own' });
    });
    it('under Electron is the one beside the bundles, before PATH', () => {
      expect(chooseNode(around({}, [shipped, onPath]))).toEqual({ node: shipped, from: 'bundled' });
      const deeper = join(dist, 'node', 'bin', node);
      expect(chooseNode(around({}, [deeper, onPath]))).toEqual({ node: deeper, from: 'bundled' });
    });
    it('under Electron without one beside the bundles is that of PATH, in absolute folders only', () => {
      expect(chooseNode(around({}, [onPath, join('relative', node), node]))).toEqual({ node: onPath, from: 'path' });
    });
    it('is never Electron, and says in one sentence what to do where there is none', () => {
      const choice = chooseNode(around({}));
      expect(choice).not.toHaveProperty('node');
      expect(choice).toMatchObject({ problem: expect.stringMatching(/^[^.]*Node 20[^.]*memplan\.runner\.nodePath[^.]*\.$/) });
    });
  },
);

describe('the GPU library', () => {
  const missing = Object.assign(new Error('not found'), { code: 'ERR_MODULE_NOT_FOUND' });

  it('is the one beside the bundles', async () => {
    const asked: string[] = [];
    const found = { create: () => undefined };
    const load = async (place: string) => {
      asked.push(place);
      return found;
    };
    expect(await loadDawn(load)).toBe(found);
    expect(asked).toEqual(['webgpu']);
  });
  it('where there is none, one sentence says what to install and which setting to change', async () => {
    const nowhere = loadDawn(() => Promise.reject(missing), 'linux-riscv64');
    await expect(nowhere).rejects.toMatchObject({ code: 'no-webgpu' });
    await expect(nowhere).rejects.toThrow(/linux-riscv64.*npm install --global webgpu.*memplan\.runner\.nodePath/);
  });
  it('that the machine refuses is told in the loader’s words', async () => {
    const old = Object.assign(new Error("libstdc++.so.6: version `GLIBCXX_3.4.30' not found\nat x"), {
      code: 'ERR_DLOPEN_FAILED',
    });
    await expect(loadDawn(() => Promise.reject(old))).rejects.toMatchObject({
      code: 'webgpu-broken',
      message: expect.stringMatching(/GLIBCXX_3\.4\.30' not found\.$/),
    });
  });
  it('of a global install is looked for beside the Node that runs', () => {
    expect(globalFolders('/usr/local/bin/node')).toContain(join('/usr/local/lib/node_modules'));
  });
});
