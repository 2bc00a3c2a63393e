/** Compiled kernels: each is compiled once for a device, however many programs use it. */
import { RunnerError } from './errors';
import type { Dispatch } from './ops/bind';
import { inParts } from './parts';

/** By device, then by source. */
const compiled = new WeakMap<GPUDevice, Map<string, GPUComputePipeline>>();

/** Pipelines of some dispatches, by their keys. Errors: `shader`. */
export async function pipelinesOf(
  device: GPUDevice,
  dispatches: readonly Dispatch[],
  layoutOf: (dispatch: Dispatch) => GPUPipelineLayout,
): Promise<Map<string, GPUComputePipeline>> {
  const known = compiled.get(device) ?? new Map<string, GPUComputePipeline>();
  compiled.set(device, known);
  const kinds = new Map(dispatches.map((dispatch) => [dispatch.key, dispatch]));
  const pipelines = await Promise.all(
    [...kinds.values()].map(async (dispatch) => {
      const code = inParts(dispatch.code());
      const pipeline = known.get(code) ?? (await compile(device, dispatch.key, code, layoutOf(dispatch)));
      known.set(code, pipeline);
      return [dispatch.key, pipeline] as const;
    }),
  );
  return new Map(pipelines);
}

async function compile(device: GPUDevice, key: string, code: string, layout: GPUPipelineLayout): Promise<GPUComputePipeline> {
  const module = device.createShaderModule({ code });
  try {
    return await device.createComputePipelineAsync({ layout, compute: { module, entryPoint: 'main' } });
  } catch (error) {
    const { messages } = await module.getCompilationInfo();
    const [first] = messages.filter(({ type }) => type === 'error');
    const where = first ? `line ${first.lineNum}: ${first.message}` : firstLine((error as Error).message);
    throw new RunnerError('shader', `The kernel ${firstLine(key)} does not compile on this adapter: ${where}`);
  }
}

const firstLine = (message: string): string => message.split('\n')[0] ?? message;
