/**
 * Cards by name.
 *
 * `memory` is the size on the box in binary units. What a process can have is less: the driver keeps a part, ECC
 * takes its share on GDDR cards, and a desktop card draws a desktop. `reserve` is that difference: the size on the box less the total
 * that the driver hands to programs (`torch.cuda.mem_get_info`, as users' logs print it: "total capacity of 23.64 GiB"),
 * plus `DISPLAY` on cards that usually drive one. The CUDA context is not in it; the estimate adds that itself.
 *
 * `flops` are dense, for 16-bit inputs accumulated in fp32, as training does: on GeForce cards half of the advertised figure.
 * `interconnect` is one direction to the fastest neighbour: NVLink or Infinity Fabric where the card has it, else PCIe.
 */
import type { Device } from '../types';

const GiB = 1024 ** 3;
const MiB = 1024 ** 2;
const GB = 1e9;
const TFLOPS = 1e12;

/** A compositor and a browser on one 1440p screen. A card without a screen gets it back with `reserve 360 MiB`. */
const DISPLAY = 256 * MiB;
const PCIE3 = 15.75 * GB;
const PCIE4 = 31.5 * GB;
const PCIE5 = 63 * GB;

type Kind = 'desktop' | 'server' | 'unified';

interface Card {
  kind: Kind;
  architecture: Device['architecture'];
  /** GiB on the box. */
  memory: number;
  /** GiB that the driver reports to programs as total. */
  reported: number;
  /** GB/s. */
  bandwidth: number;
  /** TFLOPS, 16-bit matrix units, dense, fp32 accumulation. */
  half: number;
  /** TFLOPS, fp32 vector units. */
  single: number;
  /** Bytes per second, one direction. */
  link: number;
  source: string;
  aliases?: readonly string[];
}

const AMPERE = 'NVIDIA Ampere GA102 whitepaper v2.1, appendix A';
const ADA = 'NVIDIA Ada GPU architecture whitepaper v2.1, appendix A';
const BLACKWELL = 'NVIDIA RTX Blackwell GPU architecture whitepaper, appendix A';
const APPLE = 'Apple specifications; Metal lets the GPU have three quarters of unified memory (recommendedMaxWorkingSetSize)';

const desktop = (
  architecture: Device['architecture'],
  memory: number,
  reported: number,
  bandwidth: number,
  half: number,
  single: number,
  link: number,
  source: string,
  aliases: readonly string[] = [],
): Card => ({ kind: 'desktop', architecture, memory, reported, bandwidth, half, single, link, source, aliases });

const server = (...[architecture, ...rest]: Parameters<typeof desktop>): Card => ({
  ...desktop(architecture, ...rest),
  kind: 'server',
});

const apple = (memory: number, bandwidth: number, half: number): Card => ({
  kind: 'unified',
  architecture: 'apple',
  memory,
  reported: 0.75 * memory,
  bandwidth,
  half,
  single: half,
  link: bandwidth * GB,
  source: APPLE,
});

// name: architecture, GiB on the box, GiB reported, GB/s, 16-bit TFLOPS, fp32 TFLOPS, link, source, other names
const CARDS: { [name: string]: Card } = {
  'RTX 2080 Ti': desktop('turing', 11, 10.75, 616, 53.8, 13.4, PCIE3, 'NVIDIA Turing GPU architecture whitepaper, table 1'),
  'Titan RTX': desktop('turing', 24, 23.65, 672, 130.5, 16.3, PCIE3, 'NVIDIA Titan RTX data sheet'),
  'RTX 3060 12GB': desktop('ampere', 12, 11.76, 360, 25.5, 12.7, PCIE4, AMPERE, ['RTX 3060']),
  'RTX 3070': desktop('ampere', 8, 7.78, 448, 40.6, 20.3, PCIE4, AMPERE),
  'RTX 3080 10GB': desktop('ampere', 10, 9.77, 760, 59.5, 29.8, PCIE4, AMPERE, ['RTX 3080']),
  'RTX 3080 Ti': desktop('ampere', 12, 11.76, 912, 68.2, 34.1, PCIE4, AMPERE),
  'RTX 3090': desktop('ampere', 24, 23.69, 936, 71.2, 35.6, PCIE4, AMPERE),
  'RTX 3090 Ti': desktop('ampere', 24, 23.69, 1008, 80, 40, PCIE4, AMPERE),
  'RTX 4060': desktop('ada', 8, 7.63, 272, 30.2, 15.1, PCIE4 / 2, ADA),
  'RTX 4060 Ti 16GB': desktop('ada', 16, 15.6, 288, 44.1, 22.1, PCIE4 / 2, ADA),
  'RTX 4070': desktop('ada', 12, 11.62, 504, 58.3, 29.1, PCIE4, ADA),
  'RTX 4070 Ti': desktop('ada', 12, 11.62, 504, 80.2, 40.1, PCIE4, ADA),
  'RTX 4070 Ti Super': desktop('ada', 16, 15.6, 672, 88.2, 44.1, PCIE4, ADA),
  'RTX 4080': desktop('ada', 16, 15.6, 716.8, 97.5, 48.7, PCIE4, ADA),
  'RTX 4080 Super': desktop('ada', 16, 15.6, 736.3, 104.4, 52.2, PCIE4, ADA),
  'RTX 4090': desktop('ada', 24, 23.64, 1008, 165.2, 82.6, PCIE4, ADA),
  'RTX 5070 Ti': desktop('blackwell', 16, 15.47, 896, 87.9, 43.9, PCIE5, BLACKWELL),
  'RTX 5080': desktop('blackwell', 16, 15.47, 960, 112.6, 56.3, PCIE5, BLACKWELL),
  'RTX 5090': desktop('blackwell', 32, 31.37, 1792, 209.5, 104.8, PCIE5, BLACKWELL),
  'RTX PRO 6000': desktop('blackwell', 96, 94.97, 1792, 503.8, 126, PCIE5, 'NVIDIA RTX PRO 6000 Blackwell data sheet', [
    'RTX PRO 6000 Blackwell',
  ]),
  'RTX A5000': desktop('ampere', 24, 23.68, 768, 111.1, 27.8, PCIE4, 'NVIDIA RTX A5000 data sheet', ['A5000']),
  A6000: desktop('ampere', 48, 47.54, 768, 154.8, 38.7, PCIE4, 'NVIDIA RTX A6000 data sheet', ['RTX A6000']),
  'RTX 6000 Ada': desktop('ada', 48, 47.5, 960, 364.2, 91.1, PCIE4, 'NVIDIA RTX 6000 Ada data sheet', ['6000 Ada', 'A6000 Ada']),

  'P100 16GB': server('other', 16, 15.9, 732, 18.7, 9.3, PCIE3, 'NVIDIA Tesla P100 data sheet (no matrix units)', ['P100']),
  'V100 16GB': server('volta', 16, 15.77, 900, 125, 15.7, 150 * GB, 'NVIDIA V100 data sheet, SXM2', ['V100']),
  'V100 32GB': server('volta', 32, 31.74, 900, 125, 15.7, 150 * GB, 'NVIDIA V100 data sheet, SXM2'),
  T4: server('turing', 16, 14.75, 320, 65, 8.1, PCIE3, 'NVIDIA T4 data sheet; 14.75 GiB are left with ECC', ['Tesla T4']),
  A10: server('ampere', 24, 22.07, 600, 125, 31.2, PCIE4, 'NVIDIA A10 data sheet; 22.07 GiB are left with ECC'),
  A10G: server('ampere', 24, 22.06, 600, 70, 35, PCIE4, 'NVIDIA A10G data sheet; 22.06 GiB are left with ECC'),
  A40: server('ampere', 48, 44.35, 696, 149.7, 37.4, PCIE4, 'NVIDIA A40 data sheet; 44.35 GiB are left with ECC'),
  'A100 40GB': server('ampere', 40, 39.39, 1555, 312, 19.5, 300 * GB, 'NVIDIA A100 data sheet, SXM4', [
    'A100 40',
    'A100 SXM 40GB',
  ]),
  'A100 80GB': server('ampere', 80, 79.15, 2039, 312, 19.5, 300 * GB, 'NVIDIA A100 data sheet, SXM4', [
    'A100',
    'A100 80',
    'A100 SXM 80GB',
  ]),
  'A100 PCIe 80GB': server('ampere', 80, 79.15, 1935, 312, 19.5, PCIE4, 'NVIDIA A100 data sheet, PCIe', ['A100 PCIe']),
  A800: server('ampere', 80, 79.15, 2039, 312, 19.5, 200 * GB, 'NVIDIA A800 data sheet, SXM4', ['A800 80GB']),
  L4: server('ada', 24, 22.03, 300, 121, 30.3, PCIE4, 'NVIDIA L4 data sheet; 22.03 GiB are left with ECC'),
  L40: server('ada', 48, 44.39, 864, 181, 90.5, PCIE4, 'NVIDIA L40 data sheet; 44.39 GiB are left with ECC'),
  L40S: server('ada', 48, 44.39, 864, 362, 91.6, PCIE4, 'NVIDIA L40S data sheet; 44.39 GiB are left with ECC'),
  'H100 PCIe': server('hopper', 80, 79.1, 2039, 756, 51, PCIE5, 'NVIDIA H100 data sheet, PCIe', ['H100 PCIe 80GB']),
  'H100 SXM': server('hopper', 80, 79.1, 3350, 989.4, 67, 450 * GB, 'NVIDIA H100 data sheet, SXM5', [
    'H100',
    'H100 80GB',
    'H100 SXM5',
  ]),
  'H100 NVL': server('hopper', 94, 93.1, 3900, 835, 60, 300 * GB, 'NVIDIA H100 NVL data sheet, one of the pair'),
  H800: server('hopper', 80, 79.1, 3350, 989.4, 67, 200 * GB, 'NVIDIA H800 data sheet, SXM5', ['H800 80GB']),
  H20: server('hopper', 96, 95.0, 4000, 148, 44, 450 * GB, 'NVIDIA H20 data sheet', ['H20 96GB']),
  H200: server('hopper', 141, 139.8, 4800, 989.4, 67, 450 * GB, 'NVIDIA H200 data sheet, SXM', ['H200 SXM', 'H200 141GB']),
  GH200: server('hopper', 96, 94.5, 4000, 989.4, 67, 450 * GB, 'NVIDIA GH200 data sheet, 96 GB of HBM3', ['GH200 96GB']),
  B200: server(
    'blackwell',
    180,
    178.35,
    7672,
    2250,
    75,
    900 * GB,
    'NVIDIA HGX B200 data sheet; pytorch/ao #4002 for bus width and clock',
    ['B200 180GB'],
  ),
  MI210: server('cdna', 64, 63.98, 1638, 181, 22.6, 150 * GB, 'AMD Instinct MI210 data sheet', ['MI210 64GB']),
  MI250X: server(
    'cdna',
    64,
    63.98,
    1638,
    191.5,
    23.9,
    200 * GB,
    'AMD Instinct MI250X data sheet, one of its two dies: a process sees one',
    ['MI250X GCD'],
  ),
  MI300X: server('cdna', 192, 191.98, 5300, 1307.4, 163.4, 448 * GB, 'AMD Instinct MI300X data sheet', ['MI300X 192GB']),
  MI325X: server('cdna', 256, 255.98, 6000, 1307.4, 163.4, 448 * GB, 'AMD Instinct MI325X data sheet', ['MI325X 256GB']),
  'RX 7900 XTX': desktop('rdna', 24, 23.98, 960, 122.8, 61.4, PCIE4, 'AMD Radeon RX 7900 XTX specifications', ['7900 XTX']),
  'Arc A770': desktop('intel', 16, 15.56, 560, 137.6, 17.2, PCIE4, 'Intel Arc A770 16 GB specifications', ['Arc A770 16GB']),
  'Arc B580': desktop('intel', 12, 11.33, 456, 116.7, 14.6, PCIE4 / 2, 'Intel Arc B580 specifications'),

  'M1 Max 64GB': apple(64, 400, 10.4),
  'M2 Ultra 192GB': apple(192, 800, 27.2),
  'M3 Max 128GB': apple(128, 400, 16.3),
  'M4 Max 128GB': apple(128, 546, 18.4),
};

/** Main memory that usually goes with one card: a workstation, or a server's share for each of eight cards. */
const HOST: Record<Kind, number> = { desktop: 64 * GiB, server: 256 * GiB, unified: 0 };

function toDevice(name: string, card: Card): Device {
  const memory = card.memory * GiB;
  const kept = Math.round((card.memory - card.reported) * 1024) * MiB;
  return {
    name,
    preset: name,
    source: card.source,
    memory,
    reserve: kept + (card.kind === 'desktop' ? DISPLAY : 0),
    bandwidth: card.bandwidth * GB,
    flops: card.half * TFLOPS,
    flops32: card.single * TFLOPS,
    interconnect: card.link,
    hostMemory: card.kind === 'unified' ? memory : HOST[card.kind],
    architecture: card.architecture,
  };
}

/** Letter case, spaces, hyphens and the maker's name do not tell cards apart; nor does `24 GB` from `24GB`. */
const key = (name: string): string =>
  name.toLowerCase().replace(/nvidia|geforce|rtx|tesla|amd|radeon|instinct|intel|apple|[\s_-]/g, '');

const byKey = new Map<string, string>();
for (const [name, card] of Object.entries(CARDS)) {
  for (const known of [name, ...(card.aliases ?? [])]) byKey.set(key(known), name);
}

/** Names of all cards, as completion offers them. */
export const deviceNames: readonly string[] = Object.keys(CARDS);

/** The card of that name, letter case, spaces and maker aside (`4090`, `rtx4090`, `NVIDIA GeForce RTX 4090 24GB`); undefined when unknown. */
export function findDevice(name: string): Device | undefined {
  const sized = /^(.+)[\s_-](\d{1,4})\s?gi?b$/i.exec(name);
  const exact = byKey.get(key(name));
  const found = exact ?? byKey.get(key(sized?.[1] ?? ''));
  const card = found === undefined ? undefined : CARDS[found];
  if (found === undefined || card === undefined || (exact === undefined && Number(sized?.[2]) !== card.memory)) return undefined;
  return toDevice(found, card);
}
