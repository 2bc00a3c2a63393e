/** Commands as promises. A failing one rejects with what it printed. */
import { spawn } from 'node:child_process';

export function run(command: string, args: readonly string[], cwd: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd, stdio: ['ignore', 'pipe', 'pipe'] });
    const output: Buffer[] = [];
    child.stdout.on('data', (data: Buffer) => output.push(data));
    child.stderr.on('data', (data: Buffer) => output.push(data));
    child.on('error', reject);
    child.on('close', (code) => {
      if (code === 0) resolve();
      else
        reject(new Error(`${command} ${args.join(' ')} ended with ${code}:\n${Buffer.concat(output).toString().slice(-4000)}`));
    });
  });
}

/** `npm install` into `folder`, without scripts of what is installed. */
export function npmInstall(folder: string, args: readonly string[]): Promise<void> {
  return run('npm', ['install', '--prefix', folder, '--ignore-scripts', '--no-audit', '--no-fund', ...args], folder);
}
