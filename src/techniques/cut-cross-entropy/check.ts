import { binders } from '../../runner/binders';
import { type CheckContext, type TechniqueCheck, within } from '../../runner/checks/context';
import { movesWithin } from '../../runner/checks/effect';
import { equalsStandard } from '../../runner/checks/gradients';
import { prepare } from '../../runner/program';
import { normals } from '../../runner/random';
import { Trace } from '../../tape/trace';
import { emit, make, plainRows } from '../../tape/webgpu/ops';
import { FILTER_LEAST, FILTER_SIDE } from './webgpu';

/** Without the filter the gradients are the standard ones; with it they differ by what is left out. */
export const check: TechniqueCheck = async (context) => {
  if (context.use.args.filter !== true) return equalsStandard(context);
  await equalsStandard({ ...context, use: { ...context.use, args: { ...context.use.args, filter: false } } });
  await filterLeavesOut(context);
  const { vocab } = context.plan.model;
  await movesWithin(
    context,
    4 * FILTER_LEAST * Math.sqrt(vocab),
    `a row leaves out ${vocab} numbers below 2⁻¹² at most, and is about 1 long while little is learnt; 4 for what the layers make of it`,
  );
};

const [ROWS, COLUMNS, VALID] = [150, 200, 8];

/** The kernel against plain loops, on blocks that are all small, all but one number, or not at all; the last ones are short. */
async function filterLeavesOut(context: CheckContext): Promise<void> {
  const next = normals(context.seed);
  const least = FILTER_LEAST / VALID;
  const values = Float32Array.from({ length: ROWS * COLUMNS }, (_, i) => {
    const [row, column] = [Math.floor(i / COLUMNS), i % COLUMNS];
    const block = Math.floor(row / FILTER_SIDE) * 7 + Math.floor(column / FILTER_SIDE);
    const small = Math.tanh(next()) * 0.99 * least;
    if (block % 3 === 0) return small;
    if (block % 3 === 1) return row % FILTER_SIDE === 20 && column % FILTER_SIDE === 6 ? -least : small;
    return next();
  });
  const expected = values.slice();
  for (let top = 0; top < ROWS; top += FILTER_SIDE)
    for (let left = 0; left < COLUMNS; left += FILTER_SIDE) {
      const inside: number[] = [];
      for (let row = top; row < Math.min(ROWS, top + FILTER_SIDE); row++)
        for (let column = left; column < Math.min(COLUMNS, left + FILTER_SIDE); column++) inside.push(row * COLUMNS + column);
      if (inside.every((at) => Math.abs(values[at] as number) < least)) for (const at of inside) expected[at] = 0;
    }
  const trace = new Trace();
  const tile = make(trace, 'tile', [ROWS, COLUMNS], 'logits');
  trace.op({ op: 'input', label: 'tile', writes: [tile] });
  trace.phase('backward');
  const attrs = { columns: COLUMNS, least: FILTER_LEAST };
  emit(trace, { op: 'tile_filter', label: 'loss', rows: plainRows(ROWS), reads: [tile], writes: [tile], attrs });
  const program = await prepare(context.opened, trace.finish(), binders);
  try {
    program.write(program.find('tile'), values);
    await program.step({ index: 0, seed: 1, learningRate: 0, valid: VALID });
    const got = new Float32Array(await program.read(program.find('tile')));
    const wrong = expected.reduce((count, value, i) => count + (Object.is(value, got[i]) ? 0 : 1), 0);
    context.report(
      within(
        `gradients that the filter keeps or leaves out otherwise than plain loops, of ${values.length}`,
        wrong,
        0,
        `blocks of ${FILTER_SIDE} × ${FILTER_SIDE}, compared before they are divided by the rows that count; nothing is rounded`,
        'gradients',
      ),
    );
  } finally {
    program.destroy();
  }
}
