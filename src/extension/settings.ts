/** Every setting of the extension, by key; the manifest declares the same ones. */
import * as vscode from 'vscode';

export const SETTINGS = [
  'runner.nodePath',
  'runner.adapter',
  'runner.timeout',
  'panel.followCursor',
  'statusBar.enabled',
] as const;

export interface Settings {
  /** Path of a Node for the runner; empty to look for one. */
  nodePath: string;
  adapter: 'auto' | 'gpu' | 'software';
  /** Seconds until a run is given up. */
  timeout: number;
  followCursor: boolean;
  statusBar: boolean;
}

export function readSettings(): Settings {
  const settings = vscode.workspace.getConfiguration('memplan');
  const adapter = settings.get<string>('runner.adapter');
  const timeout = settings.get<number>('runner.timeout');
  return {
    nodePath: settings.get<string>('runner.nodePath')?.trim() ?? '',
    adapter: adapter === 'gpu' || adapter === 'software' ? adapter : 'auto',
    timeout: typeof timeout === 'number' && timeout > 0 ? timeout : 600,
    followCursor: settings.get<boolean>('panel.followCursor') ?? true,
    statusBar: settings.get<boolean>('statusBar.enabled') ?? true,
  };
}
