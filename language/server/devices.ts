/** `device` declarations → cards: a preset, with properties overridden, or a block of its own. */
import { DEVICE_NUMBERS, type DeviceNumber, type DeviceNumberKey, plainFlops32 } from '../../src/plan/numbers';
import { deviceNames, findDevice } from '../../src/plan/presets/devices';
import type { Device } from '../../src/plan/types';
import type { DeviceDeclaration } from '../generated/ast';
import type { Context } from './context';
import { measureOf } from './conversions';
import { spanOfProperty } from './names';
import { entriesOf, settingsOnly } from './settings';
import { spanOf } from './span';
import { DIMENSION_OF, type Dimension } from './units';

const number = (key: DeviceNumberKey, doc: string): { dimension: Dimension; doc: string } => ({
  dimension: DIMENSION_OF[DEVICE_NUMBERS[key].unit],
  doc,
});

export const DEVICE_KEYS: { readonly [key: string]: { dimension: Dimension; doc: string } } = {
  memory: number('memory', 'Memory of the card.'),
  reserve: number('reserve', 'Memory that a plan cannot have: the display, other processes, the driver.'),
  bandwidth: number('bandwidth', 'Memory bandwidth.'),
  flops: number('flops', 'Dense 16-bit matrix speed.'),
  interconnect: number('interconnect', 'Speed to other cards and the host, one direction.'),
  'host-memory': number('host-memory', 'Memory of the host that each card can have, for offloading.'),
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
  const given: { [field in DeviceNumber]?: number } = {};
  let sound = whole;
  for (const { key, value } of entries.values()) {
    if (!DEVICE_KEYS[key]) continue;
    const found = measureOf(context, { node: value, uri }, `\`${key}\``, DEVICE_NUMBERS[key as DeviceNumberKey]);
    if (found === undefined) sound = false;
    else given[DEVICE_NUMBERS[key as DeviceNumberKey].field] = found;
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
  flops32: plainFlops32(flops),
  interconnect: 31.5e9,
  hostMemory: 64 * 1024 ** 3,
  architecture: 'other',
});
