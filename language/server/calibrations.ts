/** What runs on this machine measured: told by the extension, put to the devices of plans that are the card that was measured. */
import { type Calibration, calibrated, calibrationOf, readCalibration } from '../../src/plan/calibration';
import type { Device } from '../../src/plan/types';
import type { MeasuredParams } from '../../src/protocol';

export class Calibrations {
  readonly #known = new Map<string, Calibration>();

  /** Takes a run's times in; false where they change no estimate. Messages come from another process, and are read as such. */
  put(params: MeasuredParams): boolean {
    const calibration = calibrationIn(params);
    // Estimates are of GPUs: a software driver's times are for those who ask for them.
    if (!calibration || calibration.software) return false;
    this.#known.set(calibration.adapter, calibration);
    return true;
  }

  /** The device, with what was measured where it is the card. */
  readonly measured = (device: Device): Device =>
    [...this.#known.values()].reduce((one, calibration) => calibrated(one, calibration, false), device);
}

function calibrationIn(params: MeasuredParams): Calibration | null {
  try {
    return readCalibration(calibrationOf(params.adapter, params.kernels));
  } catch {
    return null;
  }
}
