/** Opens a WebGPU device through Dawn, and says what it is. */
import { type BufferCounter, countBuffers } from './counter';
import { loadDawn } from './dawn';
import { RunnerError } from './errors';
import { below } from './limits';

export interface Opened {
  device: GPUDevice;
  counter: BufferCounter;
  software: boolean;
  name: string;
  vendor: string;
  architecture: string;
  features: string[];
  /** Rejects when the device is lost; never resolves. */
  lost: Promise<never>;
}

/** Limits that the engine asks for in full, where the adapter has more than the default. */
const WANTED = [
  'maxBufferSize',
  'maxStorageBufferBindingSize',
  'maxStorageBuffersPerShaderStage',
  'maxComputeWorkgroupsPerDimension',
] as const;

const isSoftware = (info: GPUAdapterInfo): boolean =>
  info.isFallbackAdapter === true ||
  /swiftshader|llvmpipe|lavapipe|software|basic render/i.test(`${info.architecture} ${info.device} ${info.description}`);

/** Dawn ends the process where its instance is collected before its devices. */
const instances: GPU[] = [];

/** Opens the best adapter of the wanted kind. Errors: `no-adapter`, `limits`. */
export async function openDevice(wanted: 'auto' | 'gpu' | 'software'): Promise<Opened> {
  const { create, globals } = await loadDawn();
  Object.assign(globalThis, globals);
  // Kernels of some microseconds are timed by the step, on this machine alone: no page is to be kept from telling time.
  const gpu = create(['disable-dawn-features=timestamp_quantization']);
  instances.push(gpu);
  let adapter: GPUAdapter | null;
  try {
    adapter = await gpu.requestAdapter({ powerPreference: 'high-performance' });
  } catch {
    adapter = null;
  }
  const found = adapter ? isSoftware(adapter.info) : false;
  if (!adapter || (wanted === 'gpu' && found) || (wanted === 'software' && !found)) {
    const what = wanted === 'gpu' ? 'GPU' : wanted === 'software' ? 'software Vulkan driver' : 'GPU or software driver';
    throw new RunnerError('no-adapter', `No ${what} that WebGPU can use was found on this machine.`);
  }
  const { limits, info } = adapter;
  const short = below(limits, info.description || info.device || 'The adapter');
  if (short) throw new RunnerError('limits', short);
  const features = (['timestamp-query', 'shader-f16', 'subgroups'] as GPUFeatureName[]).filter((feature) =>
    adapter.features.has(feature),
  );
  let device: GPUDevice;
  try {
    device = await adapter.requestDevice({
      requiredFeatures: features,
      requiredLimits: Object.fromEntries(WANTED.map((limit) => [limit, limits[limit]])),
    });
  } catch (error) {
    throw new RunnerError(
      'no-device',
      `The adapter ${info.description || info.device} gave no device: ${(error as Error).message}`,
    );
  }
  const lost = new Promise<never>((_, reject) => {
    void device.lost.then((info) => {
      reject(
        new RunnerError(
          'device-lost',
          `The GPU device was lost: ${firstLine(info.message) || info.reason || 'no reason given'}.`,
        ),
      );
    });
    // What no scope caught is a mistake of the engine or a driver out of memory: nothing computed after it can be believed.
    device.addEventListener('uncapturederror', (event) => {
      const { error } = event as GPUUncapturedErrorEvent;
      event.preventDefault();
      const memory = typeof GPUOutOfMemoryError !== 'undefined' && error instanceof GPUOutOfMemoryError;
      reject(
        new RunnerError(
          memory ? 'out-of-memory' : 'gpu',
          `The GPU ${memory ? 'ran out of memory' : 'refused an operation'}: ${firstLine(error.message)}`,
        ),
      );
    });
  });
  lost.catch(() => undefined);
  return {
    device,
    counter: countBuffers(device),
    software: found,
    name: readable(info),
    vendor: info.vendor,
    architecture: info.architecture,
    features: [...features],
    lost,
  };
}

/** A name that a person knows: drivers put it in the device or in the description. */
function readable(info: GPUAdapterInfo): string {
  if (/swiftshader/i.test(info.device)) return 'SwiftShader (software)';
  if (/llvmpipe/i.test(info.device + info.description)) return `${info.description || 'llvmpipe'} (software)`;
  return info.device || info.description || `${info.vendor} ${info.architecture}`.trim() || 'unnamed adapter';
}

const firstLine = (message: string): string => message.split('\n')[0] ?? '';
