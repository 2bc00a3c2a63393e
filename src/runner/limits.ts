/** What the engine's kernels need of an adapter, said in words where it is not there. */

/** Limits that a kernel would break below. Every adapter of WebGPU's core level has them; those of its compatibility level may not. */
const NEEDED = [
  ['maxStorageBuffersPerShaderStage', 8, 'storage buffers in one kernel'],
  ['maxComputeInvocationsPerWorkgroup', 128, 'invocations in a workgroup'],
  ['maxComputeWorkgroupSizeX', 128, 'invocations along a workgroup'],
  ['maxComputeWorkgroupStorageSize', 16_384, 'bytes shared by a workgroup'],
  ['maxComputeWorkgroupsPerDimension', 65_535, 'workgroups along one dimension'],
  ['maxStorageBufferBindingSize', 2 ** 27, 'bytes of one buffer in a kernel'],
  ['maxUniformBufferBindingSize', 256, 'bytes of parameters'],
] as const;

export type Limits = { readonly [limit in (typeof NEEDED)[number][0]]: number };

/** The first limit that an adapter is below; undefined where it has all. */
export function below(limits: Limits, adapter: string): string | undefined {
  const short = NEEDED.find(([limit, least]) => !(limits[limit] >= least));
  if (!short) return undefined;
  const [limit, least, what] = short;
  return `${adapter} allows ${limits[limit]} ${what}; the engine needs ${least} (${limit}).`;
}
