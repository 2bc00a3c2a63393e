/** From live bytes to what a card must have: the allocator's slack, the context, the libraries' workspaces. */
import type { Device, Plan } from '../plan/types';
import type { Tape } from '../tape/types';
import { useOf } from '../techniques/recipe-of';

const MiB = 2 ** 20;

/**
 * Share of live bytes that an allocator holds beyond them in a loop of like steps: reserved/allocated of well-behaved
 * static-shape runs is 1.02 with expandable segments and 1.04 with fixed ones (published Megatron and LoRA runs: 1.01 to 1.09).
 */
const SLACK: Record<string, number> = { 'cuda-caching': 1.04, 'expandable-segments': 1.02, exact: 1 };

export function reservedBytes(plan: Plan, _tape: Tape, allocated: number): number {
  const allocator = useOf(plan, 'allocator')?.name ?? 'exact';
  const held = Math.ceil(allocated * (SLACK[allocator] ?? 1));
  return allocator === 'exact' ? held : Math.ceil(held / (2 * MiB)) * 2 * MiB;
}

/** CUDA context with lazily loaded kernels (torch 2.1 and later): 0.47 GiB measured on an A100 (ml-engineering). */
const CONTEXT = 480 * MiB;

/** cuBLAS keeps one workspace a stream: 8.125 MiB up to Ada, 32 MiB on Hopper and later. */
const workspace = (architecture: Device['architecture']): number =>
  architecture === 'hopper' || architecture === 'blackwell' ? 32 * MiB : 8.125 * MiB;

/** Bytes on the card outside of what the framework's allocator holds. */
export function deviceBytes(plan: Plan): number {
  return useOf(plan, 'engine')?.name === 'webgpu' ? 0 : CONTEXT + workspace(plan.device.architecture);
}
