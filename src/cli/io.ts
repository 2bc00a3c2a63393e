/** Standard output and error as commands see them, so that tests can stand in and a closed pipe ends nothing halfway. */
import { type Style, styleOf } from './paint/style';

export interface Io {
  out(text: string): void;
  err(text: string): void;
  style: Style;
  errorStyle: Style;
  /** Standard error is a terminal: progress may be written over itself. */
  interactive: boolean;
  /** Aborted when nobody reads the output any more, or on an interrupt. */
  signal: AbortSignal;
}

interface Stream {
  write(text: string): unknown;
  on(event: 'error', listener: (error: NodeJS.ErrnoException) => void): unknown;
  isTTY?: boolean;
  columns?: number;
}

/** `| head` closes the pipe: what is still written is dropped, and work that only feeds it is called off. */
function writer(stream: Stream, closed: () => void): (text: string) => void {
  let open = true;
  stream.on('error', (error) => {
    if (error.code !== 'EPIPE' && error.code !== 'ERR_STREAM_DESTROYED') throw error;
    open = false;
    closed();
  });
  return (text) => {
    if (open) stream.write(text);
  };
}

export function processIo(): Io {
  const controller = new AbortController();
  const stop = () => controller.abort();
  process.once('SIGINT', stop);
  process.once('SIGTERM', stop);
  const { stdout, stderr, env } = process;
  const style = (stream: Stream) => styleOf({ isTTY: stream.isTTY === true, columns: stream.columns, env });
  return {
    out: writer(stdout, stop),
    err: writer(stderr, () => undefined),
    style: style(stdout),
    errorStyle: style(stderr),
    interactive: stderr.isTTY === true,
    signal: controller.signal,
  };
}
