/** QZO (Shang et al., arXiv:2505.13430): more than 18 times less than full fine-tuning for 4-bit models; Llama-2-13B in 24 GB. */
import { describe, expect, it } from 'vitest';
import { findModel } from '../../src/plan/presets/models';
import type { Model } from '../../src/plan/types';
import { highest, llama7B, peak, persistent, plan, short, small, temporaries, use } from './bytes';

const qzo = { weights: 'int4', train: 'frozen', optimizer: 'qzo' };

describe('qzo', () => {
  it('fits Llama-2-13B in 24 GB', () => {
    const model = findModel('meta-llama/Llama-2-13b') as Model;
    expect(peak(plan(qzo, { model, batch: 1, sequence: 2048 })) / 1e9).toBeLessThan(24);
  });

  it('takes more than 18 times less than 16-bit fine-tuning with float32 moments and a master copy', () => {
    const full = short(llama7B, { optimizer: use('adamw', { master: true, fused: true }) });
    expect(highest(full, 'optimizer') / peak(short(llama7B, qzo))).toBeGreaterThan(18);
    expect(persistent(short(llama7B, qzo)).optimizer).toBe(0);
  });

  it('copies only scales', () => {
    const largest = (2 * 1408 * 512) / 128;
    expect(temporaries(short(small, qzo), /^qzo\.perturb/)).toBe(3 * 2 * largest);
  });

  it('fused, costs what inference on the quantized model costs', () => {
    const inference = plan({ weights: 'int4', train: 'frozen', optimizer: 'none' });
    expect(peak(plan({ ...qzo, optimizer: use('qzo', { fused: true }) }))).toBe(peak(inference));
  });
});
