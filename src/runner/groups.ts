/** Pipelines and bind groups of dispatches, each made once. Group 0 holds the ranges, group 1 the parameters. */
import { type Buffers, PARAMETERS } from './buffers';
import type { Dispatch } from './ops/bind';
import { pipelinesOf } from './pipelines';

export interface Groups {
  pipelineOf(dispatch: Dispatch): GPUComputePipeline;
  rangesOf(dispatch: Dispatch): GPUBindGroup;
  /** Bound with the offset of a part's parameters. */
  parameters: GPUBindGroup;
}

/** Errors: `shader`. */
export async function groupsOf(
  device: GPUDevice,
  dispatches: readonly Dispatch[],
  { uniforms, rangeOf }: Pick<Buffers, 'uniforms' | 'rangeOf'>,
): Promise<Groups> {
  const layouts = new Map<number, GPUBindGroupLayout>();
  for (const width of new Set(dispatches.map(({ bindings }) => bindings.length)))
    layouts.set(
      width,
      device.createBindGroupLayout({
        entries: Array.from({ length: width }, (_, binding) => ({
          binding,
          visibility: GPUShaderStage.COMPUTE,
          buffer: { type: 'storage' as const },
        })),
      }),
    );
  const layoutOf = ({ bindings }: Dispatch): GPUBindGroupLayout => layouts.get(bindings.length) as GPUBindGroupLayout;
  const uniformLayout = device.createBindGroupLayout({
    entries: [{ binding: 0, visibility: GPUShaderStage.COMPUTE, buffer: { type: 'uniform', hasDynamicOffset: true } }],
  });
  const parameters = device.createBindGroup({
    layout: uniformLayout,
    entries: [{ binding: 0, resource: { buffer: uniforms, size: PARAMETERS } }],
  });
  const pipelines = await pipelinesOf(device, dispatches, (dispatch) =>
    device.createPipelineLayout({ bindGroupLayouts: [layoutOf(dispatch), uniformLayout] }),
  );
  const arenas = new Map<GPUBuffer, number>();
  const groups = new Map<string, GPUBindGroup>();
  const rangesOf = (dispatch: Dispatch): GPUBindGroup => {
    const ranges = dispatch.bindings.map(({ storage }) => rangeOf(storage));
    for (const { buffer } of ranges) if (!arenas.has(buffer)) arenas.set(buffer, arenas.size);
    const key = ranges.map(({ buffer, offset, size }) => `${arenas.get(buffer)}:${offset}+${size}`).join(' ');
    let group = groups.get(key);
    if (!group) {
      group = device.createBindGroup({
        layout: layoutOf(dispatch),
        entries: ranges.map((resource, binding) => ({ binding, resource })),
      });
      groups.set(key, group);
    }
    return group;
  };
  return { pipelineOf: ({ key }) => pipelines.get(key) as GPUComputePipeline, rangesOf, parameters };
}
