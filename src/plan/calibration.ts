/**
 * Which shares of its peaks a card has been measured to reach: made from a run's times, kept in a file or by the editor, and put to
 * the device of a plan, whose times then follow it.
 */
import { findDevice } from './presets/devices';
import { type Device, type Measured, OP_CLASSES, type OpClass } from './types';

export interface Calibration {
  /** Name of the adapter that was measured, and whether it is a software driver. */
  adapter: string;
  software: boolean;
  /** The card that the shares are of, FLOP per second in fp32 and bytes per second. */
  peaks: { device: string; flops: number; bandwidth: number };
  /** By class of operations, seconds at the peaks over seconds measured; a class that did not run is absent. */
  efficiency: Measured['efficiency'];
}

/** Times of the ops of a class, as a run tells them. */
interface Timed {
  peaks: Calibration['peaks'];
  kernels: readonly { class: OpClass; seconds: number; atPeaks: number }[];
}

/** All configurations of a run together; null where nothing was timed. */
export function calibrationOf(
  { name, software }: { name: string; software: boolean },
  runs: readonly Timed[],
): Calibration | null {
  const efficiency: Measured['efficiency'] = {};
  for (const kind of OP_CLASSES) {
    const own = runs.flatMap(({ kernels }) => kernels.filter((kernel) => kernel.class === kind));
    const share = sum(own, 'atPeaks') / sum(own, 'seconds');
    if (share > 0 && Number.isFinite(share)) efficiency[kind] = share;
  }
  const peaks = runs[0]?.peaks;
  return peaks && Object.keys(efficiency).length > 0 ? { adapter: name, software, peaks, efficiency } : null;
}

const sum = (list: readonly { seconds: number; atPeaks: number }[], key: 'seconds' | 'atPeaks'): number =>
  list.reduce((total, one) => total + one[key], 0);

const record = (value: unknown): { [key: string]: unknown } => (typeof value === 'object' && value !== null ? { ...value } : {});
const positive = (value: unknown): value is number => typeof value === 'number' && value > 0 && Number.isFinite(value);

/** What a calibration was written as; null where it is none. */
export function readCalibration(value: unknown): Calibration | null {
  const { adapter, software, peaks, efficiency } = record(value);
  const { device, flops, bandwidth } = record(peaks);
  const shares = Object.entries(record(efficiency)).filter(([kind]) => (OP_CLASSES as readonly string[]).includes(kind));
  if (typeof adapter !== 'string' || typeof software !== 'boolean' || typeof device !== 'string') return null;
  if (!positive(flops) || !positive(bandwidth) || shares.length === 0 || !shares.every(([, share]) => positive(share)))
    return null;
  return { adapter, software, peaks: { device, flops, bandwidth }, efficiency: Object.fromEntries(shares) };
}

/**
 * The device with what was measured. Asked for, it holds whatever the device and the engine. Otherwise only where the device is the
 * card that was measured, which a software driver never is, and only for steps of the runner's own engine, whose kernels were timed.
 */
export function calibrated(device: Device, calibration: Calibration, asked: boolean): Device {
  const { adapter, software, efficiency } = calibration;
  const card = software ? undefined : findDevice(adapter);
  const same = card !== undefined && card.flops32 === device.flops32 && card.bandwidth === device.bandwidth;
  return asked || same ? { ...device, measured: { adapter, software, efficiency, anyEngine: asked } } : device;
}
