/** What ends a run before its checks: said in one sentence, with a code that tools can read. */
export class RunnerError extends Error {
  constructor(
    readonly code: string,
    message: string,
  ) {
    super(message);
  }
}
