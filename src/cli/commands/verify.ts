import type { VerifyRequest } from '../../protocol';
import { launch } from '../../runner/launch';
import type { Invocation } from '../arguments';
import { bundles } from '../bundles';
import { readJson } from '../files';
import { follow } from '../follow';
import type { Io } from '../io';

/** Replays recorded trajectories of an optimizer on the GPU and follows the comparison. */
export async function verify(asked: Extract<Invocation, { command: 'verify' }>, io: Io): Promise<0 | 1 | 130> {
  const { file, adapter, timeout, json } = asked;
  const request: VerifyRequest = { type: 'verify-galore', cases: await readJson(file), adapter, timeout };
  return follow(launch(request, { signal: io.signal, dist: bundles }), io, json);
}
