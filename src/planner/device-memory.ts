/** From live bytes to what a card must have: what the allocator holds, the context, the libraries' workspaces. */
import type { Device, Plan } from '../plan/types';
import { before } from '../plan/version';
import { OutOfMemory } from '../tape/allocators/caching';
import { replay } from '../tape/allocators/replay';
import type { Tape } from '../tape/types';
import { tapeOf, useOf } from '../techniques/recipe-of';
import { once } from './once';
import type { Fit } from './types';

const MiB = 2 ** 20;

/** Bytes of a process on the card outside its allocator: the least and the most seen, and what to plan with. */
interface Context {
  low: number;
  value: number;
  high: number;
  source: string;
}

/** The driver's own part before any kernel is loaded; kernels come on first use since CUDA 11.7. */
const BARE = 320 * MiB;
const LAZY = 480 * MiB;

const context = (high: number, source: string): Context => ({ low: BARE, value: LAZY, high: high * MiB, source });

const A100 = 'ml-engineering: 0.47 GiB on an A100 with lazy loading (torch 2.1), 0.92 GiB with eager';
const NONE: Context = { low: 0, value: 0, high: 0, source: 'no CUDA context' };

/** CUDA context and kernels by generation. The lower end is bare CUDA on a Titan V, pytorch/pytorch#28394. */
const CONTEXTS: { readonly [architecture in Device['architecture']]: Context } = {
  volta: context(1008, 'pytorch/pytorch#28394: 1008 MiB on a Titan V with every kernel loaded, 320 of them bare CUDA'),
  turing: context(1008, 'pytorch/pytorch#28394 (Volta), pytorch/pytorch#107667: about 0.3 GiB since lazy loading'),
  ampere: context(942, A100),
  ada: context(942, A100),
  hopper: context(1454, 'ml-engineering: 0.71 GiB before the first kernels and 1.42 GiB after them on a data-centre card'),
  blackwell: context(1434, 'Unsloth: 1.4 GiB on an RTX 5070 Ti'),
  rdna: context(942, `no figure for HIP; as CUDA: ${A100}`),
  cdna: context(942, `no figure for HIP; as CUDA: ${A100}`),
  other: context(942, `pytorch/pytorch#28113: 0.2 to 0.7 GiB on a K40; ${A100}`),
  apple: NONE,
  intel: context(942, `no figure for Level Zero; as CUDA: ${A100}`),
};

/** Kernels were loaded all at once before torch 2.1. */
function contextOf(architecture: Device['architecture'], torch: string): Context {
  const found = CONTEXTS[architecture];
  return before(torch, 2, 1) ? { ...found, value: found.high } : found;
}

/** cuBLAS keeps one workspace a stream, inside PyTorch's allocator: `:4096:2:16:8` up to Ada, 32 MiB on Hopper and later. */
const workspaceOf = (architecture: Device['architecture']): number =>
  architecture === 'apple' ? 0 : architecture === 'hopper' || architecture === 'blackwell' ? 32 * MiB : 8.125 * MiB;

/**
 * Reserved over live bytes of published runs with static shapes is 1.01 to 1.09 (Megatron, SimuMax; LoRA runs the lower
 * end), and expandable segments leave the tail of each pool's last page. A simulated arrangement may be worse than that.
 */
const STATIC_SLACK: { readonly [allocator: string]: number } = { 'cuda-caching': 1.09, 'expandable-segments': 1.02 };

/** What a plan needs of its card. The allocator is simulated when somebody asks for what depends on it. */
export interface CardMemory {
  reserved(): number;
  device(): number;
  /** Bytes on the card at the least (no slack at all, bare context) and at the most. */
  range(): readonly [number, number];
  fits(): boolean;
  fit(): Fit;
}

/** What can be said of a plan's card by its live bytes alone. */
function roomOf(plan: Plan, allocated: number) {
  const usable = plan.device.memory - plan.device.reserve;
  const engine = useOf(plan, 'engine');
  const webgpu = engine?.name === 'webgpu';
  const stated = useOf(plan, 'allocator');
  const allocator = webgpu ? 'exact' : (stated?.name ?? 'exact');
  const varied = stated?.args.lengths === 'varied';
  const batches = varied ? Number(stated?.args.batches ?? 1) : 1;
  const { architecture } = plan.device;
  const outside = webgpu ? NONE : contextOf(architecture, String(engine?.args.torch ?? ''));
  const workspace = webgpu ? 0 : workspaceOf(architecture);
  const least = allocated + workspace;
  const exceeds = least + outside.low > usable;
  // No arrangement of blocks fills a third of a card with holes: well under it nothing need be simulated.
  const roomy = !varied && least + outside.high <= ROOMY * usable;
  return { usable, allocator, varied, batches, outside, workspace, least, exceeds, roomy, limit: usable - outside.value };
}

/** Whether a plan with so many live bytes fits, where that can be told without a simulation of its allocator: `cardMemory` agrees. */
export function fitsPlainly(plan: Plan, allocated: number): boolean | undefined {
  const { least, limit, roomy, allocator } = roomOf(plan, allocated);
  if (roomy) return true;
  if (least > limit) return false;
  return allocator === 'exact' ? true : undefined;
}

export function cardMemory(plan: Plan, tape: () => Tape, allocated: number): CardMemory {
  const { usable, allocator, varied, batches, outside, workspace, least, exceeds, roomy, limit } = roomOf(plan, allocated);

  /** `longer` of the steps before the longest batch were each the longest so far. */
  const simulated = (limit: number, longer: number): { held: number; pressed: boolean } => {
    if (allocator === 'exact') return { held: least, pressed: false };
    const shorter = growing(plan.sequence, longer).map((sequence) => tapeOf({ ...plan, sequence }));
    const longest = tape();
    const [first = longest, ...rest] = [...shorter, longest];
    const { peakReserved, pressed } = replay(
      [first, ...rest],
      { expandable: allocator === 'expandable-segments', limit },
      workspace,
      Math.min(longer, shorterRecords(plan.accumulate) + 1),
    );
    return { held: peakReserved, pressed };
  };
  const records = varied ? shorterRecords(batches) : 0;
  /** What is held where the card has no end. */
  const unlimited = once((): number => {
    const limited = onCard();
    return limited && !limited.pressed ? limited.held : simulated(Number.POSITIVE_INFINITY, records).held;
  });
  /** What is held on this card, where the step can run there at all. */
  const onCard = once((): { held: number; pressed: boolean } | null => {
    if (least > limit) return null;
    try {
      return simulated(limit, records);
    } catch (error) {
      if (error instanceof OutOfMemory) return null;
      throw error;
    }
  });
  const held = (): number => onCard()?.held ?? unlimited();
  const most = once(
    (): number =>
      Math.max(
        varied ? simulated(Number.POSITIVE_INFINITY, shorterRecords(UNLUCKY * batches)).held : unlimited(),
        Math.ceil(least * (STATIC_SLACK[allocator] ?? 1)),
      ) + outside.high,
  );

  return {
    reserved: held,
    device: () => held() + outside.value,
    range: () => [least + outside.low, most()],
    fits: () => roomy || onCard() !== null,
    fit: () => (exceeds ? 'exceeds' : roomy || most() <= usable ? 'fits' : 'tight'),
  };
}

/**
 * Where lengths vary, only a batch longer than all before it finds no block that serves it. Of `n` shuffled batches about
 * ln n + γ are the longest so far (records of independent draws), the last of them the longest of all, and each halves the
 * distance to it (the mean of what a uniform draw leaves). How many it really are varies with the order: a run of
 * `UNLUCKY` times as many batches has three more, and the spread of the count is as wide for the usual hundreds.
 */
const shorterRecords = (batches: number): number => Math.max(0, Math.round(Math.log(batches) + EULER) - 1);
const EULER = 0.5772;
const UNLUCKY = 20;
const growing = (sequence: number, count: number): number[] =>
  Array.from({ length: count }, (_, index) => Math.ceil(sequence * (1 - 0.5 ** (index + 1))));

/** Share of a card under which the allocator's slack cannot matter. */
const ROOMY = 2 / 3;
