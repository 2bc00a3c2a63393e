/** Follows a runner's events to their end: as JSON lines, or painted as sections. */
import type { RunEvent } from '../protocol';
import type { Io } from './io';
import { paintKernels } from './paint/kernels';
import {
  paintAdapter,
  paintChecks,
  paintLoss,
  paintMemory,
  paintProgress,
  paintProved,
  paintProxy,
  paintSummary,
  paintTiming,
} from './paint/run';
import { paintSavings } from './paint/savings';
import { columns, paint, printable, render } from './paint/style';

type Of<Type extends RunEvent['type']> = Extract<RunEvent, { type: Type }>;

const CLEAR_LINE = '\r\u001b[2K';

/** 0 where something was proved and nothing failed; 1 otherwise; 130 where it was interrupted. */
export async function follow(events: AsyncIterable<RunEvent>, io: Io, json: boolean): Promise<0 | 1 | 130> {
  const seen: RunEvent[] = [];
  const progress = json ? () => undefined : progressLine(io);
  for await (const event of events) {
    progress(event);
    if (event.type !== 'progress') seen.push(event);
    if (json) io.out(`${JSON.stringify(event)}\n`);
    else if (event.type === 'adapter') io.out(render(io.style, paintAdapter(io.style, event)));
    else if (event.type === 'plan') io.out(render(io.style, [...paintProxy(io.style, event), '']));
  }
  progress(undefined);
  const of = <Type extends RunEvent['type']>(type: Type) => seen.filter((event): event is Of<Type> => event.type === type);
  const errors = of('error');
  const summary = of('summary').at(-1) ?? interrupted(of('check'), of('memory'));
  if (json) {
    if (of('summary').length === 0) io.out(`${JSON.stringify(summary)}\n`);
  } else {
    const { style } = io;
    const software = of('adapter').some((event) => event.software);
    const sections = [
      paintChecks(style, of('check')),
      paintMemory(style, of('memory')),
      paintSavings(style, of('saving')),
      paintTiming(style, of('timing'), software),
      paintKernels(style, of('kernels')),
      paintLoss(style, of('loss')),
      paintProved(style, of('check'), of('adapter').at(-1)),
    ].filter((lines) => lines.length > 0);
    io.out(render(style, [...sections.flatMap((lines) => [...lines, '']), ...paintSummary(style, summary)]));
  }
  for (const { code, message } of errors) {
    io.err(`${paint(io.errorStyle, 'red', 'memplan:')} ${printable(message)} (${code})\n`);
  }
  if (io.signal.aborted) return 130;
  return errors.length === 0 && summary.failed === 0 && summary.passed > 0 ? 0 : 1;
}

/** What a run came to that ended without saying so: whatever it proved, and one failure. */
function interrupted(checks: readonly Of<'check'>[], memory: readonly Of<'memory'>[]): Of<'summary'> {
  const verdicts = [...checks.map(({ passed }) => passed), ...memory.map(({ predicted, measured }) => predicted === measured)];
  const passed = verdicts.filter(Boolean).length;
  return { type: 'summary', passed, failed: Math.max(1, verdicts.length - passed) };
}

/** One line written over itself on a terminal; elsewhere each stage is named once. */
function progressLine(io: Io): (event: RunEvent | undefined) => void {
  let stage: string | undefined;
  let shown = false;
  return (event) => {
    if (io.interactive && shown) io.err(CLEAR_LINE);
    shown = false;
    if (event?.type !== 'progress') return;
    if (io.interactive) {
      const line = paintProgress(io.errorStyle, event);
      if (columns(line) < io.errorStyle.width) io.err(render(io.errorStyle, [line]).trimEnd());
      shown = true;
    } else if (event.stage !== stage) io.err(`  ${printable(event.stage)}\n`);
    stage = event.stage;
  };
}
