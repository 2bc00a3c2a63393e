import { describe, expect, it } from 'vitest';
import { deviceNames, findDevice } from '../../src/plan/presets/devices';

const GiB = 1024 ** 3;

describe('device presets', () => {
  it('has the sizes on the box in binary units', () => {
    expect(findDevice('RTX 4090')?.memory).toBe(25769803776);
    expect(findDevice('A100 80GB')?.memory).toBe(80 * GiB);
  });

  it('keeps what the driver keeps: the rest is what programs are told', () => {
    const usable = (name: string) => {
      const device = findDevice(name);
      return device === undefined ? Number.NaN : (device.memory - device.reserve) / GiB;
    };
    expect(usable('H100')).toBeCloseTo(79.1, 2);
    expect(usable('T4')).toBeCloseTo(14.75, 2);
    expect(usable('RTX 4090')).toBeCloseTo(23.64 - 0.25, 2);
    expect(usable('M4 Max 128GB')).toBe(96);
  });

  it('has at least 25 cards', () => expect(deviceNames.length).toBeGreaterThanOrEqual(25));

  it.each(deviceNames)('%s is whole and consistent', (name) => {
    const device = findDevice(name);
    if (device === undefined) throw new Error('not found by its own name');
    expect(device.name).toBe(name);
    expect(device.source).not.toBe('');
    expect(Number.isInteger(device.memory) && Number.isInteger(device.reserve)).toBe(true);
    expect(device.reserve).toBeGreaterThanOrEqual(0);
    // Apple's GPU may have three quarters of unified memory; every card keeps far less.
    expect(device.reserve).toBeLessThanOrEqual((device.architecture === 'apple' ? 0.25 : 0.12) * device.memory);
    // Units: bytes and FLOP per second, not GB/s and TFLOPS.
    expect(device.bandwidth).toBeGreaterThan(1e11);
    expect(device.bandwidth).toBeLessThan(2e13);
    expect(device.flops).toBeGreaterThanOrEqual(device.flops32);
    expect(device.flops32).toBeGreaterThan(5e12);
    expect(device.interconnect).toBeGreaterThan(1e10);
  });

  it.each([
    ['rtx4090', 'RTX 4090'],
    ['NVIDIA GeForce RTX 4090', 'RTX 4090'],
    ['4090', 'RTX 4090'],
    ['RTX 4090 24GB', 'RTX 4090'],
    ['a100-80gb', 'A100 80GB'],
    ['A100 40 GB', 'A100 40GB'],
    ['NVIDIA H100 SXM5', 'H100 SXM'],
    ['Tesla T4', 'T4'],
    ['RTX A6000', 'A6000'],
  ])('%s is %s', (name, expected) => expect(findDevice(name)?.name).toBe(expected));

  it.each(['', 'RTX 9090', 'RTX 4090 48GB', '__proto__', 'GB', '24GB'])('%j is unknown', (name) =>
    expect(findDevice(name)).toBeUndefined(),
  );
});
