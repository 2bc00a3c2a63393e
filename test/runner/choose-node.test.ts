import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { chooseNode, type Surroundings } from '../../src/runner/choose-node';

const around = (changes: Partial<Surroundings>, there: string[] = []): Surroundings => ({
  setting: '',
  execPath: '/opt/code/electron',
  electron: true,
  dist: '/ext/dist',
  path: ['/usr/local/bin', '/usr/bin'].join(process.platform === 'win32' ? ';' : ':'),
  windows: false,
  startable: (path) => there.includes(path),
  ...changes,
});

describe('which Node runs the runner', () => {
  it('is the one of the setting, whatever else there is', () => {
    expect(chooseNode(around({ setting: '/my/node', electron: false }, ['/my/node']))).toEqual({
      node: '/my/node',
      from: 'setting',
    });
  });
  it('says that a setting is wrong rather than passing over it', () => {
    const choice = chooseNode(around({ setting: '/my/nod', electron: false }));
    expect(choice).toMatchObject({ problem: expect.stringContaining('/my/nod') });
    expect(choice).toMatchObject({ problem: expect.stringContaining('memplan.runner.nodePath') });
  });
  it('is the own one where that is no Electron', () => {
    expect(chooseNode(around({ execPath: '/srv/node', electron: false }))).toEqual({ node: '/srv/node', from: 'own' });
  });
  it('is never Electron: the one beside the bundles comes before PATH', () => {
    const shipped = join('/ext/dist', 'node', 'bin', 'node');
    expect(chooseNode(around({}, [shipped, join('/usr/bin', 'node')]))).toEqual({ node: shipped, from: 'bundled' });
    expect(chooseNode(around({}, [join('/usr/bin', 'node')]))).toEqual({ node: join('/usr/bin', 'node'), from: 'path' });
  });
  it('looks for node.exe on Windows', () => {
    const shipped = join('/ext/dist', 'node', 'node.exe');
    expect(chooseNode(around({ windows: true }, [shipped]))).toEqual({ node: shipped, from: 'bundled' });
  });
  it('says in one sentence what to do where there is none', () => {
    const choice = chooseNode(around({}));
    expect(choice).toMatchObject({ problem: expect.stringMatching(/Node 20.*memplan\.runner\.nodePath/) });
  });
});
