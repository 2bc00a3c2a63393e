/** `device` declarations → cards: a preset, with properties overridden, or a block of its own. */
import { deviceNames, findDevice } from '../../src/plan/presets/devices';
import type { Device } from '../../src/plan/types';
import type { DeviceDeclaration } from '../generated/ast';
import type { Context } from './context';
import { measureOf } from './conversions';
import { spanOfProperty } from './names';
import { entriesOf, settingsOnly } from './settings';
import { spanOf } from './span';
import { type Dimension, RATE, SIZE, SPEED } from './units';

type Field = 'memory' | 'reserve' | 'bandwidth' | 'flops' | 'interconnect' | 'hostMemory';

const PiB = 1024 ** 5;
const RANGE: { [field in Field]: { min: number; max: number; spelt: string } } = {
  memory: { min: 1024 ** 2, max: PiB, spelt: 'from 1 MiB to 1024 TiB' },
  reserve: { min: 0, max: PiB, spelt: 'from 0 MiB to 1024 TiB' },
  bandwidth: { min: 1e6, max: 1e18, spelt: 'of at least 1 MB/s' },
  flops: { min: 1e9, max: 1e21, spelt: 'of at least 1 GFLOPS' },
  interconnect: { min: 1e6, max: 1e18, spelt: 'of at least 1 MB/s' },
  hostMemory: { min: 0, max: PiB, spelt: 'from 0 MiB to 1024 TiB' },
};

export const DEVICE_KEYS: { readonly [key: string]: { field: Field; dimension: Dimension; doc: string } } = {
  memory: { field: 'memory', dimension: SIZE, doc: 'Memory of the card.' },
  reserve: {
    field: 'reserve',
    dimension: SIZE,
    doc: 'Memory that a plan cannot have: the display, other processes, the driver.',
  },
  bandwidth: { field: 'bandwidth', dimension: RATE, doc: 'Memory bandwidth.' },
  flops: { field: 'flops', dimension: SPEED, doc: 'Dense 16-bit matrix speed.' },
  interconnect: { field: 'interconnect', dimension: RATE, doc: 'Speed to other cards and the host, one direction.' },
  'host-memory': { field: 'hostMemory', dimension: SIZE, doc: 'Memory of the host, for offloading.' },
};
export const deviceKeys = Object.keys(DEVICE_KEYS);

/** Speeds of a card whose block states none: a middling data-center card; times say so with `assumed-speed`. */
const ASSUMED = { bandwidth: 1e12, flops: 100e12 };

export function deviceOf(context: Context, node: DeviceDeclaration, uri: string): Device | undefined {
  return context.once(
    node,
    () => build(context, node, uri),
    () => undefined,
  );
}

function build(context: Context, node: DeviceDeclaration, uri: string): Device | undefined {
  settingsOnly(context, uri, node.body, 'device');
  const { entries, whole } = entriesOf(context, uri, node.body, 'device', deviceKeys);
  const given: { [field in Field]?: number } = {};
  let sound = whole;
  for (const { key, value } of entries.values()) {
    const spec = DEVICE_KEYS[key];
    if (!spec) continue;
    const found = measureOf(context, { node: value, uri }, `\`${key}\``, spec.dimension, RANGE[spec.field]);
    if (found === undefined) sound = false;
    else given[spec.field] = found;
  }
  const span = spanOfProperty(node, 'name');
  const base = preset(context, node, uri);
  if (node.source !== undefined && !base) return undefined;
  // A name that is missing is the first thing to mend, and is reported as such.
  if (node.name === undefined) return undefined;
  if (!base && given.memory === undefined && !entries.has('memory')) {
    const message = node.body
      ? `Device \`${node.name}\` lacks \`memory\``
      : `Device \`${node.name}\` wants \`from "…"\`, or a block with its \`memory\``;
    return context.error(uri, 'missing-dimension', message, span);
  }
  if (!sound) return undefined;
  const device: Device = { ...(base ?? plain(given.memory ?? 0, given.flops)), ...given, name: node.name };
  if (device.reserve >= device.memory) {
    const reserve = entries.get('reserve');
    return context.error(
      uri,
      'bad-shape',
      `Device \`${node.name}\` reserves all its memory`,
      reserve ? spanOf(reserve.value) : span,
    );
  }
  const unknown = base ? [] : (['bandwidth', 'flops'] as const).filter((key) => !entries.has(key));
  if (unknown.length > 0) {
    const list = unknown.map((key) => `\`${key}\` (${key === 'flops' ? '100 TFLOPS' : '1000 GB/s'})`).join(' and ');
    context.report(uri, {
      severity: 'information',
      code: 'assumed-speed',
      message: `Times assume ${list}: the block does not state it`,
      span,
    });
  }
  return device;
}

function preset(context: Context, node: DeviceDeclaration, uri: string): Device | undefined {
  if (node.source === undefined) return undefined;
  const device = findDevice(node.source);
  if (device) return device;
  return context.unknown(
    uri,
    'unknown-device',
    `No device preset is named \`${node.source}\``,
    node.source,
    spanOfProperty(node, 'source'),
    deviceNames,
  );
}

const plain = (memory: number, flops = ASSUMED.flops): Device => ({
  name: '',
  source: 'block',
  memory,
  reserve: 0,
  ...ASSUMED,
  flops,
  flops32: flops / 4,
  interconnect: 31.5e9,
  hostMemory: 64 * 1024 ** 3,
  architecture: 'other',
});
