import { trainerNames } from '../interchange/convert';
import type { CommandName } from './arguments';

const GENERAL = `memplan: what a training step costs in memory, why, and whether it does what it claims

  memplan check    FILE…              mistakes, one a line
  memplan estimate FILE               peak memory and waterfall of every plan
  memplan fit      FILE               the changes that make a plan fit, and what each costs
  memplan run      FILE               run the proxy on the GPU and verify its techniques
  memplan verify   galore FILE        replay recorded optimizer trajectories on the GPU
  memplan format   FILE…              the file in its usual layout
  memplan export   FILE --to TRAINER  a plan as a trainer's configuration
  memplan import   CONFIG             a trainer's configuration as a plan
  memplan lsp      --stdio            the language server, for any editor

  memplan COMMAND --help              what a command takes
  memplan --version

Exit status: 0 holds; 1 a plan does not fit, a require fails or a verification fails;
2 the file has errors or the arguments are off.
`;

const TOPICS: Record<CommandName, string> = {
  check: `memplan check FILE… [--json]

Prints every diagnostic as FILE:LINE:COLUMN: SEVERITY CODE: MESSAGE.

  --json        one object, as \`estimate --json\` prints for each file
`,
  estimate: `memplan estimate FILE [--plan NAME] [--json] [--timeline] [--explain] [--calibration FILE]

  --plan NAME   this plan only
  --json        one object, sizes in bytes, times in seconds
  --timeline    live bytes by category through the step
  --explain     the ledger: every tensor alive at the peak, what made it, and what the figures hold for
  --calibration FILE
                times at the shares of the card's peaks that \`memplan run --calibration FILE\` measured
`,
  fit: `memplan fit FILE [--plan NAME] [--json] [--calibration FILE]

Lists, for each plan, the ways to make it fit that no other beats in both peak and time: exact ones first.
Each is a list of edits with what it saves and what it costs. What is trained, and in which precision, stays as it is.

  --plan NAME   this plan only
  --json        one object, sizes in bytes, times in seconds
  --calibration FILE
                times as \`memplan run --calibration FILE\` measured them
`,
  run: `memplan run FILE [--plan NAME] [--json] [--adapter gpu|software] [--timeout S] [--calibration FILE]

Trains the proxy of a \`run\` block on this machine's GPU and checks what its plan's techniques claim:
the same gradients, a bounded error, the predicted bytes.

  --plan NAME   the plan to run, where the file has several \`run\` blocks
  --json        one JSON object a line, the last a summary
  --adapter A   gpu: fail where there is none; software: the software driver even if there is one
  --timeout S   seconds until the run is given up (600)
  --calibration FILE
                writes which shares of the card's peaks its kernels reached: the runner's, in fp32, at the size of the proxy
`,
  verify: `memplan verify galore FILE [--json] [--adapter gpu|software] [--timeout S]

Replays the trajectories of FILE (weights, gradients, expected weights) with the GPU's GaLore and compares.
`,
  export: `memplan export FILE [--plan NAME] --to ${trainerNames.join('|')}

Prints the plan as a trainer's configuration. What the trainer has no setting for is said on standard error.
`,
  import: `memplan import CONFIG [--from TRAINER]

Prints a trainer's configuration as a .memplan file; the trainer is recognized by its settings.
`,
  format: `memplan format FILE… [--write]

Prints the formatted file, or with --write puts it in the file's place and names what changed.
`,
  lsp: `memplan lsp --stdio

Speaks the Language Server Protocol on standard input and output.
`,
};

export const help = (topic?: CommandName): string => (topic === undefined ? GENERAL : TOPICS[topic]);
