/**
 * The engines that a user would pick instead, loaded beside this project's own on the same Dawn and driver. They are installed into
 * the cache by their lock file on first use, and are no dependency of the project.
 */
import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { create, globals } from 'webgpu';
import { type BufferCounter, countBuffers } from '../../../src/runner/counter';
import { cache, root } from './drivers';
import { note } from './table';

/** One call of a kernel is `run`; `wait` ends when the device has done all of them. */
export interface PeerKernel {
  run(): void;
  wait(): Promise<void>;
}

export interface TrainShape {
  layers: number;
  hidden: number;
  heads: number;
  headDim: number;
  ffn: number;
  vocab: number;
  batch: number;
  sequence: number;
  normEpsilon: number;
  beta1: number;
  beta2: number;
  epsilon: number;
}

/** Values by name; a layer's carry its number after an @. */
export type NamedWeights = { [name: string]: { shape: readonly number[]; data: Float32Array<ArrayBuffer> } };

export interface PeerModel {
  /** Loss of the batch, sample by sample in order, before the update. */
  step(tokens: Int32Array, targets: Int32Array, learningRate: number): Promise<number>;
}

export interface Peer {
  name: string;
  device(): GPUDevice;
  /** `form` as in the runner: which operands are transposed. */
  matmul(form: 'nt' | 'nn' | 'tn', size: number): PeerKernel;
  softmax(rows: number, columns: number): PeerKernel;
  rmsnorm(rows: number, columns: number): PeerKernel;
  attention(heads: number, sequence: number, width: number): PeerKernel;
  attentionBackward(heads: number, sequence: number, width: number): PeerKernel;
  model(shape: TrainShape, weights: NamedWeights, cosines: Float32Array, sines: Float32Array): PeerModel;
}

const NAMES = ['tfjs', 'jax'] as const;

function install(): string | null {
  const from = join(root, 'test', 'bench', 'peers');
  const folder = join(cache, 'peers');
  const lock = 'package-lock.json';
  const same =
    existsSync(join(folder, lock)) && readFileSync(join(folder, lock), 'utf8') === readFileSync(join(from, lock), 'utf8');
  if (same && existsSync(join(folder, 'node_modules', '@jax-js', 'jax', 'package.json'))) return folder;
  mkdirSync(folder, { recursive: true });
  for (const file of ['package.json', lock]) copyFileSync(join(from, file), join(folder, file));
  note('installing the peers');
  const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';
  const { status } = spawnSync(npm, ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: folder,
    stdio: ['ignore', 'ignore', 'inherit'],
    shell: process.platform === 'win32',
  });
  return status === 0 ? folder : null;
}

/** Bytes of every device that peers ask for, by the peer that was being loaded. */
const counters = new Map<string, BufferCounter>();
export const peerCounter = (name: string): BufferCounter => counters.get(name) as BufferCounter;

/** Loads every peer. One that cannot be loaded is named. */
export async function loadPeers(): Promise<Peer[]> {
  const folder = install();
  if (!folder) {
    note('the peers could not be installed: this machine has no package registry; nothing to stand beside');
    return [];
  }
  Object.assign(globalThis, globals);
  const gpu = create([]);
  let loading = '';
  const counted = {
    requestAdapter: async (options?: GPURequestAdapterOptions) => {
      const adapter = await gpu.requestAdapter(options);
      if (!adapter) return null;
      const request = adapter.requestDevice.bind(adapter);
      adapter.requestDevice = async (descriptor) => {
        const device = await request(descriptor);
        counters.set(loading, countBuffers(device));
        // A peer that the device refuses computes nothing, and its time would be worth nothing.
        device.addEventListener('uncapturederror', (event) => {
          console.error(`${loading}: ${(event as GPUUncapturedErrorEvent).error.message.split('\n')[0]}`);
          process.exit(1);
        });
        return device;
      };
      return adapter;
    },
    getPreferredCanvasFormat: () => 'bgra8unorm',
    wgslLanguageFeatures: gpu.wgslLanguageFeatures,
  };
  Object.defineProperty(globalThis, 'navigator', {
    value: { gpu: counted, userAgent: 'node' },
    configurable: true,
    writable: true,
  });
  const peers: Peer[] = [];
  for (const name of NAMES) {
    loading = name;
    try {
      const module = (await import(pathToFileURL(join(root, 'test', 'bench', 'peers', `${name}.mjs`)).href)) as {
        load(folder: string): Promise<Omit<Peer, 'name'>>;
      };
      peers.push({ name, ...(await module.load(folder)) });
    } catch (error) {
      note(`${name} could not be loaded: ${(error as Error).message.split('\n')[0]}`);
    }
  }
  return peers;
}
