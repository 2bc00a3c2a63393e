/** Single kernels of the runner beside those of the engines that a user would pick instead: same driver, one process, in turns. */
import { findDevice } from '../../src/plan/presets/devices';
import { flag, onEachDriver } from './parts/drivers';
import { type OwnKernel, ownAttention, ownMatmul, ownRmsnorm, ownSoftmax } from './parts/own';
import { loadPeers, type Peer, type PeerKernel } from './parts/peers';
import { fastest, heading, judged, row } from './parts/table';

interface Case {
  name: string;
  flops: number;
  /** Bytes that must move at least; told where no operations are. */
  bytes: number;
  own: () => Promise<OwnKernel>;
  peer: (peer: Peer) => PeerKernel;
  /** Speed relative to the faster peer. */
  least: number;
}

/** Rounds of turns: fewer where a round takes long, since then it hides no noise of the clock. */
const ROUNDS = { least: 2, most: 5, milliseconds: 3000 };
/** Calls of a turn: about so many milliseconds. */
const TURN = 60;
/** An engine so many times slower than the fastest peer is out of the running: its first call is its time. */
const BEHIND = 3;

await onEachDriver(async (opened, driver) => {
  const peers = await loadPeers();
  const card = opened.software ? undefined : findDevice(opened.name);
  const matmulLeast = driver === 'swiftshader' ? 1.5 : driver === 'lavapipe' ? 2 : 1;
  const [heads, sequence, width] = [4, 512, 64];
  const cases: Case[] = [
    ...[256, 512, 1024].flatMap((n) =>
      (['nn', 'nt', 'tn'] as const).map((form) => ({
        name: `matmul ${form} ${n}`,
        flops: 2 * n ** 3,
        bytes: 12 * n * n,
        own: () => ownMatmul(opened, form, n),
        peer: (peer: Peer) => peer.matmul(form, n),
        least: matmulLeast,
      })),
    ),
    {
      name: 'softmax 1024 × 1024 (ours: with loss and gradient)',
      flops: 0,
      bytes: 2 * 4 * 1024 ** 2,
      own: () => ownSoftmax(opened, 1024, 1024),
      peer: (peer) => peer.softmax(1024, 1024),
      least: 1,
    },
    {
      name: 'rmsnorm 1024 × 1024',
      flops: 0,
      bytes: 2 * 4 * 1024 ** 2,
      own: () => ownRmsnorm(opened, 1024, 1024),
      peer: (peer) => peer.rmsnorm(1024, 1024),
      least: 1,
    },
    ...[false, true].map((backward) => ({
      name: `attention ${backward ? 'backward ' : ''}${heads} × ${sequence} × ${width}`,
      flops: (backward ? 5 : 2) * 2 * heads * sequence ** 2 * width * 0.5,
      bytes: 0,
      own: () => ownAttention(opened, heads, sequence, width, backward),
      peer: (peer: Peer) => (backward ? peer.attentionBackward(heads, sequence, width) : peer.attention(heads, sequence, width)),
      least: 1,
    })),
  ];
  heading('milliseconds a call, the fastest of turns; the ratio is of speeds, ours to the faster peer');
  row('', ['ours', ...peers.map(({ name }) => name)].map((name) => name.padStart(9)).join(''), 'target');
  const only = flag('only')?.split(',');
  for (const one of cases.filter(({ name }) => !only || only.some((part) => name.includes(part)))) {
    const own = await one.own();
    const step = { index: 0, seed: 1, learningRate: 0, valid: 1 };
    const runners = [
      // Calls of a turn are all submitted, then waited for: a card's time is its own, and not the way to it and back.
      async (calls: number) => {
        await Promise.all(Array.from({ length: calls }, () => own.program.step(step)));
      },
      ...peers.map((peer) => {
        const kernel = one.peer(peer);
        return async (calls: number) => {
          for (let call = 0; call < calls; call++) kernel.run();
          await kernel.wait();
        };
      }),
    ];
    const times: number[][] = [];
    for (const runner of runners) {
      await runner(1);
      const start = performance.now();
      await runner(1);
      times.push([performance.now() - start]);
    }
    const first = times.map(fastest);
    const compared = Math.min(...(first.length > 1 ? first.slice(1) : first));
    const begun = performance.now();
    for (let round = 0; round < ROUNDS.most; round++) {
      if (round >= ROUNDS.least && performance.now() - begun > ROUNDS.milliseconds) break;
      for (const [index, runner] of runners.entries()) {
        const one = first[index] as number;
        if (index > 0 && one > BEHIND * compared) continue;
        const calls = Math.max(1, Math.min(20, Math.round(TURN / one)));
        const start = performance.now();
        await runner(calls);
        (times[index] as number[]).push((performance.now() - start) / calls);
      }
    }
    own.program.destroy();
    const best = times.map(fastest);
    const [ours, ...theirs] = best as [number, ...number[]];
    const figures = best.map((time) => time.toFixed(2).padStart(9)).join('');
    const speed = one.flops ? one.flops / ours / 1e6 : one.bytes / ours / 1e6;
    // A card that is known by its adapter's name has peaks of its own: fp32 arithmetic, and bandwidth.
    const peak = card && (one.flops ? card.flops32 : card.bandwidth) / 1e9;
    const part = peak ? `, ${((100 * speed) / peak).toFixed(1)} % of the card’s` : '';
    const rate = `${speed.toFixed(1)} ${one.flops ? 'GFLOP/s' : 'GB/s'}${part}`;
    if (theirs.length === 0) row(one.name, figures, rate);
    else judged(one.name, Math.min(...theirs) / ours, ' ×', { least: one.least }, 2, figures);
    if (theirs.length > 0) row('', rate);
  }
});
